"""Ranks over tasks against Demsar's own example and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import f as f_distribution
from scipy.stats import friedmanchisquare, wilcoxon

from modaxfer.errors import DataError
from modaxfer.metrics.paired_tests import holm
from modaxfer.metrics.ranks import rank_over_tasks

# Demsar 2006, table 6: area under the curve of C4.5 with and without two parameters, on 14 data sets.
DEMSAR = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],  # printed alike, ranked 2 and 3
        [0.957, 0.978, 0.946, 0.970],
    ]
)


def test_demsars_example_has_his_figures():
    found = rank_over_tasks(DEMSAR)
    assert found.average == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    assert found.chi2 == pytest.approx(9.28, abs=0.01)
    assert found.f == pytest.approx(3.69, abs=0.01)
    assert found.p == pytest.approx(f_distribution.sf(3.69, 3, 39), abs=1e-3)
    assert found.critical_difference == pytest.approx(1.25, abs=0.005)


def test_without_ties_friedman_is_scipys_and_pairs_are_wilcoxons():
    scores = np.random.default_rng(0).normal(size=(12, 4)) + np.array([0.0, 0.5, 2.0, 2.1])
    found = rank_over_tasks(scores)
    assert found.chi2 == pytest.approx(friedmanchisquare(*scores.T).statistic)
    each = [wilcoxon(scores[:, a], scores[:, b], method="exact").pvalue for a, b in found.pairs]
    assert found.p_pairs == pytest.approx(holm(each))


def test_nemenyis_quantiles_are_those_of_demsars_table():
    # Demsar 2006, table 5a: 2.343, 2.569, 2.728 at .05 for three, four and five.
    for ways, quantile in ((3, 2.343), (4, 2.569), (5, 2.728)):
        scores = np.random.default_rng(ways).random((10, ways))
        scale = math.sqrt(ways * (ways + 1) / 60)
        assert rank_over_tasks(scores).critical_difference == pytest.approx(quantile * scale, abs=1e-3)


def test_bars_join_neighbours_that_cannot_be_told_apart():
    base = np.random.default_rng(1).random((16, 1))
    noise = np.random.default_rng(2).normal(scale=0.01, size=(16, 4))
    found = rank_over_tasks(base + noise + np.array([1.0, 1.0, 0.0, 0.0]))
    assert {frozenset(clique) for clique in found.cliques} == {frozenset({0, 1}), frozenset({2, 3})}
    apart = rank_over_tasks(base + np.array([0.3, 0.2, 0.1]) + noise[:, :3] / 100)
    assert apart.cliques == ()
    assert (apart.f, apart.p) == (math.inf, 0.0)


def test_five_tasks_can_never_tell_two_apart():
    found = rank_over_tasks(np.arange(5)[:, None] + np.array([0.0, 0.3]))
    assert found.p_pairs == (0.0625,)
    assert found.cliques == ((1, 0),)


def test_equal_scores_are_no_difference():
    assert rank_over_tasks(np.ones((6, 2))).p_pairs == (1.0,)


@pytest.mark.parametrize("scores", [np.ones((4, 3)), np.ones((6, 1)), np.full((6, 2), np.nan)])
def test_too_little_to_rank_is_refused(scores):
    with pytest.raises(DataError, match="ranks need several tasks"):
        rank_over_tasks(scores)
