"""Ragged stores: what goes in comes out, once."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.runner.rows.store import ExampleStore, cache_key, cached_store


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


def test_an_entry_is_made_once(monkeypatch, tmp_path):
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path))
    calls = []

    def make():
        calls.append(1)
        return [examples()]

    for _ in range(2):
        same(cached_store("prepared", "key", True, make), examples())
    assert len(calls) == 1
    cached_store("prepared", "key", False, make)
    assert len(calls) == 2


def test_a_broken_write_leaves_nothing(tmp_path):
    def chunks():
        yield examples()
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="disk on fire"):
        ExampleStore.write(tmp_path / "store", chunks())
    assert list(tmp_path.iterdir()) == []


def test_the_oldest_entries_go_first(monkeypatch, tmp_path):
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path))
    monkeypatch.setenv("MODAXFER_CACHE_GB", "0.0000005")
    for key in ("old", "new"):
        cached_store("prepared", key, True, lambda: [examples()])
    assert [path.name for path in (tmp_path / "prepared").iterdir()] == ["new"]


def test_keys_differ_where_anything_differs():
    assert cache_key("a", "b") == cache_key("a", "b")
    assert cache_key("a", "b") != cache_key("ab", "")


def test_rows_out_of_range_end_iteration():
    store = ExampleStore.from_examples(examples())
    assert len(list(store)) == 5
    with pytest.raises(IndexError):
        store[5]


def test_notes_stay_with_the_rows(monkeypatch, tmp_path):
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path))
    seen = []

    def make():
        seen.append("3 characters were drawn as a box")
        return [examples()]

    for _ in range(2):
        assert cached_store("prepared", "key", True, make, lambda: seen).notes == tuple(seen[:1])
    assert cached_store("prepared", "key", False, lambda: [examples()], lambda: ["lost"]).notes == ("lost",)


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
