"""A comparison of three cells, killed in the middle of the second and started again, runs only what was missing."""

from __future__ import annotations

import json
import signal

import pytest

import forked

pytestmark = pytest.mark.recipe

CELLS, KILLED_IN = 3, 2

COMPARE = forked.UNSEEN + "from modaxfer.cli.main import run; run()"
KILLED = f"""
import os, signal
from modaxfer.runner.training.loop import _GradientPhase

step, cells = _GradientPhase._step, []

def fatal(phase, rows):
    step(phase, rows)
    if phase not in cells:
        cells.append(phase)
    if len(cells) == {KILLED_IN}:
        os.kill(os.getpid(), signal.SIGKILL)

_GradientPhase._step = fatal
"""
"""Kills its own process after the first step of a cell."""


def words(encoder, rows, folder):
    return [
        *("compare", "--encoder", str(encoder), "--strategy", "full", "--seeds", str(CELLS)),
        *("--epochs", "1", "--precision", "fp32", "--device", "cpu", "--problem", "regression"),
        *("--data", rows["data"], "--text", "text", "--output", str(folder)),
    ]


def ended(folder):
    path = folder / "compare.json"
    return json.loads(path.read_text())["cells"] if path.is_file() else []


def begun(folder):
    """Return the cells that are in the middle: started, without a result."""
    runs = (folder / "cells").glob("*/config.yaml")
    return [path.parent.name for path in runs if not (path.parent / "result.json").exists()]


def written(folder):
    """Return when each cell that has ended wrote its result."""
    return {cell["run"]: (folder / cell["run"] / "result.json").stat().st_mtime_ns for cell in ended(folder)}


def test_only_what_was_missing_runs_again(tiny, own_rows, tmp_path, shell):
    folder = tmp_path / "grid"
    asked = words(tiny("bert"), own_rows("regression"), folder)
    assert forked.python("-c", KILLED + COMPARE, *asked).returncode == -signal.SIGKILL
    before = written(folder)
    assert (len(before), len(begun(folder))) == (KILLED_IN - 1, 1)

    status, told, said = shell(*asked)
    assert status == 0, said
    cells = ended(folder)
    assert [cell["status"] for cell in cells] == ["completed"] * CELLS
    after = written(folder)
    kept = {run for run, changed in after.items() if before.get(run) == changed}
    assert kept == set(before), "what had ended was not run again"
    lines = [line for line in said.splitlines() if line.startswith("[")]
    assert len(lines) == CELLS
    assert sum("(from before)" in line for line in lines) == len(kept)
    assert f"{CELLS} completed" in told
    assert len({(cell["encoder"], cell["strategy"], cell["seed"]) for cell in cells}) == CELLS
