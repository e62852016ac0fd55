"""Folds: every row in one of them, groups whole, classes in their shares."""

import numpy as np
import pytest

from modaxfer.data.folds import fold_numbers
from modaxfer.errors import DataError
from problem_names import strata


def one_hot(labels):
    return strata(np.asarray(labels), "multiclass")


def test_every_row_is_in_one_fold_and_no_group_is_torn():
    labels, groups = np.tile([0, 0, 1], 40), np.repeat(np.arange(40), 3)
    numbers = fold_numbers(one_hot(labels), groups, 5, seed=0)
    assert sorted(set(numbers)) == list(range(5))
    for group in range(40):
        assert len(set(numbers[groups == group])) == 1
    assert [abs(labels[numbers == number].mean() - 1 / 3) < 0.01 for number in range(5)] == [True] * 5


def test_single_rows_are_in_equal_shares_of_their_classes():
    labels = np.repeat([0, 1, 2], [50, 30, 4])
    numbers = fold_numbers(one_hot(labels), np.arange(84), 5, seed=1)
    for number in range(5):
        found = np.bincount(labels[numbers == number], minlength=3)
        assert found[:2].tolist() == [10, 6]
        assert found[2] <= 1  # Four rows cannot be in five folds.


def test_the_seed_decides():
    given = one_hot(np.repeat([0, 1], 50)), np.arange(100), 4
    first, again, other = (fold_numbers(*given, seed) for seed in (0, 0, 1))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_combinations_of_labels_are_shared_out():
    targets = np.repeat([[1, 1, 0], [1, 0, 0], [0, 0, 0], [0, 1, 1]], [20, 20, 20, 2], axis=0).astype(np.float32)
    numbers = fold_numbers(strata(targets, "multilabel"), np.arange(62), 4, seed=0)
    for number in range(4):
        held = targets[numbers == number]
        assert [int((held == kind).all(1).sum()) for kind in targets[[0, 20, 40]]] == [5, 5, 5]
        assert held[:, 2].sum() <= 1  # The rare combination counts as its rarest label.


def test_numbers_are_shared_out_by_size():
    values = np.random.default_rng(0).lognormal(size=200)
    numbers = fold_numbers(strata(values, "regression"), np.arange(200), 5, seed=0)
    large = values > np.quantile(values, 0.9)
    assert [int(large[numbers == number].sum()) for number in range(5)] == [4] * 5


def test_classes_that_are_all_rarer_than_folds_are_not_shared_out():
    numbers = fold_numbers(one_hot(np.repeat(np.arange(10), 2)), np.arange(20), 5, seed=0)
    assert np.bincount(numbers).tolist() == [4] * 5


@pytest.mark.parametrize(
    ("labels", "groups", "count"),
    [([0, 0, 1, 1], [0, 0, 0, 0], 2), ([0, 1, 0, 1], range(4), 5)],
)
def test_too_many_folds_are_refused(labels, groups, count):
    with pytest.raises(DataError, match=rf"too few rows for this many folds\. Got: {count} folds.*fewer --folds"):
        fold_numbers(one_hot(labels), np.asarray(groups), count, seed=0)
