"""The attack by loss on losses of which the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.privacy.audit import audit


def test_rows_that_can_be_told_apart_are_all_found() -> None:
    found = audit(np.linspace(0, 1, 50), np.linspace(2, 3, 200))
    assert (found.auc, found.tpr) == (1.0, 1.0)
    assert found.auc_interval == (1.0, 1.0)


def test_the_same_losses_tell_nothing() -> None:
    found = audit(np.arange(200.0), np.arange(200.0))
    assert found.auc == 0.5
    assert found.tpr == pytest.approx(0.01)
    assert found.auc_interval[0] < 0.5 < found.auc_interval[1]


def test_ties_count_half() -> None:
    assert audit(np.zeros(10), np.zeros(20)).auc == 0.5


def test_auc_is_that_of_two_normal_distributions() -> None:
    """Two normals one deviation apart: AUC = Φ(1 / √2) = .7602."""
    rng = np.random.default_rng(0)
    found = audit(rng.normal(0, 1, 2000), rng.normal(1, 1, 2000), resamples=100)
    assert found.auc == pytest.approx(0.7602, abs=0.02)
    assert found.auc_interval[0] < 0.7602 < found.auc_interval[1]
    assert (found.members, found.others) == (2000, 2000)


def test_of_few_other_rows_none_is_taken_for_a_member() -> None:
    assert audit(np.array([0.0, 2.0]), np.array([1.0, 3.0])).tpr == 0.5
