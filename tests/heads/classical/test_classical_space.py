"""Moments by subtraction of blocks against scikit-learn's scaler on the rows themselves."""

import numpy as np
import torch
from made import classes_of, folds_of, rows_of, space_of
from sklearn.preprocessing import StandardScaler

from modaxfer.heads.classical.space import solve_positive

SIZES = (30, 25, 35, 20)


def test_every_split_is_scaled_by_its_own_training_rows():
    rows = rows_of(110)
    space, _ = space_of(rows, classes_of(rows), "multiclass", sizes=SIZES)
    for split, (known, _) in enumerate(folds_of(SIZES)):
        expected = StandardScaler().fit(rows[known]).transform(rows)
        np.testing.assert_allclose(space.coordinates(space.cut.rows, split), expected, atol=2e-4)
        np.testing.assert_allclose(space.gram[split], expected[known].T @ expected[known], rtol=1e-3, atol=1e-2)


def test_held_out_rows_change_no_moment_of_their_split():
    rows, targets = rows_of(110), classes_of(rows_of(110))
    changed = rows.copy()
    changed[-20:] = 1e3
    space, _ = space_of(rows, targets, "multiclass", sizes=SIZES)
    other, _ = space_of(changed, targets, "multiclass", sizes=SIZES)
    for name in ("centre", "basis", "gram", "cross", "totals"):
        assert torch.equal(getattr(space, name), getattr(other, name))


def test_a_feature_that_never_moves_is_left_alone():
    rows = rows_of(110)
    rows[:, 3] = 17.3
    rows[30:, 5] = -2.0
    space, _ = space_of(rows, classes_of(rows_of(110)), "multiclass", sizes=SIZES)
    assert torch.isfinite(space.gram).all()
    assert torch.equal(space.basis[:, 3], torch.ones(4))
    assert float(space.basis[0, 5]) == 1.0


def test_balanced_moments_give_every_class_the_same_weight():
    rows = rows_of(110)
    space, _ = space_of(rows, classes_of(rows), "multiclass", balanced=True)
    torch.testing.assert_close(space.totals, torch.full((1, 3), 110 / 3))
    torch.testing.assert_close(space.weight, torch.tensor([110.0]))


def test_a_badly_conditioned_system_is_solved_in_double_precision():
    # Each determinant is one float32 step above zero: positive in float64, and by rounding often negative in float32.
    first, beside = (torch.rand(64, generator=torch.Generator().manual_seed(seed)) + 0.5 for seed in (0, 1))
    least = (beside.double().square() / first.double()).float()
    last = torch.nextafter(least, torch.tensor(torch.inf))
    matrix = torch.stack([torch.stack([first, beside], -1), torch.stack([beside, last], -1)], -2)
    assert torch.linalg.cholesky_ex(matrix).info.any()
    solution = solve_positive(matrix, torch.ones(64, 2, 1))
    expected = torch.linalg.solve(matrix.double(), torch.ones(64, 2, 1, dtype=torch.float64))
    torch.testing.assert_close(solution.double(), expected, rtol=1e-5, atol=0)
    assert torch.isfinite(solution).all()
