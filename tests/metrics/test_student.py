"""Student's intervals against scipy's, and their coverage of folds by simulation."""

import math

import numpy as np
import pytest

from modaxfer.metrics import student_interval


def test_independent_draws_have_the_interval_of_scipy():
    from scipy import stats

    values = np.random.default_rng(0).normal(size=7)
    expected = stats.t.interval(0.9, 6, loc=values.mean(), scale=stats.sem(values))
    assert student_interval(values, level=0.9) == pytest.approx(expected)


def test_two_values_by_hand():
    # Mean 2, s² = 2, t(1) at 97.5 % = tan(0.475 π).
    half = math.tan(0.475 * math.pi) * math.sqrt((1 / 2 + 1) * 2)
    assert student_interval([1.0, 3.0], overlap=1.0) == pytest.approx((2 - half, 2 + half))


@pytest.mark.parametrize("values", [[], [0.5], [0.5, math.nan]])
def test_what_says_nothing_has_no_interval(values):
    assert all(map(math.isnan, student_interval(values)))


def test_the_correction_makes_up_for_shared_training_rows():
    """Scores with a common part, as of overlapping training rows, whose correlation is the share of test rows 1 / n."""
    rng, folds, held = np.random.default_rng(1), 5, {0.0: 0, 1 / 4: 0}
    correlation = 1 / folds
    for _ in range(2000):
        common = math.sqrt(correlation) * rng.normal()
        scores = common + math.sqrt(1 - correlation) * rng.normal(size=folds)
        for overlap in held:
            low, high = student_interval(scores, overlap=overlap)
            held[overlap] += low <= 0 <= high
    assert held[0.0] < 0.89 * 2000
    assert abs(held[1 / 4] / 2000 - 0.95) < 0.015


def test_an_interval_ends_where_scores_do():
    assert student_interval([0.5, 0.9], bounds=(0.0, 1.0)) == (0.0, 1.0)
    low, high = student_interval([0.5, 0.52, 0.54], bounds=(0.0, 1.0))
    assert (low, high) == student_interval([0.5, 0.52, 0.54])
