"""Runs that others start from are kept: made once, whole or not there, shared by processes, and linked into a run."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from modaxfer.result import Result
from modaxfer.runner.before import store
from modaxfer.runner.before.store import kept_run, link_run, store_is_writable
from modaxfer.runner.claims.hold import hold, is_held
from modaxfer.runner.rows import cache


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """A cache of its own."""
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(store, "POLL_S", 0.02)
    return tmp_path / "cache" / "runs"


def alone(make):
    return make()


def finish(folder: Path, text: str = "x") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "made").open("a", encoding="utf-8") as file:
        file.write(text)
    Result(status="completed", encoder={}, bridge="", strategy="", task="").save(folder)


def test_what_is_finished_is_found_and_not_made_again(kept):
    assert store_is_writable()
    first, before = kept_run("k", finish, alone, print)
    assert (first, before) == (kept / "k", False)
    assert kept_run("k", finish, alone, print) == (first, True)
    assert (first / "made").read_text() == "x"
    assert kept_run("other", finish, alone, print)[0] == kept / "other"


def test_what_was_killed_is_gone_on_with_and_stays_nameless_until_it_is_done(kept):
    def killed(folder):
        finish(folder, "half ")
        (folder / "result.json").unlink()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept_run("k", killed, alone, print)
    assert [path.name for path in kept.iterdir()] == [".k"]
    folder, before = kept_run("k", finish, alone, print)
    assert ((folder / "made").read_text(), before) == ("half x", False)
    assert [path.name for path in kept.iterdir()] == ["k"]


def _slow(folder: Path) -> None:
    with hold(folder):
        if not (folder / "result.json").is_file():
            time.sleep(0.5)
            finish(folder)


def _make(said) -> None:
    lines: list[str] = []
    folder, _ = kept_run("k", _slow, alone, lines.append)
    said.put((str(folder), lines))


def test_two_processes_make_it_once_and_one_waits(kept):
    context = multiprocessing.get_context("fork")
    said = context.Queue()
    workers = [context.Process(target=_make, args=(said,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    found = [said.get(timeout=30) for _ in workers]
    for worker in workers:
        worker.join(30)
    assert {folder for folder, _ in found} == {str(kept / "k")}
    assert (kept / "k" / "made").read_text() == "x"
    assert sorted(len(lines) for _, lines in found) == [0, 1]
    assert any("another process trains it: waiting for" in line for _, lines in found for line in lines)


def test_a_linked_run_outlives_the_store_and_is_whole_or_not_there(kept, tmp_path, monkeypatch):
    folder, _ = kept_run("k", finish, alone, print)
    place = tmp_path / "run" / "before" / "source"
    monkeypatch.setattr(store, "_link", broken)
    with pytest.raises(OSError, match="full"):
        link_run(folder, place)
    assert not place.exists()
    monkeypatch.undo()
    link_run(folder, place)
    assert os.path.samefile(folder / "made", place / "made")
    (folder / "made").unlink()
    assert (place / "made").read_text() == "x"


def broken(source, target):
    raise OSError("the disk is full")


def test_a_run_on_another_disk_is_copied(kept, tmp_path, monkeypatch):
    folder, _ = kept_run("k", finish, alone, print)

    def across(source, target):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", across)
    assert (link_run(folder, tmp_path / "copy") / "made").read_text() == "x"


def test_the_oldest_kept_runs_go_first_and_never_one_that_is_being_made(kept, monkeypatch):
    for age, key in enumerate(("new", "old")):
        folder, _ = kept_run(key, finish, alone, print)
        os.utime(folder, (1000 - age, 1000 - age))
    (kept / ".making").mkdir()
    monkeypatch.setenv("MODAXFER_CACHE_GB", "0")
    with hold(kept / ".making"):
        os.utime(kept / ".making", (0, 0))
        assert is_held(kept / ".making")
        cache._prune(kept.parent, keep=kept / "new")
        assert sorted(path.name for path in kept.iterdir()) == [".making", "new"]
    assert not is_held(kept / "new")
