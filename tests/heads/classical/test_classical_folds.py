import numpy as np
import pytest

from modaxfer.errors import DataError
from modaxfer.heads.classical.folds import inner_folds


def test_no_group_stands_in_two_folds():
    generator = np.random.default_rng(0)
    groups = generator.integers(0, 60, 200)
    fold = inner_folds(generator.integers(0, 3, 200), 4, groups=groups, seed=0)
    assert all(len(np.unique(fold[groups == group])) == 1 for group in np.unique(groups))
    assert sorted(np.unique(fold)) == [0, 1, 2, 3]


def test_every_fold_has_its_share_of_a_rare_class():
    targets = np.array([0] * 180 + [1] * 20)
    fold = inner_folds(targets, 4, groups=None, seed=3)
    np.testing.assert_array_equal(np.bincount(fold), [50] * 4)
    np.testing.assert_array_equal(np.bincount(fold[targets == 1]), [5] * 4)


def test_regression_folds_have_about_the_same_mean():
    targets = np.arange(100, dtype=np.float32)
    fold = inner_folds(targets, 4, groups=None, seed=0)
    means = [targets[fold == number].mean() for number in range(4)]
    assert np.ptp(means) < 6


def test_rows_with_the_same_labels_are_dealt_out_alike():
    targets = np.array([[1, 1]] * 8 + [[0, 1]] * 92, np.float32)
    fold = inner_folds(targets, 4, groups=None, seed=0)
    np.testing.assert_array_equal(np.bincount(fold[:8]), [2] * 4)


def test_the_seed_decides():
    targets = np.arange(40) % 2
    first, again, other = (inner_folds(targets, 4, groups=None, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_there_are_no_more_folds_than_groups():
    fold = inner_folds(np.array([0, 1, 0, 1]), 4, groups=np.array([5, 5, 9, 9]), seed=0)
    assert sorted(np.unique(fold)) == [0, 1]


def test_one_group_is_not_enough():
    with pytest.raises(DataError, match=r"not enough training rows.*Got: 3 rows in 1 groups.*give more labelled rows"):
        inner_folds(np.zeros(3, int), 4, groups=np.zeros(3, int), seed=0)
