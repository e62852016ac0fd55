from __future__ import annotations

import sys
from itertools import repeat

import numpy as np
import pytest
import torch
from embed_made import batch_of, fields, fitted
from scipy.linalg import sqrtm

from modaxfer.bridges.embed.align import align, discrete_labels, gaussian_distance, mmd, otdd
from modaxfer.contracts import Hidden, pool
from modaxfer.errors import MissingPackageError


def normal(count: int, mean: float = 0.0, deviation: float = 1.0, width: int = 1, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, width, generator=generator, dtype=torch.float64) * deviation + mean


def test_mmd_of_two_points_by_hand() -> None:
    x, y = torch.zeros(1, 1), torch.full((1, 1), 2.0)
    # 1 + 1 - 2 exp(-4 / (2 * 3**2))
    assert mmd(x, y, (3.0,)).item() == pytest.approx(2 - 2 * np.exp(-4 / 18))
    both = mmd(x, y, (3.0, 1.0)).item()
    assert both == pytest.approx(2 - np.exp(-4 / 18) - np.exp(-2))


def test_mmd_of_two_normal_distributions_in_closed_form() -> None:
    means, deviations, width = (0.0, 1.0), (1.0, 0.5), 0.8

    def expected(one: int, two: int) -> float:
        spread = width**2 + deviations[one] ** 2 + deviations[two] ** 2
        return width / spread**0.5 * np.exp(-((means[one] - means[two]) ** 2) / (2 * spread))

    found = mmd(normal(800, 0.0, 1.0), normal(800, 1.0, 0.5, seed=1), (width,)).item()
    assert found == pytest.approx(expected(0, 0) + expected(1, 1) - 2 * expected(0, 1), rel=0.05)


def test_mmd_is_zero_for_the_same_rows_and_grows_with_their_distance() -> None:
    x = normal(40, width=5)
    assert mmd(x, x).item() == pytest.approx(0, abs=1e-12)
    near, far = (mmd(x, normal(40, mean, width=5, seed=1)).item() for mean in (0.3, 1.0))
    assert 0 < near < far


def test_mmd_does_not_depend_on_the_scale_of_both() -> None:
    x, y = normal(30, width=4), normal(20, 0.5, width=4, seed=1)
    assert mmd(100 * x, 100 * y).item() == pytest.approx(mmd(x, y).item())


def test_equal_rows_have_a_finite_gradient() -> None:
    x = torch.ones(4, 3, requires_grad=True)
    mmd(x, torch.ones(4, 3)).backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize(("rows", "width"), [(60, 4), (5, 12), (1, 3)])
def test_gaussian_distance_agrees_with_matrix_roots(rows, width) -> None:
    x, y = normal(rows, width=width), normal(rows + 3, 0.5, 2.0, width, seed=1)
    one, two = (np.cov(part.numpy().T, bias=True) for part in (x, y))
    root = sqrtm(one + 1e-12 * np.eye(width))
    # Rounding leaves imaginary dust on matrices without full rank.
    trace = np.trace(one + two - 2 * sqrtm(root @ two @ root + 1e-12 * np.eye(width))).real
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum().item() + trace
    assert gaussian_distance(x, y).item() == pytest.approx(expected, rel=1e-3)


def test_gaussian_distance_in_one_dimension() -> None:
    x, y = normal(50, 1.0, 2.0), normal(70, -1.0, 0.5, seed=1)
    expected = (x.mean() - y.mean()) ** 2 + (x.std(correction=0) - y.std(correction=0)) ** 2
    assert gaussian_distance(x, y).item() == pytest.approx(expected.item())


def test_otdd_of_single_rows_by_hand() -> None:
    pytest.importorskip("ot")
    x, y = torch.tensor([[0.0], [10.0]]), torch.tensor([[1.0], [10.0]])
    # 0 goes to 1, 10 stays; each pays the way of the row and, the same here, that of its label.
    labels = torch.tensor([0, 1])
    assert otdd(x, labels, y, labels).item() == pytest.approx((1 + 1) / 2)


def test_otdd_tells_labels_apart_where_rows_are_equal() -> None:
    pytest.importorskip("ot")
    x = torch.tensor([[0.0], [1.0], [10.0], [11.0]])
    grouped, mixed = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1])
    assert otdd(x, grouped, x, grouped).item() == pytest.approx(0, abs=1e-6)
    assert otdd(x, grouped, x, 5 - grouped).item() == pytest.approx(0, abs=1e-6)
    # Stay: rows cost nothing; classes of means 0.5 and 10.5 (deviation 0.5) meet classes of 5 and 6 (deviation 5).
    assert otdd(x, grouped, x, mixed).item() == pytest.approx(4.5**2 / 2 + 5.5**2 / 2 + 4.5**2)


def test_otdd_agrees_with_a_linear_programme() -> None:
    pytest.importorskip("ot")
    from scipy.optimize import linear_sum_assignment

    x, y = normal(12, width=3), normal(12, 1.0, 2.0, width=3, seed=1)
    labels_x, labels_y = torch.arange(12) % 3, torch.arange(12) % 2
    cost = torch.cdist(x, y).square()
    for row in range(12):
        for column in range(12):
            cost[row, column] += gaussian_distance(x[labels_x == labels_x[row]], y[labels_y == labels_y[column]])
    # With equal weights the best plan is an assignment.
    best = cost[linear_sum_assignment(cost.numpy())].mean().item()
    assert otdd(x, labels_x, y, labels_y).item() == pytest.approx(best)


def test_otdd_has_the_gradient_of_its_differences() -> None:
    pytest.importorskip("ot")
    x, y = normal(9, width=2), normal(8, 1.0, width=2, seed=1)
    labels_x, labels_y = torch.arange(9) % 2, torch.arange(8) % 3
    assert torch.autograd.gradcheck(lambda moved: otdd(moved, labels_x, y, labels_y), (x.requires_grad_(),))


def test_otdd_without_pot_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ot", None)
    x, labels = torch.zeros(2, 1), torch.zeros(2, dtype=torch.int64)
    with pytest.raises(MissingPackageError, match=r"bridge.align=otdd needs the package POT.*modaxfer\[ot\]"):
        otdd(x, labels, x, labels)


@pytest.mark.parametrize("method", ["mmd", "otdd"])
def test_aligning_moves_the_embedder_and_nothing_else(method) -> None:
    if method == "otdd":
        pytest.importorskip("ot")
    torch.manual_seed(0)
    rows = [{"age": float(age), "city": "xy"[age % 2]} for age in range(24)]
    bridge = fitted(rows, fields(age="table", city="table"))
    embedder, entry = bridge.embedder(8), torch.nn.LayerNorm(8)
    before = [tensor.clone() for tensor in embedder.parameters()]
    source = torch.randn(40, 8) + torch.linspace(-2, 2, 8)
    batch, labels = batch_of(bridge, rows), torch.arange(24) % 2

    def embed_tokens(hidden: Hidden) -> Hidden:
        return Hidden(entry(hidden.tokens), hidden.mask)

    losses = align(
        embedder,
        repeat((batch, labels)),
        embed_tokens,
        source,
        torch.arange(40) % 3,
        method=method,
        steps=30,
        learning_rate=0.02,
    )
    assert len(losses) == 30
    assert losses[-1] < 0.7 * losses[0]
    assert all(not torch.equal(tensor, old) for tensor, old in zip(embedder.parameters(), before, strict=True))
    assert torch.equal(entry.weight, torch.ones(8))
    assert all(tensor.grad is None for tensor in [*entry.parameters(), *embedder.parameters()])
    features = pool(embed_tokens(embedder(batch)), "mean")
    assert (features.mean(0) - source.mean(0)).norm() < 0.7 * source.mean(0).norm()


def test_labels_for_every_problem() -> None:
    classes = np.array([2, 0, 1])
    assert discrete_labels(classes) is classes
    numbers = discrete_labels(np.arange(100, dtype=np.float32))
    assert numbers.dtype == np.int64
    assert np.bincount(numbers).tolist() == [10] * 10
    several = discrete_labels(np.array([[0, 1], [1, 1], [0, 1], [0, 0]], dtype=np.float32))
    assert several[0] == several[2]
    assert len(set(several.tolist())) == 3
