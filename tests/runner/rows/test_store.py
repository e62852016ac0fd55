"""Ragged stores: what goes in comes out, once."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.runner.rows.store import ExampleStore


def examples():
    rng = np.random.default_rng(0)
    return [
        {"ids": rng.integers(0, 9, size=3 + row, dtype=np.int32), "pixels": rng.random((row + 1, 2, 3))}
        for row in range(5)
    ]


def same(stored, made):
    assert len(stored) == len(made)
    for row, example in enumerate(made):
        for key, value in example.items():
            np.testing.assert_array_equal(stored[row][key], value)
            assert stored[row][key].dtype == value.dtype


def test_memory_and_disk_hold_the_same(tmp_path):
    same(ExampleStore.from_examples(examples()), examples())
    same(ExampleStore.write(tmp_path / "store", [examples()[:2], examples()[2:]]), examples())
    same(ExampleStore.open(tmp_path / "store"), examples())


def test_a_broken_write_leaves_nothing(tmp_path):
    def chunks():
        yield examples()
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="disk on fire"):
        ExampleStore.write(tmp_path / "store", chunks())
    assert list(tmp_path.iterdir()) == []


def test_rows_out_of_range_end_iteration():
    store = ExampleStore.from_examples(examples())
    assert len(list(store)) == 5
    with pytest.raises(IndexError):
        store[5]


def test_an_interrupted_write_is_not_taken_for_a_finished_one(tmp_path):
    ExampleStore.write(tmp_path / "store", [examples()])

    def interrupted():
        yield examples()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ExampleStore.write(tmp_path / "store", interrupted())


def test_two_writers_of_one_entry_end_with_one(tmp_path):
    for _ in range(2):
        same(ExampleStore.write(tmp_path / "store", [examples()]), examples())
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
