"""Poisson sampling: each row is in each step by itself, and the order can be told from seed and epoch."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.plan import Together
from modaxfer.runner.rows.mixing import epoch_steps

LENGTHS = {"train": np.ones(400, int)}


def steps(seed=0, epoch=0, batch=40, lengths=LENGTHS):
    own = {"seed": seed, "phase": 0, "epoch": epoch, "by_chance": True}
    return [step["train"] for step in epoch_steps(Together(), lengths, batch, **own)]


def test_they_follow_from_seed_and_epoch_alone() -> None:
    assert all(np.array_equal(*pair) for pair in zip(steps(2**62, 3), steps(2**62, 3), strict=True))
    assert not np.array_equal(steps(1, 3)[0], steps(1, 4)[0])
    assert not np.array_equal(steps(1, 3)[0], steps(2, 3)[0])


def test_there_are_as_many_as_rows_make_batches_and_no_row_twice_in_one() -> None:
    found = steps(batch=300)
    assert len(found) == 2
    assert all(len(set(one.tolist())) == len(one) for one in found)


def test_rows_come_alone_each_with_the_same_chance() -> None:
    """Counts of a step are binomial; two rows meet as often as independent ones would."""
    found = [set(one.tolist()) for epoch in range(200) for one in steps(epoch=epoch)]
    counts = np.array([len(one) for one in found])
    assert counts.mean() == pytest.approx(40, rel=0.02)
    assert counts.var() == pytest.approx(400 * 0.1 * 0.9, rel=0.1)
    assert np.mean([0 in one for one in found]) == pytest.approx(0.1, abs=0.02)
    assert np.mean([{0, 1} <= one for one in found]) == pytest.approx(0.01, abs=0.007)


def test_a_batch_larger_than_the_rows_takes_all() -> None:
    assert [len(one) for one in steps(batch=500)] == [400]


def test_a_step_may_be_empty() -> None:
    assert any(
        not len(one) for epoch in range(20) for one in steps(epoch=epoch, batch=1, lengths={"train": np.ones(9)})
    )
