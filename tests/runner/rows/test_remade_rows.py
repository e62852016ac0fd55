"""Prepared rows that have no room are made again each time they are read, and say the same."""

from __future__ import annotations

import os

import numpy as np
import pytest

import modaxfer
from modaxfer.data.download import cache_folder
from modaxfer.runner.rows import cache, prepare, remade
from modaxfer.runner.rows.content import row_keys
from modaxfer.runner.rows.remade import NoRoomError, RemadeRows, disk_room, within


def example(row):
    return {"values": np.arange(row + 1, dtype=np.float32)}


def test_rows_are_made_once_at_the_start_and_then_whenever_they_are_asked_for():
    asked = []
    chunks = [[example(0), example(1)], [example(2)]]
    rows = RemadeRows(iter(chunks), lambda row: asked.append(row) or example(row), lambda one: len(one["values"]), list)
    assert (len(rows), rows.lengths.tolist(), asked) == (3, [1, 2, 3], [])
    assert np.array_equal(rows.keys, row_keys([example(row) for row in range(3)]))
    assert [len(rows[row]["values"]) for row in (2, 0, 2)] == [3, 1, 3]
    assert asked == [2, 0, 2]
    with pytest.raises(IndexError):
        rows[3]


def test_the_first_rows_tell_how_much_all_would_take(monkeypatch):
    monkeypatch.setattr(remade, "SPARE", 0)
    chunk = [{"values": np.zeros(250, np.float32)}] * 2
    assert len(list(within(lambda: (6000.0, ""), 6, [chunk] * 3))) == 3
    with pytest.raises(NoRoomError, match=r"^6 prepared rows would take 0.0 GB, the disk has 0.0 GB$"):
        next(within(lambda: (5999.0, "the disk has"), 6, [chunk] * 3))
    monkeypatch.setattr(remade, "SPARE", 6000)
    assert len(list(within(lambda: pytest.fail("there is room"), 6, [chunk] * 3))) == 3


def test_the_disk_has_room_up_to_the_size_of_the_cache_and_half_of_what_is_free(monkeypatch, tmp_path):
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "not" / "there"))
    monkeypatch.setenv("MODAXFER_CACHE_GB", "0.001")
    assert disk_room() == (1e6, "the cache (MODAXFER_CACHE_GB) holds")
    monkeypatch.setenv("MODAXFER_CACHE_GB", "1e9")
    room, told = disk_room()
    free = os.statvfs(tmp_path)
    assert room == pytest.approx(free.f_bavail * free.f_frsize / 2, rel=0.1)
    assert told == "half of what is free on the disk of the cache is"


@pytest.mark.parametrize(("kind", "encoder"), [("image", "vit"), ("audio", "wav2vec2")])
@pytest.mark.parametrize("strategy", ["frozen", "full"])
def test_a_run_without_room_has_the_scores_of_one_with(tiny, own_rows, tmp_path, monkeypatch, kind, encoder, strategy):
    def scores(name):
        monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / name))
        given = {"precision": "fp32", "device": "cpu", "quiet": True, "output": tmp_path / f"{name} run"}
        epochs = {"epochs": 1} if strategy == "full" else {}
        run = modaxfer.train(encoder=str(tiny(encoder)), strategy=strategy, **given, **epochs, **own_rows(kind))
        return dict(run.result.metrics["test"]), run.result

    expected, usual = scores("kept")
    assert [*(cache_folder() / "prepared").iterdir()]
    monkeypatch.setattr(remade, "SPARE", 0)
    monkeypatch.setattr(prepare, "disk_room", lambda: (10.0, "the disk has"))
    found, result = scores("remade")
    assert found == pytest.approx(expected, abs=1e-6)
    (told,) = [line for line in result.warnings if line.startswith("train: ")]
    assert told.endswith(
        "prepared rows would take 0.0 GB, the disk has 0.0 GB; they are made again each time they are read"
    )
    assert not [*(cache_folder() / "prepared").iterdir()]
    assert not any(line.startswith("train: ") for line in usual.warnings)


def test_what_the_disk_will_not_take_is_held_in_memory_only_where_there_is_room(
    tiny, own_rows, opened, tmp_path, monkeypatch
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(remade, "SPARE", 0)
    monkeypatch.setattr(prepare, "disk_room", lambda: (1e9, "the disk has"))
    given = modaxfer.config.RunConfig(encoder=(str(tiny("vit")),), strategy="frozen", **own_rows("image"))
    (session,), _, _ = opened(given)
    assert isinstance(session.splits["train"].rows, cache.ExampleStore)
    monkeypatch.setattr(prepare, "memory_room", lambda: (10.0, "memory has"))
    (session,), _, _ = opened(given)
    assert isinstance(session.splits["train"].rows, RemadeRows)
