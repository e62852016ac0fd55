"""Scores over draws that all models share: their differences are those of `paired_gain`, groups are drawn whole."""

from __future__ import annotations

import math

import numpy as np
import pytest

from modaxfer.errors import DataError
from modaxfer.metrics import Pair, Scored, paired_gain
from modaxfer.metrics.evidence import Split, difference, drawn_scores


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def right(references, chance, rng):
    return Scored(predictions=np.where(rng.random(len(references)) < chance, references, 1 - references))


def drawn(splits, scored, metric="accuracy", problem="binary", same_rows=True, **settings):
    return drawn_scores(splits, scored, metric, problem=problem, same_rows=same_rows, **settings)


@pytest.mark.parametrize("same_rows", [True, False])
def test_models_with_as_many_seeds_differ_by_the_paired_gain(rng, same_rows):
    references = [rng.integers(0, 2, 80) for _ in range(3)] if not same_rows else [rng.integers(0, 2, 80)] * 3
    groups = rng.integers(0, 30, 80)
    better, other = ([right(each, chance, rng) for each in references] for chance in (0.8, 0.6))
    splits = [Split(references=each, clusters=groups) for each in references]
    found, _ = difference(*(drawn(splits, each, "f1_macro", same_rows=same_rows) for each in (better, other)))
    pairs = [
        Pair(references=split.references, better=a, other=b, clusters=groups)
        for split, a, b in zip(splits, better, other, strict=True)
    ]
    expected = paired_gain(pairs, "f1_macro", problem="binary", same_rows=same_rows)
    assert (found.value, found.low, found.high) == pytest.approx((expected.value, expected.low, expected.high))


def test_a_smaller_error_is_better(rng):
    references = rng.normal(size=200)
    near, far = (Scored(predictions=references + spread * rng.normal(size=200)) for spread in (0.5, 1.0))
    one, other = (drawn([Split(references=references)], [each], "rmse", "regression") for each in (near, far))
    found, p = difference(one, other)
    assert 0 < found.low < found.value == pytest.approx(other.value - one.value)
    assert p < 0.001


def test_models_with_other_seeds_are_drawn_apart(rng):
    references = rng.integers(0, 2, 400)
    split = Split(references=references)
    three = drawn([split] * 3, [right(references, chance, rng) for chance in (0.6, 0.75, 0.9)])
    one = drawn([split], [right(references, 0.75, rng)])
    found, p = difference(three, one)
    assert found.low < 0 < found.high
    assert p > 0.2


def test_groups_are_counted_and_one_says_nothing(rng):
    references = rng.integers(0, 2, 60)
    scored = [right(references, 0.8, rng)]
    assert drawn([Split(references=references)], scored).units == 60
    assert drawn([Split(references=references, clusters=np.arange(60) // 4)], scored).units == 15
    single = drawn([Split(references=references, clusters=np.zeros(60, int))], scored)
    assert single.units == 1
    found, p = difference(single, single)
    assert all(map(math.isnan, (p, found.low, *single.interval)))


def test_intervals_over_groups_cover_the_truth_where_rows_alone_do_not(rng):
    """Rows of a group are right together: 40 groups of 10 rows, half of what varies is the group's."""
    covered = {"groups": 0, "rows": 0}
    groups = np.repeat(np.arange(40), 10)
    for _ in range(60):
        chances = rng.beta(0.8, 0.4, 40)[groups]
        hits = rng.random(400) < chances
        scored, truth = [Scored(predictions=hits.astype(int))], 0.8 / 1.2
        for name, clusters in (("groups", groups), ("rows", None)):
            split = Split(references=np.ones(400, int), clusters=clusters)
            low, high = drawn([split], scored, resamples=200).interval
            covered[name] += low <= truth <= high
    assert covered["groups"] >= 53
    assert covered["rows"] <= 45


def test_as_many_models_as_splits_are_needed(rng):
    with pytest.raises(DataError, match="as many test splits as models"):
        drawn([], [])
