"""The same grid in this process and on every engine: equal tables; a cell that is killed is run once more, no other."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path

import pytest

import forked
import modaxfer
from modaxfer.engines.parent import PARENT
from modaxfer.runner.claims.hold import HeldError, hold

pytestmark = pytest.mark.recipe

CELL = forked.UNSEEN + "from modaxfer.cli.main import run; run()"
KILLED = """
import os, signal
from modaxfer.runner.training.loop import _GradientPhase

step = _GradientPhase._step

def fatal(phase, rows):
    step(phase, rows)
    os.kill(os.getpid(), signal.SIGKILL)

_GradientPhase._step = fatal
"""
"""Kills its own process after the first step."""

TIMES = ("seconds",)
"""Keys of a cell that tell how long it took."""


class Copies:
    """Stands in for `subprocess.Popen`: cells in copies of a process; one is killed the first time."""

    def __init__(self, killed: str) -> None:
        self.killed, self.started = killed, Counter()

    def __call__(self, command, *, env, stdout, **_):
        name = Path(command[5]).parent.name
        self.started[name] += 1
        fatal = KILLED if name == self.killed and self.started[name] == 1 else ""
        env = {key: value for key, value in env.items() if key != PARENT}  # The server is the parent of a copy.
        return _Copy(["-c", fatal + CELL, *command[3:]], environment=env, err=Path(stdout.name))


class _Copy(forked.Started):
    @property
    def returncode(self):
        return self.poll()

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def wait(self, timeout=None):
        return self.finish(timeout or 60).returncode


def grid(tiny, own_rows, folder):
    return {
        "encoder": f"{tiny('bert')},{tiny('wav2vec2')}", "strategy": "full", "seeds": 2, "epochs": 1, "batch_size": 8,
        "precision": "fp32", "device": "cpu", "bridge": "native-text", "output": str(folder), **own_rows("text"),
    }  # fmt: skip


def table(folder):
    """Return compare.json without what depends on the clock."""
    told = json.loads((folder / "compare.json").read_text())
    for cell in told["cells"]:
        for key in TIMES:
            cell.pop(key)
    return told


@pytest.fixture(scope="module")
def here(tiny, own_rows, tmp_path_factory):
    """The grid in this process."""
    folder = tmp_path_factory.mktemp("here") / "grid"
    modaxfer.compare(**grid(tiny, own_rows, folder), quiet=True)
    return table(folder)


def test_two_at_once_say_what_one_after_another_says(here, tiny, own_rows, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "grid"
    names = {Path(cell["run"]).name for cell in here["cells"] if cell["status"] == "completed"}
    (killed,) = [name for name in names if name.endswith("seed1")]
    copies = Copies(killed)
    monkeypatch.setattr("modaxfer.engines.local.subprocess.Popen", copies)
    modaxfer.compare(**grid(tiny, own_rows, folder), engine="local", jobs=2, resources={"cpus": 1})
    assert table(folder) == here
    assert [cell["status"] for cell in here["cells"]] == ["completed", "refused"] * 2
    assert copies.started[killed] == 2
    assert sorted(copies.started.values()) == [1, 1, 1, 2]
    said = capsys.readouterr().err
    assert f"{killed} died (killed by SIGKILL) and is run once more" in said
    assert ", 2 tries" in said
    assert sorted(path.name for path in (folder / "cells").iterdir()) == sorted(names)
    assert "completed" in (folder / "cells" / killed / "cell.log").read_text()

    # A second driver of the same folder goes away; one that comes after finds everything done.
    with hold(folder), monkeypatch.context() as patch:
        patch.setattr("modaxfer.runner.claims.hold._HELD", _nothing_held())
        with pytest.raises(HeldError, match="another process is writing into the output folder"):
            modaxfer.compare(**grid(tiny, own_rows, folder), jobs=2, quiet=True)
    modaxfer.compare(**grid(tiny, own_rows, folder), jobs=2, resources={"cpus": 1})
    assert copies.started[killed] == 2
    assert capsys.readouterr().err.count("(from before)") == 2


def _nothing_held():
    from contextvars import ContextVar
    from types import MappingProxyType

    return ContextVar("held", default=MappingProxyType({}))


@pytest.fixture(scope="module")
def apart(tiny, own_rows, tmp_path_factory):
    """The grid in real processes on this machine: in ours, tests are spared some of what a run does."""
    folder = tmp_path_factory.mktemp("apart") / "grid"
    asked = grid(tiny, own_rows, folder) | {"seeds": 1}
    modaxfer.compare(**asked, engine="local", jobs=2, resources={"cpus": 1}, quiet=True)
    return table(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "package", "resources"),
    [
        ("ray", "ray", {}),
        ("slurm", "submitit", {"cluster": "local"}),
        ("slurm", "submitit", {"cluster": "debug"}),
    ],
)
@pytest.mark.filterwarnings("ignore")  # Ray leaves files of its own open.
def test_every_engine_says_the_same(engine, package, resources, apart, tiny, own_rows, tmp_path):
    pytest.importorskip(package, reason=f"extra {engine} is absent")
    asked = grid(tiny, own_rows, tmp_path / "grid") | {"seeds": 1}
    modaxfer.compare(**asked, engine=engine, jobs=2, resources={"cpus": 1, **resources}, quiet=True)
    assert table(tmp_path / "grid") == apart
    assert [cell["status"] for cell in apart["cells"]] == ["completed", "refused"]
