"""What was trained is on disk before anything else can fail, and a finished run is never lost to what comes after."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest

import modaxfer
from modaxfer.errors import RunFailedError
from modaxfer.registry import registry
from modaxfer.result import Result
from modaxfer.runner.claims.contents import foreign, remove
from modaxfer.runner.evaluation import conclude
from modaxfer.runner.training.checkpoint import Checkpoints

pytestmark = pytest.mark.recipe

QUICK = {"strategy": "full", "epochs": 1, "precision": "fp32", "device": "cpu", "quiet": True}


def fail(*arguments, **settings):
    raise ZeroDivisionError("made to fail")


@pytest.fixture
def train(tiny, own_rows, tmp_path):
    def train(**settings):
        request = {"encoder": str(tiny("bert")), "output": tmp_path / "run", **QUICK, **own_rows("text", 24)}
        return modaxfer.train(**request | settings)

    return train


def test_where_scores_fail_the_model_is_there(train, own_rows, tmp_path, monkeypatch):
    with monkeypatch.context() as trouble:
        trouble.setattr(conclude, "examine", fail)
        with pytest.raises(ZeroDivisionError):
            train()
    failed = Result.load(tmp_path / "run")
    assert (failed.status, failed.error) == ("failed", "ZeroDivisionError: made to fail")
    (made,) = modaxfer.predict(tmp_path / "run", [{"text": "a word"}])
    assert made["prediction"] is not None
    assert train(resume=True).result.status == "completed"


def test_checkpoints_go_when_the_result_is_there(train, tmp_path, monkeypatch):
    seen = []
    clear = Checkpoints.clear

    def noted(self):
        seen.append((tmp_path / "run" / "result.json").is_file())
        clear(self)

    monkeypatch.setattr(Checkpoints, "clear", noted)
    train()
    assert seen == [True]


def test_reports_and_observers_that_fail_are_warnings_of_the_result(train, tmp_path, monkeypatch):
    monkeypatch.setattr("modaxfer.reports.html.write", fail)
    told = []

    def notify(event, **values):
        told.append((event, values, {path.name for path in (tmp_path / "run").iterdir()}))
        return ["plugin 'x' failed at run_end"] if event == "run_end" else []

    monkeypatch.setattr(registry(), "notify", notify)
    train(seeds=2)
    result = Result.load(tmp_path / "run")
    assert result.status == "completed"
    # The other seed is a part of the run: one begin, one end when all is there, and the lines of the first seed.
    events = [event for event, _, _ in told]
    assert (events[0], events[-1]) == ("run_start", "run_end")
    assert set(events[1:-1]) == {"stage_end", "logged"}
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [values["values"] for event, values, _ in told if event == "logged"] == lines
    _, ended, there = told[-1]
    assert (ended["folder"], ended["result"]["repeats"]["seeds"]) == (tmp_path / "run", [0, 1])
    assert {"README.md", "seeds", "result.json"} <= there
    assert "plugin 'x' failed at run_end" in result.warnings
    assert [w for w in result.warnings if "report modaxfer/html failed: ZeroDivisionError: made to fail" in w]


def test_a_full_disk_is_said_once_with_what_helps(train, tmp_path, monkeypatch):
    def full(*arguments, **settings):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Result, "save", full)
    with pytest.raises(RunFailedError, match=r"no space left to write into .*run.* MB free there.*MODAXFER_CACHE"):
        train()
    monkeypatch.undo()
    assert (tmp_path / "run" / "model" / "model.json").is_file()


@contextmanager
def small_disk(folder, kilobytes):
    folder.mkdir()
    command = shutil.which("mount")
    done = command and subprocess.run(
        [command, "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not done or done.returncode:
        pytest.skip("no small disk can be made here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True, capture_output=True)


def test_a_disk_that_fills_up_while_running(train, tmp_path):
    with small_disk(tmp_path / "disk", 48) as disk:
        with pytest.raises(RunFailedError, match=f"no space left to write into {disk}/run"):
            train(output=disk / "run")
        assert not list(disk.rglob("*.safetensors")), "no half of a file"


def test_a_cache_that_fills_up_is_done_without(train, tmp_path, monkeypatch):
    with small_disk(tmp_path / "disk", 8) as disk:
        monkeypatch.setenv("MODAXFER_CACHE", str(disk))
        result = train().result
    told = f"the cache {disk} cannot be written (No space left on device): this run goes on without it"
    assert [warning.startswith(told) for warning in result.warnings if "cache" in warning] == [True]


def test_every_file_is_valid_json_and_as_readable_as_the_others(train, tmp_path, monkeypatch):
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "cache"))
    train(set={"patience": 0}, epochs=2)
    for path in (tmp_path / "run").rglob("*.json*"):
        for line in path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]:
            json.loads(line, parse_constant=lambda name: pytest.fail(name))
    umask = os.umask(0)
    os.umask(umask)
    modes = {
        path.name: path.stat().st_mode & 0o777
        for folder in ("run", "cache")
        for path in (tmp_path / folder).rglob("*")
        if path.is_file()
    }
    assert {name for name, mode in modes.items() if mode != 0o666 & ~umask} == set()
    assert "head.safetensors" in modes


def test_what_a_run_writes_is_known_to_be_its_own(train, tmp_path):
    train(seeds=2)
    assert foreign(tmp_path / "run") == []
    remove(tmp_path / "run")
    assert not (tmp_path / "run").exists()
