"""Several streams in one epoch: in turn or together, every row once, in an order that can be resumed."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.plan import Alternate, Together
from modaxfer.runner.rows.batches import training_batches
from modaxfer.runner.rows.mixing import epoch_steps, rows_trained, steps_of, steps_per_epoch


def test_shares_follow_the_temperature():
    assert steps_of([900, 100], 10) == [90, 10]
    # 900 ** .5 : 100 ** .5 is 3 : 1.
    assert steps_of([900, 100], 10, temperature=2) == [75, 25]
    assert steps_of([100_000, 1], 10, temperature=1) == [10_001, 1]


@pytest.mark.parametrize("mixing", [Alternate(temperature=2), Together()])
def test_one_stream_is_trained_as_ever(mixing):
    lengths = np.arange(1, 24)
    assert steps_per_epoch(mixing, {"train": lengths}, 4) == 6
    for epoch in (0, 1):
        steps = epoch_steps(mixing, {"train": lengths}, 4, seed=3, phase=0, epoch=epoch)
        plain = training_batches(lengths, 4, seed=3, epoch=epoch)
        assert [[*step] for step in steps] == [["train"]] * len(plain)
        assert all((step["train"] == other).all() for step, other in zip(steps, plain, strict=True))


def test_a_stream_goes_through_all_its_rows_before_any_comes_again():
    lengths = {"large": np.ones(40, int), "small": np.ones(12, int)}
    seen = [
        row
        for epoch in range(4)
        for step in epoch_steps(Alternate(temperature=2), lengths, 4, seed=0, phase=0, epoch=epoch)
        for row in step.get("small", ())
    ]
    assert len(seen) == 4 * 5 * 4
    for start in range(0, len(seen) - 12, 12):
        assert sorted(seen[start : start + 12]) == list(range(12))


def test_streams_together_have_full_batches_and_leave_no_row_out():
    lengths = {"source": np.arange(1, 23), "target": np.arange(1, 12), "few": np.ones(3, int)}
    assert steps_per_epoch(Together(), lengths, 4) == 6
    assert steps_per_epoch(Together(epoch="target"), lengths, 4) == 3
    steps = epoch_steps(Together(), lengths, 4, seed=0, phase=0, epoch=0)
    assert len(steps) == 6
    for step in steps:
        assert {name: len(set(rows.tolist())) for name, rows in step.items()} == {"source": 4, "target": 4, "few": 3}
    assert {row for step in steps for row in step["source"]} == set(range(22))
    assert {row for step in steps[:3] for row in step["target"]} == set(range(11))
    assert {row for step in steps[3:] for row in step["target"]} == set(range(11))


def test_streams_of_the_same_rows_are_shuffled_apart():
    lengths = {"one": np.ones(40, int), "other": np.ones(40, int)}
    steps = epoch_steps(Together(), lengths, 4, seed=0, phase=0, epoch=0)
    assert any(set(step["one"]) != set(step["other"]) for step in steps)


@pytest.mark.parametrize("mixing", [Alternate(temperature=2), Together()])
@pytest.mark.parametrize("change", [{"seed": 1}, {"phase": 1}, {"epoch": 1}])
def test_the_order_depends_on_its_arguments_alone(change, mixing):
    lengths = {"large": np.ones(40, int), "small": np.ones(13, int)}
    common = {"seed": 0, "phase": 0, "epoch": 0}
    first, again, other = (
        [{name: rows.tolist() for name, rows in step.items()} for step in epoch_steps(mixing, lengths, 4, **values)]
        for values in (common, common, common | change)
    )
    assert first == again
    assert first != other


def test_rows_trained_are_shared_as_steps_are():
    lengths = {"large": np.ones(900, int), "small": np.ones(100, int)}
    alone = rows_trained(Together(), {"train": lengths["large"]}, 10, steps=45, epochs=0.5)
    assert alone == {"train": 450}
    turns = rows_trained(Alternate(temperature=2), lengths, 10, steps=200, epochs=2.0)
    assert turns == {"large": 1500, "small": 500}
    assert rows_trained(Together(), lengths, 200, steps=9, epochs=1.8) == {"large": 9 * 200, "small": 9 * 100}
