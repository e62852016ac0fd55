"""The cache of rows: made once, kept small, shared by runs that know nothing of one another."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import numpy as np
import pytest

from modaxfer.runner.rows import cache as row_cache
from modaxfer.runner.rows.cache import ABANDONED_S, cache_key, cached_store

ROWS = [{"ids": np.arange(3 + row, dtype=np.int32)} for row in range(5)]
"""Some 100 bytes."""


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path))
    (tmp_path / "prepared").mkdir()
    return tmp_path / "prepared"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def same(stored):
    assert len(stored) == len(ROWS)
    for row, example in enumerate(ROWS):
        np.testing.assert_array_equal(stored[row]["ids"], example["ids"])


def test_an_entry_is_made_once(cache):
    calls = []

    def make():
        calls.append(1)
        return [ROWS]

    for _ in range(2):
        same(cached_store("prepared", "key", True, make))
    assert len(calls) == 1
    cached_store("prepared", "key", False, make)
    assert len(calls) == 2


def test_keys_differ_where_anything_differs():
    assert cache_key("a", "b") == cache_key("a", "b")
    assert cache_key("a", "b") != cache_key("ab", "")


def test_notes_stay_with_the_rows(cache):
    seen = []

    def make():
        seen.append("3 characters were drawn as a box")
        return [ROWS]

    for _ in range(2):
        assert cached_store("prepared", "key", True, make, lambda: seen).notes == tuple(seen[:1])
    assert cached_store("prepared", "key", False, lambda: [ROWS], lambda: ["lost"]).notes == ("lost",)


def test_the_oldest_entries_go_first(cache, monkeypatch):
    monkeypatch.setenv("MODAXFER_CACHE_GB", "0.0000005")
    for key in ("old", "new"):
        cached_store("prepared", key, True, lambda: [ROWS])
    assert names(cache) == ["new"]


def test_what_is_used_stays_before_what_is_newer(cache, monkeypatch):
    for age, key in ((30, "used"), (20, "idle")):
        cached_store("prepared", key, True, lambda: [ROWS])
        os.utime(cache / key, (time.time() - age,) * 2)
    cached_store("prepared", "used", True, lambda: pytest.fail("is there"))
    size = sum(path.stat().st_size for path in (cache / "used").iterdir())
    monkeypatch.setenv("MODAXFER_CACHE_GB", str(2.5 * size / 1e9))
    cached_store("prepared", "new", True, lambda: [ROWS])
    assert names(cache) == ["new", "used"]


def test_a_cache_is_measured_again_once_what_was_written_could_fill_half_of_what_was_left(cache, monkeypatch):
    measured = []
    monkeypatch.setattr(row_cache, "_prune", lambda *_, keep: measured.append(keep.name) or 0)
    cached_store("prepared", "first", True, lambda: [ROWS])
    size = sum(path.stat().st_size for path in (cache / "first").iterdir())
    monkeypatch.setenv("MODAXFER_CACHE_GB", str(5 * size / 1e9))  # Half of it takes two entries, not three.
    for key in ("a", "b", "c", "d", "e"):
        cached_store("prepared", key, True, lambda: [ROWS])
    assert measured == ["first", "a", "d"]


def test_an_entry_that_another_run_writes_is_left_alone(cache, monkeypatch):
    monkeypatch.setenv("MODAXFER_CACHE_GB", "0")
    for name, age in ((".writing", 60), (".killed", ABANDONED_S + 60)):
        (cache / name / "entry").mkdir(parents=True)
        (cache / name / "entry" / "ids.bin").write_bytes(b"half")
        os.utime(cache / name, (time.time() - age,) * 2)
    same(cached_store("prepared", "key", True, lambda: [ROWS]))
    assert names(cache) == [".writing", "key"]


def test_what_another_run_removes_meanwhile_is_no_error(cache, monkeypatch):
    """A link to nothing is listed and cannot be looked at, as a folder that goes away between the two."""
    monkeypatch.setenv("MODAXFER_CACHE_GB", "0")
    (cache / "gone").symlink_to(cache / "nowhere")
    (cache / "half-gone").mkdir()
    (cache / "half-gone" / "ids.bin").symlink_to(cache / "nowhere")
    same(cached_store("prepared", "key", True, lambda: [ROWS]))
    assert "key" in names(cache)


def test_many_runs_at_once_share_a_cache_that_is_too_small(cache, monkeypatch):
    rows = [{"ids": np.arange(1000)}]
    monkeypatch.setenv("MODAXFER_CACHE_GB", "0.00002")
    # Threads stand for processes here, and Python 3.11 cannot parse in two threads at once, as NumPy does with headers.
    load, alone = np.load, Lock()

    def one_at_a_time(*arguments, **settings):
        with alone:
            return load(*arguments, **settings)

    monkeypatch.setattr(np, "load", one_at_a_time)

    def run(step):
        stores = [cached_store("prepared", str(turn * step % 7), True, lambda: [rows]) for turn in range(100)]
        return {int(store[0]["ids"].sum()) for store in stores}

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, (1, 2, 3, 4))) == [{499500}] * 4
    assert 1 <= len(names(cache)) < 7
