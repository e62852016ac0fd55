from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from modaxfer.metrics.temperature import fit_temperature


def drawn(classes: int, rows: int = 4000, seed: int = 0):
    """Return logits, and classes drawn by what they say."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(rows, classes)) * 2
    said = softmax(logits, axis=1).cumsum(1)
    return logits, (said < generator.random((rows, 1))).sum(1).clip(max=classes - 1)


@pytest.mark.parametrize("wanted", [0.4, 1.0, 3.0])
@pytest.mark.parametrize("classes", [2, 5])
def test_outputs_that_were_multiplied_give_the_factor_back(classes, wanted) -> None:
    logits, references = drawn(classes)
    found = fit_temperature(logits * wanted, references)
    assert found.value == pytest.approx(wanted, rel=0.06)
    # Whatever rows say of the truth, they say the same of both scales, but for the weak prior.
    assert found.value / fit_temperature(logits, references).value == pytest.approx(wanted, rel=2e-3)


def test_labels_share_one_temperature() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(3000, 3)) * 2
    references = (generator.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(float)
    assert fit_temperature(logits * 2.5, references).value == pytest.approx(2.5, rel=0.06)


def test_rows_that_are_separated_leave_it_finite_and_few_of_them_near_one() -> None:
    references = np.arange(12) % 2
    found = fit_temperature(np.eye(2)[references] * 4, references)
    assert 0.3 < found.value < 1


def test_one_or_two_rows_never_say_that_it_pays() -> None:
    assert not fit_temperature(np.array([[0.5, 0.0], [0.5, 0.0]]), np.array([0, 0])).pays
    assert fit_temperature(np.eye(2)[[0] * 9] / 2, np.zeros(9, int)).pays


def test_it_does_not_pay_where_outputs_are_calibrated() -> None:
    pays = [fit_temperature(*drawn(3, rows=200, seed=seed)).pays for seed in range(40)]
    assert sum(pays) < 12  # a chi-squared value with one degree of freedom exceeds 2 in 16 % of cases
    logits, references = drawn(3, rows=200)
    assert fit_temperature(logits * 3, references).pays
