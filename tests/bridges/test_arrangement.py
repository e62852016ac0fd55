from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import rankdata

from modaxfer.bridges.arrangement import arrange, arrangement_error, place_ranks, unlikeness_ranks


def groups(rows: int = 400, noise: float = 0.3, seed: int = 0) -> np.ndarray:
    """Return columns 0 ... 8 of three groups (0, 3, 6 belong together, and so on), ``[rows, 9]``."""
    rng = np.random.default_rng(seed)
    causes = rng.normal(size=(rows, 3))
    return np.concatenate([causes + noise * rng.normal(size=(rows, 3)) for _ in range(3)], axis=1)


def ranks_by_hand(levels: np.ndarray) -> np.ndarray:
    distance = 1 - np.abs(np.corrcoef(levels, rowvar=False))
    low = np.tril_indices(len(distance), -1)
    ranks = np.zeros_like(distance)
    ranks[low] = rankdata(distance[low])
    return ranks + ranks.T


def test_unlikeness_is_the_rank_of_one_minus_the_correlation() -> None:
    levels = groups()
    np.testing.assert_allclose(unlikeness_ranks(levels), ranks_by_hand(levels))


def test_gaps_and_constant_columns_do_no_harm() -> None:
    levels = groups()
    constant = np.concatenate([levels, np.ones((400, 1))], axis=1)
    assert np.isfinite(unlikeness_ranks(constant)).all()
    assert unlikeness_ranks(constant)[-1, 0] == unlikeness_ranks(constant)[-1].max()
    levels[::7, 2] = np.nan
    levels[:, 3] = np.nan
    assert np.isfinite(unlikeness_ranks(levels)).all()


def test_a_sign_does_not_matter() -> None:
    levels = groups()
    flipped = levels * np.where(np.arange(9) % 2, 1, -1)
    np.testing.assert_allclose(unlikeness_ranks(levels), unlikeness_ranks(flipped))


def test_places_are_ranked_by_distance() -> None:
    ranks = place_ranks(4, 2)
    assert ranks[0].tolist() == [0, 2.5, 2.5, 5.5]
    assert (ranks == ranks.T).all()
    assert place_ranks(5, 3).shape == (5, 5)


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_the_error_never_grows_and_is_what_it_says(seed) -> None:
    unlike, near = unlikeness_ranks(groups()), place_ranks(9, 3)
    order, errors = arrange(unlike, near, steps=500, seed=seed)
    assert len(errors) > 1
    assert (np.diff(errors) < 0).all()
    assert sorted(order.tolist()) == list(range(9))
    assert errors[-1] == pytest.approx(arrangement_error(unlike, near, order))


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_it_ends_where_no_swap_of_two_helps(seed) -> None:
    unlike, near = unlikeness_ranks(groups(seed=5)), place_ranks(9, 3)
    order, errors = arrange(unlike, near, steps=10_000, seed=seed)
    for one, other in itertools.combinations(range(9), 2):
        swapped = order.copy()
        swapped[[one, other]] = swapped[[other, one]]
        assert arrangement_error(unlike, near, swapped) >= errors[-1] - 1e-6


def test_the_best_of_all_arrangements_is_found_where_all_can_be_tried() -> None:
    unlike, near = unlikeness_ranks(groups()[:, [0, 3, 1, 4, 2, 5]]), place_ranks(6, 3)
    best = min(arrangement_error(unlike, near, np.array(order)) for order in itertools.permutations(range(6)))
    found = min(arrange(unlike, near, steps=500, seed=seed)[1][-1] for seed in (None, 1, 2, 3, 4, 5))
    assert found == pytest.approx(best)


def test_steps_bound_the_search() -> None:
    unlike, near = unlikeness_ranks(groups()), place_ranks(9, 3)
    order, errors = arrange(unlike, near, steps=0, seed=None)
    assert order.tolist() == list(range(9))
    assert len(errors) == 1
    assert len(arrange(unlike, near, steps=2, seed=None)[1]) <= 3


def test_the_same_seed_gives_the_same_arrangement() -> None:
    unlike, near = unlikeness_ranks(groups()), place_ranks(9, 3)
    first, second = (arrange(unlike, near, steps=50, seed=7)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_things_are_arranged(count) -> None:
    order, _ = arrange(unlikeness_ranks(groups()[:, :count]), place_ranks(count, count), steps=10, seed=None)
    assert sorted(order.tolist()) == list(range(count))
