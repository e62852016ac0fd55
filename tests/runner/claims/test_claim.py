"""A folder is claimed before anything is read: by one run at a time, and without harm to what lies there."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType

import pytest

from modaxfer.config import RunConfig
from modaxfer.errors import OutputExistsError
from modaxfer.result import Result
from modaxfer.runner.claims.claim import claim
from modaxfer.runner.claims.hold import HeldError, hold, joining
from modaxfer.runner.folder import store_config

CONFIG = RunConfig(encoder=("bert",), strategy="full", task=("digits",))

CLAIMING = """
import sys, time
from pathlib import Path
from modaxfer.config import RunConfig
from modaxfer.runner.claims.claim import claim
from modaxfer.runner.folder import store_config
print("ready", flush=True)
sys.stdin.readline()
with claim(RunConfig(encoder=("bert",), strategy="full", task=("digits",))) as claimed:
    store_config(claimed.config, claimed.folder)
    print(claimed.folder, flush=True)
    sys.stdin.readline()
"""

HOLDING = """
import sys
from pathlib import Path
from modaxfer.runner.claims.hold import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""

HANDING_ON = """
import subprocess, sys
from pathlib import Path
from modaxfer.runner.claims.hold import hold, joining
with hold(Path(sys.argv[1])):
    files = joining(Path(sys.argv[1]))[1]
    print(subprocess.Popen(["sleep", "60"], pass_fds=files, stdout=subprocess.DEVNULL).pid, flush=True)
    sys.stdin.readline()
"""


def started(code, *words, cwd=None):
    return subprocess.Popen(
        [sys.executable, "-c", code, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cwd
    )


def told(process, line="\n"):
    process.stdin.write(line)
    process.stdin.flush()


@pytest.fixture
def holder(tmp_path):
    """A process that holds ``run``."""
    process = started(HOLDING, str(tmp_path / "run"))
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def finished(folder, status="completed"):
    store_config(CONFIG, folder)
    Result(status=status, encoder={}, bridge="", strategy="", task="").save(folder)
    return folder


def test_processes_that_race_for_a_default_name_get_one_each(tmp_path):
    processes = [started(CLAIMING, cwd=tmp_path) for _ in range(4)]
    try:
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            told(process)
        names = [process.stdout.readline().strip() for process in processes]
        stem = "runs/digits-bert-full-0"
        assert sorted(names) == [stem, f"{stem}-2", f"{stem}-3", f"{stem}-4"]
    finally:
        for process in processes:
            process.communicate("\n", timeout=30)


def test_who_holds_a_folder_is_named(holder, tmp_path):
    folder = tmp_path / "run"
    for resume in (False, True):
        if resume:
            store_config(CONFIG, folder)
        named = rf"another process is writing into the output folder.*process {holder.pid} on \S+ since 20\d\d-"
        with pytest.raises(HeldError, match=named), claim(RunConfig(output=str(folder)), resume=resume):
            pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (folder / ".lock").exists()
    with claim(RunConfig(output=str(folder)), resume=True):
        assert json.loads((folder / ".lock").read_text())["pid"] == os.getpid()
    assert not (folder / ".lock").exists(), "a lock that a dead process left is no obstacle"


def test_two_threads_do_not_share_a_folder(tmp_path):
    found = []

    def other():
        try:
            with hold(tmp_path / "run"):
                found.append("held")
        except HeldError as error:
            found.append(error)

    with hold(tmp_path / "run"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert isinstance(found[0], HeldError)


def test_what_is_started_inside_joins(tmp_path, monkeypatch):
    config = RunConfig(output=str(tmp_path / "run"))
    with claim(config) as outer:
        store_config(config, outer.folder)
        with claim(config) as inner:
            assert inner.folder == outer.folder
        variables, files = joining(outer.folder)
        assert len(files) == 1
    with hold(tmp_path / "run"), monkeypatch.context() as patch:
        patch.setattr("modaxfer.runner.claims.hold._HELD", ContextVar("elsewhere", default=MappingProxyType({})))
        with pytest.raises(HeldError):
            hold(tmp_path / "run").__enter__()
        for name, value in variables.items():
            patch.setenv(name, value)
        with claim(config) as joined:
            assert joined.folder == outer.folder


def test_processes_of_a_holder_that_dies_keep_its_folder(tmp_path):
    process = started(HANDING_ON, str(tmp_path / "run"))
    child = int(process.stdout.readline())
    try:
        process.kill()
        process.wait()
        with pytest.raises(HeldError):
            hold(tmp_path / "run").__enter__()
    finally:
        os.kill(child, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("output", ["run", "a/b/run", None])
def test_a_claim_that_comes_to_nothing_leaves_nothing(output, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = RunConfig(encoder=("bert",), strategy="full", task=("digits",), output=output)
    with claim(config) as claimed:
        assert claimed.folder.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_not_written_over(tmp_path):
    for status, state in (("completed", "a finished run"), ("failed", "a run that failed.*--resume")):
        finished(tmp_path, status)
        with pytest.raises(OutputExistsError, match=f"{state}"), claim(RunConfig(output=str(tmp_path))):
            pass
    (tmp_path / "result.json").unlink()
    with pytest.raises(OutputExistsError, match=r"an unfinished run.*--overwrite.*--resume"):
        claim(RunConfig(output=str(tmp_path))).__enter__()


@pytest.mark.parametrize("name", ["README.md", "model", "figures", ".checkpoint"])
def test_files_that_a_run_would_write_over_refuse_it(name, tmp_path):
    (tmp_path / name).mkdir()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(OutputExistsError, match=f"holds no run, but files under names that a run writes.*{name}"):
        claim(RunConfig(output=str(tmp_path))).__enter__()
    (tmp_path / name).rmdir()
    with claim(RunConfig(output=str(tmp_path))):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_overwriting_waits_until_nothing_can_be_refused(tmp_path):
    folder = finished(tmp_path / "run")
    (folder / "model" / "towers" / "0" / "base").mkdir(parents=True)
    (folder / "model" / "towers" / "0" / "base" / "vocab.txt").touch()
    finished(folder / "seeds" / "1")
    config = RunConfig(output=str(folder))
    with pytest.raises(ZeroDivisionError), claim(config, overwrite=True):
        raise ZeroDivisionError
    assert (folder / "result.json").exists()
    with claim(config, overwrite=True) as claimed:
        claimed.clear()
        assert [path.name for path in folder.iterdir()] == [".lock"]
        (folder / "log.jsonl").touch()
        claimed.clear()
        assert (folder / "log.jsonl").exists(), "once"


@pytest.mark.parametrize("name", ["notes.txt", "model/notes.txt", "figures/mine.png", "seeds/1/notes.txt", "seeds/x"])
def test_overwriting_spares_files_of_others(name, tmp_path):
    folder = finished(tmp_path / "run")
    config = RunConfig(output=str(folder))
    with claim(config, overwrite=True) as late:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
        with pytest.raises(OutputExistsError, match=f"no part of the run.*{name}"):
            late.clear()
    with pytest.raises(OutputExistsError, match=f"no part of the run.*{name}"):
        claim(config, overwrite=True).__enter__()
    assert (folder / name).exists()
    assert (folder / "result.json").exists()


def test_a_file_in_the_way_is_said_at_once(tmp_path):
    (tmp_path / "file").touch()
    for place, why in (("file", "a file has this name"), ("file/run", "Not a directory")):
        with pytest.raises(OutputExistsError, match=f"the output folder cannot be written.*{why}"):
            claim(RunConfig(output=str(tmp_path / place))).__enter__()


def test_a_folder_that_can_never_be_made_is_said(tmp_path, monkeypatch):
    def fail(*arguments, **more):  # As file systems of a kernel do.
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    monkeypatch.setattr(Path, "mkdir", fail)
    with pytest.raises(OutputExistsError, match=r"the output folder cannot be written.*No such file"):
        claim(RunConfig(output=str(tmp_path / "run"))).__enter__()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_written_is_said_at_once(number, tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pwrite", fail)
    with pytest.raises(OutputExistsError, match=f"cannot be written.*{os.strerror(number)}"):
        claim(RunConfig(output=str(tmp_path / "a" / "run"))).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_locks_is_written_all_the_same(tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    with claim(RunConfig(output=str(tmp_path / "run"))) as claimed:
        assert claimed.folder == Path(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
