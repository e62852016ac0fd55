"""A cache whose files were harmed is never believed, and one that cannot be written is done without."""

from __future__ import annotations

import errno
import json
import os
from types import SimpleNamespace

import numpy as np
import pytest

from modaxfer.errors import RunFailedError
from modaxfer.runner.rows import store as module
from modaxfer.runner.rows.cache import cached_state, cached_store
from modaxfer.runner.training.kept import refuse_undefined

ROWS = [{"ids": np.arange(3 + row, dtype=np.int32), "states": np.full((row, 2), row, np.float32)} for row in range(5)]
FILES = ["ids.bin", "states.bin", "ids.shapes.npy", "states.shapes.npy", "store.json"]


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-5])


def empty(path):
    path.write_bytes(b"")


def folder(path):
    path.unlink()
    path.mkdir()


def other_json(path):
    path.write_text("[1, 2]")


HARMS = [flip, cut, empty, folder, lambda path: path.unlink(), other_json]


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache, and a process that has checked no file yet."""
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "_CHECKED", set())
    return tmp_path / "cache"


def same(stored):
    assert len(stored) == len(ROWS)
    for row, example in enumerate(ROWS):
        for key, value in example.items():
            np.testing.assert_array_equal(stored[row][key], value)


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["features", "prepared"])
def test_a_harmed_entry_is_dropped_said_and_made_again(kind, name, harm, cache):
    cached_store(kind, "key", True, lambda: [ROWS])
    harm(cache / kind / "key" / name)
    told = []
    same(cached_store(kind, "key", True, lambda: [ROWS], tell=told.append))
    assert len(told) == 1
    assert "an entry of the cache was damaged" in told[0]
    assert str(cache / kind / "key") in told[0]
    same(cached_store(kind, "key", True, lambda: pytest.fail("is there"), tell=lambda text: pytest.fail(text)))
    assert [path.name for path in (cache / kind).iterdir()] == ["key"]


def test_every_bit_of_an_entry_counts(cache):
    cached_store("features", "key", True, lambda: [ROWS])
    for name in FILES:
        path = cache / "features" / "key" / name
        whole = path.read_bytes()
        for place in range(0, len(whole), 7):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with pytest.raises(module.DamagedError):
                module.ExampleStore.open(path.parent)
        path.write_bytes(whole)
    same(module.ExampleStore.open(cache / "features" / "key"))


def test_a_file_is_summed_once_in_a_process(cache, monkeypatch):
    cached_store("features", "key", True, lambda: [ROWS])
    module.ExampleStore.open(cache / "features" / "key")
    monkeypatch.setattr(module.xxhash, "xxh3_128", lambda: pytest.fail("summed again"))
    same(module.ExampleStore.open(cache / "features" / "key"))


def test_a_folder_without_its_description_does_not_block_the_entry(cache):
    (cache / "features" / "key").mkdir(parents=True)
    (cache / "features" / "key" / "ids.bin").touch()
    same(cached_store("features", "key", True, lambda: [ROWS]))
    assert (cache / "features" / "key" / "store.json").is_file()


@pytest.mark.parametrize("harm", [*HARMS[:4], other_json, lambda path: path.write_text('{"state": {"mean": 2}}')])
def test_what_a_bridge_learned_is_checked_too(harm, cache):
    state = {"mean": 0.1, "names": ["é", "b"], "none": None}
    told = []
    assert cached_state("bridges", "key", lambda: state, told.append) == state
    path = cache / "bridges" / "key.json"
    assert cached_state("bridges", "key", lambda: pytest.fail("is there"), told.append) == state
    assert told == []
    harm(path)
    assert cached_state("bridges", "key", lambda: state, told.append) == state
    assert "an entry of the cache was damaged" in told[0]


def fail(number):
    def fail(*arguments, **settings):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_a_cache_that_cannot_be_written_is_done_without(number, cache, monkeypatch):
    made, told = [], []

    def make():
        made.append("lost 1")
        return [ROWS]

    monkeypatch.setattr(module._Summed, "write", fail(number))
    stored = cached_store("prepared", "key", True, make, lambda: made[-1:], told.append)
    same(stored)
    assert stored.notes == ("lost 1",)
    assert told == [
        f"the cache {cache} cannot be written ({os.strerror(number)}): this run goes on without it; MODAXFER_CACHE "
        "names another"
    ]
    assert list((cache / "prepared").iterdir()) == []


def test_a_file_where_the_cache_should_be_is_done_without(cache):
    cache.write_text("")
    told = []
    same(cached_store("features", "key", True, lambda: [ROWS], tell=told.append))
    assert cached_state("bridges", "key", lambda: {"a": 1}, told.append) == {"a": 1}
    assert len(told) == 2
    assert all("cannot be written" in text for text in told)


def test_errors_of_the_rows_themselves_are_not_the_caches(cache):
    def make():
        yield ROWS
        raise PermissionError(errno.EACCES, "a picture of the user's")

    with pytest.raises(PermissionError, match="a picture"):
        cached_store("prepared", "key", True, make)


def test_an_entry_is_read_from_a_cache_that_must_not_be_written(cache, monkeypatch):
    cached_store("features", "key", True, lambda: [ROWS])
    monkeypatch.setattr(os, "utime", fail(errno.EROFS))
    same(cached_store("features", "key", True, lambda: pytest.fail("is there")))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_features_that_are_no_numbers_are_refused(value):
    session = SimpleNamespace(encoder="modaxfer/bert")
    split = SimpleNamespace(ids=[f"r{row}" for row in range(9)])
    features = np.zeros((9, 2, 3), np.float32)
    refuse_undefined(session, split, "train", {0: features[:, 0], 1: features[:, 1]})
    features[2:, 1, 0] = value
    told = r"features of encoder modaxfer/bert.*layer 1, rows of train: r2, r3, r4, r5, r6 and 2 more.*--precision fp32"
    with pytest.raises(RunFailedError, match=told):
        refuse_undefined(session, split, "train", {0: features[:, 0], 1: features[:, 1]})
    ragged = {3: [np.zeros(2), np.full(1, value)]}
    with pytest.raises(RunFailedError, match="layer 3, rows of test: r1"):
        refuse_undefined(session, split, "test", ragged)


def test_the_description_says_what_was_written(cache):
    cached_store("features", "key", True, lambda: [ROWS], lambda: ["lost"])
    stored = json.loads((cache / "features" / "key" / "store.json").read_text())
    sizes = {name: size for name, (size, _) in stored["files"].items()}
    assert sizes == {name: (cache / "features" / "key" / name).stat().st_size for name in FILES[:4]}
