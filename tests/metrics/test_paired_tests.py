"""McNemar's test and its kin against scipy, published figures and enumeration; Holm's step-down by hand."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest, chi2

from modaxfer.metrics.paired_tests import bootstrap_p, holm, mcnemar


def answers(both, first, second, neither):
    """Return which rows each model has right, from the four counts."""
    one = np.repeat([True, True, False, False], [both, first, second, neither])
    return one, np.repeat([True, False, True, False], [both, first, second, neither])


def test_few_discordant_rows_have_the_binomial():
    found = mcnemar(*answers(50, 9, 3, 20))
    assert (found.only_first, found.only_second, found.test) == (9, 3, "exact")
    assert found.p == pytest.approx(binomtest(9, 12, 0.5).pvalue)


def test_many_have_chi_squared_with_edwards_correction():
    # Agresti (1990), table 10.1: approval of a prime minister, asked twice; 150 and 86 changed their minds.
    first, second = answers(794, 150, 86, 570)
    assert mcnemar(first, second).p == pytest.approx(chi2.sf((150 - 86 - 1) ** 2 / 236, 1))
    assert mcnemar(second, first).p == mcnemar(first, second).p


def test_models_that_are_never_right_apart_do_not_differ():
    found = mcnemar(*answers(5, 0, 0, 5))
    assert (found.p, found.test) == (1.0, "exact")
    assert mcnemar(*answers(5, 20, 20, 5)).p == 1.0


def test_groups_of_one_row_are_rows():
    first, second = answers(10, 9, 3, 4)
    assert mcnemar(first, second, np.arange(26)).p == pytest.approx(mcnemar(first, second).p)


def test_few_groups_have_all_exchanges_added_up():
    rng = np.random.default_rng(0)
    first, second, groups = rng.random(60) < 0.8, rng.random(60) < 0.6, rng.integers(0, 12, 60)
    apart = np.array([(first[groups == group].astype(int) - second[groups == group]).sum() for group in range(12)])
    sums = [abs(np.dot(signs, apart)) for signs in product((-1, 1), repeat=12)]
    found = mcnemar(first, second, groups)
    assert found.test == "exact by groups"
    assert found.p == pytest.approx(np.mean(np.array(sums) >= abs(apart.sum())))


def test_many_groups_have_obuchowskis_statistic():
    # Yang, Sun & Hardin (2010): (K - 1) / K (sum b - c)² / sum (b - c)²; here from two proportions, as Obuchowski.
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 5)
    first, second = rng.random(200) < 0.7, rng.random(200) < 0.5
    sizes, total = np.bincount(groups), len(groups)
    one, other = (np.bincount(groups, weights=right) for right in (first, second))
    pooled = (first.mean() + second.mean()) / 2
    moved = (one - sizes * pooled) - (other - sizes * pooled)
    variance = 40 / 39 / total**2 * (moved**2).sum()
    found = mcnemar(first, second, groups)
    assert found.test == "chi2 by groups"
    assert found.p == pytest.approx(chi2.sf((first.mean() - second.mean()) ** 2 / variance, 1))


def test_copies_of_rows_are_no_evidence_in_groups():
    first, second = answers(10, 8, 2, 4)
    alone = mcnemar(first, second)
    copied = [np.repeat(right, 6) for right in (first, second)]
    assert mcnemar(*copied).p < 0.001 < 0.05 < alone.p
    assert mcnemar(*copied, np.repeat(np.arange(24), 6)).p == pytest.approx(alone.p)


def test_holm_multiplies_by_what_is_left_and_never_falls():
    # Holm (1979): .01 x 4, .005 x ... in order; .03 x 2 and .04 x 1, which may not fall below it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_does_not_count_what_was_not_tested():
    found = holm([0.02, math.nan, 0.03])
    assert (found[0], found[2]) == pytest.approx((0.04, 0.04))
    assert math.isnan(found[1])


def test_the_bootstraps_p_is_the_level_at_which_the_interval_touches_zero():
    rng = np.random.default_rng(0)
    drawn = rng.normal(1.5, 1.0, 4000)
    p = bootstrap_p(drawn, units=100)
    low = np.quantile(drawn, p / 2)
    assert abs(low) < 0.02
    assert p == pytest.approx(2 * chi2.sf(2.25, 1) / 2, rel=0.1)
    assert bootstrap_p(-drawn, units=100) == p


def test_a_tail_too_thin_to_count_is_normal():
    drawn = np.random.default_rng(0).normal(5.0, 1.0, 2000)
    assert bootstrap_p(drawn, units=500) == pytest.approx(chi2.sf(25, 1), rel=0.5)


def test_few_rows_cannot_be_sure_however_clear():
    assert bootstrap_p(np.ones(2000), units=4) == 0.125
    assert math.isnan(bootstrap_p(np.ones(2000), units=1))
    assert math.isnan(bootstrap_p(np.full(2000, np.nan), units=50))
