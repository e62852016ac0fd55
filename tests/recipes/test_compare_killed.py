"""A comparison of eight cells, killed in the middle and started again, runs only what was missing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.recipe

CELLS, SEEDS = 8, 2

UNDRAWN = "from modaxfer.reports import figures; figures.draw = lambda *_: (); from modaxfer.cli.main import run; run()"
"""The command line without figures, which take most of a tiny run's time."""


def command(encoders, rows, folder):
    return [
        *(sys.executable, "-c", UNDRAWN, "compare", "--encoder", ",".join(map(str, encoders))),
        *("--strategy", "full,lora", "--seeds", str(SEEDS), "--epochs", "1", "--precision", "fp32", "--device", "cpu"),
        *("--data", rows["data"], "--text", "text", "--problem", "regression", "--output", str(folder)),
    ]


def ended(folder):
    path = folder / "compare.json"
    return json.loads(path.read_text())["cells"] if path.is_file() else []


def begun(folder):
    """Return the cells that are in the middle: started, without a result."""
    runs = (folder / "cells").glob("*/config.yaml")
    return [path.parent.name for path in runs if not (path.parent / "result.json").exists()]


def kill_within_a_cell(arguments, folder, after):
    """Start a comparison and kill it in the middle of a cell, once `after` others have ended."""
    started = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 240
        while len(ended(folder)) < after or not begun(folder):
            assert started.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline, "it does not get on"
            time.sleep(0.002)
    finally:
        started.send_signal(signal.SIGKILL)
        started.wait()


def test_only_what_was_missing_runs_again(tiny, own_rows, tmp_path):
    folder = tmp_path / "grid"
    arguments = command([tiny("bert"), tiny("electra")], own_rows("regression"), folder)
    kill_within_a_cell(arguments, folder, after=3)
    before = {cell["run"]: (folder / cell["run"] / "result.json").stat().st_mtime_ns for cell in ended(folder)}
    assert 3 <= len(before) < CELLS

    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    cells = ended(folder)
    assert [cell["status"] for cell in cells] == ["completed"] * CELLS
    after = {cell["run"]: (folder / cell["run"] / "result.json").stat().st_mtime_ns for cell in cells}
    kept = {run for run, changed in after.items() if before.get(run) == changed}
    assert kept == set(before), "what had ended was not run again"
    lines = [line for line in done.stderr.splitlines() if line.startswith("[")]
    assert len(lines) == CELLS
    assert sum("(from before)" in line for line in lines) == len(kept)
    assert f"{CELLS} completed" in done.stdout
    assert len({(cell["encoder"], cell["strategy"], cell["seed"]) for cell in cells}) == CELLS
