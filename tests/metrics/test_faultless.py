from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from modaxfer.metrics.faultless import lowest_accuracy, without_error


def test_at_the_lowest_accuracy_no_error_comes_up_once_in_twenty_times() -> None:
    assert binom.pmf(22, 22, lowest_accuracy(22)) == pytest.approx(0.05)
    assert lowest_accuracy(300) == pytest.approx(1 - 3 / 300, abs=1e-4)


def test_it_is_said_of_rows_and_of_groups_of_them_that_have_no_error() -> None:
    right, wrong = np.arange(22) % 2, np.zeros(22, int)
    assert "none of the 22 rows scored is wrong, so intervals have no width" in without_error(right, right, None)[0]
    assert "right 87.3% of the time" in without_error(right, right, None)[0]
    assert "none of the 11 groups of rows" in without_error(right, right, np.arange(22) // 2)[0]
    assert without_error(right, wrong, None) == ()
    ragged = np.array([np.array([0, 1]), np.array([1])], object)
    assert without_error(ragged, ragged.copy(), None)
    assert without_error(np.eye(2), np.eye(2), None)
    assert without_error(right / 7, right / 7, None) == ()
