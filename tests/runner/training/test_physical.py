"""Steps drawn by chance as batches of few sizes."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.runner.training.physical import PhysicalBatches

LENGTHS = np.random.default_rng(0).integers(5, 129, 2_000)


def batches(**changes):
    return PhysicalBatches(LENGTHS, **{"expected": 128, "max_tokens": 8192, "at_once": 500} | changes)


def drawn(steps):
    chance = np.random.default_rng(1)
    return [np.flatnonzero(chance.random(len(LENGTHS)) < 128 / len(LENGTHS)) for _ in range(steps)]


@pytest.mark.parametrize("changes", [{}, {"at_once": 3}, {"at_once": 1}, {"max_tokens": 100}, {"parts": 50}])
def test_each_row_of_a_step_is_counted_once(changes) -> None:
    cut = batches(**changes)
    for rows in drawn(20):
        made = list(cut(rows))
        np.testing.assert_array_equal(np.sort(np.concatenate([one.rows[: one.drawn] for one in made])), rows)
        assert max(len(one.rows) for one in made) <= changes.get("at_once", 500)


def test_hundreds_of_steps_have_a_batch_size_and_length_per_class_of_length() -> None:
    cut = batches()
    seen = {(len(one.rows), int(LENGTHS[one.rows].max())) for rows in drawn(300) for one in cut(rows)}
    # Five to eight by one, then four lengths up to each power of two.
    assert len(seen) <= 4 + 4 * 4
    assert len({(len(rows), int(LENGTHS[rows].max())) for rows in drawn(300)}) > 50


def test_a_batch_is_within_the_token_budget_unless_it_is_a_row() -> None:
    for rows in drawn(20):
        for one in batches(max_tokens=1000)(rows):
            assert len(one.rows) * LENGTHS[one.rows].max() <= 1000


def test_no_row_makes_no_batch() -> None:
    assert not list(batches()(np.array([], int)))
