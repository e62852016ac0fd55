"""Rows that are all given one answer are no sign of learning, and that is said."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.metrics.one_answer import one_answer


@pytest.mark.parametrize(
    ("references", "predictions", "said"),
    [
        ([0, 1, 1], [1, 1, 1], "same answer"),
        ([0.5, 1.5], [1.0, 1.0], "same value"),
        ([[1, 0], [0, 1]], [[0, 0], [0, 0]], "same answer"),
        ([0, 1, 1], [1, 1, 0], ""),
        ([1, 1], [1, 1], ""),
        ([1], [0], ""),
    ],
)
def test_one_answer_for_every_row_is_said_where_the_right_ones_differ(references, predictions, said):
    found = one_answer(np.array(references), np.array(predictions))
    assert len(found) == bool(said)
    assert all(said in line and f"each of the {len(references)} rows" in line for line in found)


def test_tags_are_compared_row_by_row():
    tags = np.empty(2, dtype=object)
    tags[:] = [np.array([0, 0]), np.array([0, 0])]
    truth = np.empty(2, dtype=object)
    truth[:] = [np.array([0, 1]), np.array([0, 0])]
    assert one_answer(truth, tags)
    assert not one_answer(truth, truth)
