"""Several tasks in one epoch: shares by temperature, every row in turn, and an order that can be taken up again."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.runner.rows.batches import training_batches
from modaxfer.runner.rows.mixing import mixed_batches, steps_of


def test_shares_follow_the_temperature():
    assert steps_of([900, 100], 10) == [90, 10]
    # 900 ** .5 : 100 ** .5 is 3 : 1.
    assert steps_of([900, 100], 10, temperature=2) == [75, 25]
    assert steps_of([100_000, 1], 10, temperature=1) == [10_001, 1]


def test_one_task_is_trained_as_ever():
    lengths = np.arange(1, 24)
    for epoch in (0, 1):
        mixed = mixed_batches([lengths], 4, temperature=2, seed=3, phase=0, epoch=epoch)
        plain = training_batches(lengths, 4, seed=3, epoch=epoch)
        assert [task for task, _ in mixed] == [0] * len(plain)
        assert all((rows == other).all() for (_, rows), other in zip(mixed, plain, strict=True))


def test_a_task_goes_through_all_its_rows_before_any_comes_again():
    lengths = [np.ones(40, int), np.ones(12, int)]
    seen = [
        row
        for epoch in range(4)
        for task, rows in mixed_batches(lengths, 4, temperature=2, seed=0, phase=0, epoch=epoch)
        if task == 1
        for row in rows
    ]
    assert len(seen) == 4 * 5 * 4
    for start in range(0, len(seen) - 12, 12):
        assert sorted(seen[start : start + 12]) == list(range(12))


@pytest.mark.parametrize("change", [{"seed": 1}, {"phase": 1}, {"epoch": 1}])
def test_the_order_depends_on_its_arguments_alone(change):
    lengths = [np.ones(40, int), np.ones(12, int)]
    common = {"temperature": 2, "seed": 0, "phase": 0, "epoch": 0}
    first, again, other = (
        [(task, rows.tolist()) for task, rows in mixed_batches(lengths, 4, **values)]
        for values in (common, common, common | change)
    )
    assert first == again
    assert first != other
