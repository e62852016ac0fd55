"""Gains over seeds against closed forms, and against `paired_difference` where there is one seed."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.errors import DataError
from modaxfer.metrics import Pair, Scored, paired_difference, paired_gain
from modaxfer.metrics.gains import over_seeds


def right(references, chance, rng):
    """Return predictions that are right with a chance."""
    return np.where(rng.random(len(references)) < chance, references, 1 - references)


def pair(rng, references, better, other):
    predictions = [right(references, chance, rng) for chance in (better, other)]
    return Pair(references=references, **dict(zip(("better", "other"), map(scored, predictions), strict=True)))


def scored(predictions):
    return Scored(predictions=predictions)


def gain(pairs, metric="accuracy", problem="binary", same_rows=True, **settings):
    return paired_gain(pairs, metric, problem=problem, same_rows=same_rows, **settings)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("metric", ["accuracy", "f1_macro", "matthews_corrcoef"])
def test_with_one_seed_it_is_the_paired_difference(metric, rng):
    one = pair(rng, rng.integers(0, 2, 200), 0.8, 0.7)
    expected = paired_difference(one.references, one.better, one.other, metric, problem="binary", seed=4)
    assert gain([one], metric, seed=4) == expected


def test_a_smaller_error_is_a_positive_gain(rng):
    references = rng.normal(size=300)
    close, far = (scored(references + spread * rng.normal(size=300)) for spread in (0.5, 1.0))
    found = gain([Pair(references=references, better=close, other=far)], "rmse", "regression")
    assert found.value == pytest.approx(0.5, abs=0.1)
    assert 0 < found.low < found.value < found.high
    raw = paired_difference(references, close, far, "rmse", problem="regression")
    assert (found.value, found.low, found.high) == pytest.approx((-raw.value, -raw.high, -raw.low))


def test_seeds_alone_vary_as_the_mean_of_as_many_draws():
    gains = np.array([0.02, 0.10, 0.03])
    drawn = over_seeds(np.repeat(gains[:, None], 100_000, 1), 0)
    assert drawn.mean() == pytest.approx(gains.mean(), abs=1e-3)
    assert drawn.std() == pytest.approx(gains.std(ddof=1) / np.sqrt(3), rel=0.01)


def test_rows_shared_by_all_seeds_do_not_average_out(rng):
    references = rng.integers(0, 2, 400)
    better, other = (scored(right(references, chance, rng)) for chance in (0.8, 0.6))
    one = Pair(references=references, better=better, other=other)
    single, repeated = gain([one]), gain([one] * 5)
    assert repeated.value == pytest.approx(single.value)
    assert (repeated.low, repeated.high) == pytest.approx((single.low, single.high))


def test_rows_of_their_own_average_out(rng):
    pairs = [pair(rng, rng.integers(0, 2, 400), 0.8, 0.6) for _ in range(4)]
    widths = [found.high - found.low for found in (gain(pairs[:1]), gain(pairs, same_rows=False))]
    assert widths[1] < 0.95 * widths[0]
    assert gain(pairs, same_rows=False) != gain(pairs)


def test_a_seed_that_swings_widens_the_interval(rng):
    references = rng.integers(0, 2, 2000)
    steady = [pair(rng, references, 0.8, 0.7) for _ in range(3)]
    swinging = [pair(rng, references, chance, 0.7) for chance in (0.7, 0.8, 0.9)]
    wide, narrow = gain(swinging, resamples=1000), gain(steady, resamples=1000)
    assert wide.value == pytest.approx(narrow.value, abs=0.02)
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_the_interval_covers_the_truth_about_as_often_as_it_says(rng):
    trials, seeds, covered = 40, 6, 0
    for _ in range(trials):
        references = rng.integers(0, 2, 200)
        chances = 0.75 + 0.05 * rng.normal(size=seeds)
        found = gain([pair(rng, references, chance, 0.65) for chance in chances], resamples=200)
        covered += found.low <= 0.10 <= found.high
    assert covered / trials >= 0.93


def test_one_seed_gives_one_interval(rng):
    pairs = [pair(rng, rng.integers(0, 2, 100), 0.8, 0.6) for _ in range(3)]
    assert gain(pairs, seed=1) == gain(pairs, seed=1) != gain(pairs, seed=2)


def test_pairs_of_other_rows_are_refused(rng):
    pairs = [pair(rng, rng.integers(0, 2, rows), 0.8, 0.6) for rows in (50, 60)]
    with pytest.raises(DataError, match="pairs that should share their rows do not"):
        gain(pairs)
    with pytest.raises(DataError, match="pairs that should share their rows do not"):
        gain([])
    assert gain(pairs, same_rows=False).evidence
