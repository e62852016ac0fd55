import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array

from modaxfer.data.splits import group_rows, hold_out, sample
from modaxfer.errors import DataError
from problem_names import strata


def one_hot(labels):
    return strata(np.asarray(labels), "multiclass")


def test_groups_are_linked_through_any_key():
    groups = group_rows([["a", "b", "c", "a", None, None], [1, 2, 2, 4, 5, 6]], 6)
    assert groups[0] == groups[3]
    assert groups[1] == groups[2]
    assert len(set(groups)) == 4
    assert len(set(group_rows([], 3))) == 3


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5])
def test_single_rows_are_held_out_in_the_shares_of_their_classes(fraction):
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    held = hold_out(one_hot(labels), np.arange(1000), fraction, seed=0)
    assert np.abs(np.bincount(labels[held]) - fraction * np.array([600, 300, 100])).max() <= 1


def test_groups_stay_whole_and_shares_hold():
    random = np.random.default_rng(0)
    groups = random.integers(0, 200, 1000)
    groups = np.unique(groups, return_inverse=True)[1]
    labels = random.choice(3, 1000, p=[0.6, 0.3, 0.1])
    held = hold_out(one_hot(labels), groups, 0.2, seed=1)
    rest = np.setdiff1d(np.arange(1000), held)
    assert not set(groups[held]) & set(groups[rest])
    counts = np.bincount(labels)
    assert np.abs(np.bincount(labels[held]) / counts - 0.2).max() < 0.03


def test_held_out_groups_are_of_all_sizes():
    groups = np.repeat(np.arange(150), np.repeat([1, 3], [100, 50]))
    held = hold_out(csr_array(np.ones((len(groups), 1), dtype=bool)), groups, 0.2, seed=0)
    sizes = np.bincount(np.bincount(groups[held])[np.unique(groups[held])])
    assert sizes[1] == 20
    assert sizes[3] == 10


def test_the_seed_decides():
    labels = one_hot(np.repeat([0, 1], 50))
    first, again, other = (hold_out(labels, np.arange(100), 0.2, seed) for seed in (0, 0, 1))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_rare_classes_stand_on_both_sides():
    labels = np.array([0] * 100 + [1, 1] + [2] * 3)
    held = hold_out(one_hot(labels), np.arange(105), 0.1, seed=0)
    assert np.bincount(labels[held])[1:].tolist() == [1, 1]


def test_a_class_in_one_group_stays_in_train():
    labels = np.array([0] * 20 + [1] * 5)
    groups = np.array([*range(20), *[20] * 5])
    for seed in range(20):
        assert 1 not in labels[hold_out(one_hot(labels), groups, 0.5, seed)]


def test_multilabel_shares_hold():
    random = np.random.default_rng(0)
    targets = (random.random((2000, 4)) < [0.5, 0.2, 0.1, 0.02]).astype(np.float32)
    kinds = strata(targets, "multilabel")
    held = hold_out(kinds, np.arange(2000), 0.2, seed=0)
    assert np.abs(kinds[held].sum(axis=0) / kinds.sum(axis=0) - 0.2).max() < 0.03


def test_regression_is_stratified_by_quantiles():
    values = np.random.default_rng(0).lognormal(size=1000).astype(np.float32)
    held = hold_out(strata(values, "regression"), np.arange(1000), 0.2, seed=0)
    low, high = np.quantile(values, [0.1, 0.9])
    assert abs((values[held] <= low).mean() - 0.1) < 0.01
    assert abs((values[held] > high).mean() - 0.1) < 0.01


def test_one_group_cannot_be_parted():
    with pytest.raises(DataError, match=r"too few groups.*Got: 1 groups.*give the splits yourself"):
        hold_out(one_hot([0, 1, 0, 1]), np.zeros(4, dtype=int), 0.2, seed=0)


def test_sample_keeps_shares_and_the_least():
    labels = np.repeat([0, 1, 2], [700, 290, 10])
    chosen = sample(one_hot(labels), 100, least=2, seed=0)
    assert len(chosen) == 100
    assert np.abs(np.bincount(labels[chosen]) - [70, 29, 2]).max() <= 1
    assert np.bincount(labels[chosen])[2] == 2
    assert sample(one_hot(labels), 5000, least=2, seed=0).tolist() == list(range(1000))


def test_sample_gives_up_the_least_for_the_size():
    labels = np.repeat(np.arange(5), 4)
    chosen = sample(one_hot(labels), 6, least=2, seed=0)
    assert len(chosen) == 6
    assert set(labels[chosen]) == set(range(5))


def test_a_seed_goes_on_choosing_the_rows_that_it_always_chose():
    # As the first version of this algorithm, over dense strata, chose them.
    groups = np.arange(40) // 2
    labels = np.arange(40) * 7 % 11 % 3
    assert hold_out(one_hot(labels), groups, 0.2, seed=3).tolist() == [20, 21, 28, 29, 32, 33, 34, 35]
    assert sample(one_hot(labels), 8, least=2, seed=3).tolist() == [4, 12, 17, 23, 25, 27, 33, 38]


def test_many_classes_are_carved_in_little_memory():
    labels = np.concatenate([np.arange(2000), np.random.default_rng(0).integers(0, 2000, 8000)])
    kinds = one_hot(labels)
    tracemalloc.start()
    try:
        held = hold_out(kinds, np.arange(10_000), 0.2, seed=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40e6  # Dense counts of 10,000 rows in 2,000 strata would be 160 MB.
    counts = np.bincount(labels[held], minlength=2000)
    assert (counts[np.bincount(labels) > 1] > 0).all()
    assert abs(len(held) / 10_000 - 0.2) < 0.05
