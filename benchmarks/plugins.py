"""Measure what installed plugins cost at start-up: ``make plugins-speed``.

Thirty plugins are generated and installed, files and metadata as pip leaves them, compiled. A round runs each command
with and without them, in turn; the median of the rounds' differences counts, in processor seconds, which neighbours on
the machine leave alone, and on the wall's clock. Writes ``docs/results/plugins.json``.
"""

from __future__ import annotations

import argparse
import compileall
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from resumable import store

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "plugins.json"

PLUGINS = 30
COMMANDS = {"list tasks": ["list", "tasks"], "--help": ["--help"]}

PLUGIN = '''"""What this plugin brings."""

from modaxfer import hookimpl
from modaxfer.spec import Field, FolderSource, MetricSpec, Target, TaskSpec, TEXT

MODAXFER_API = 0


@hookimpl
def modaxfer_tasks():
    return [
        TaskSpec(
            name=f"made-{number}-{{each}}",
            fields=(Field(name="text", signal=TEXT),),
            target=Target(classes=("no", "yes")),
            sources=(FolderSource(name=f"made-{number}-{{each}}"),),
            domain="made up",
            licence="CC0-1.0",
            summary="Made for a measurement.",
        )
        for each in range(4)
    ]


@hookimpl
def modaxfer_metrics():
    target = "modaxfer_made_{number}.metrics:made"
    return [MetricSpec(name="made_{number}", target=target, problems=("binary",), summary="Made.")]
'''


@dataclass(frozen=True)
class Taken:
    """What one command took, in seconds."""

    cpu: float
    """Of processor time: what neighbours on the machine leave alone."""
    wall: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder))
        cells = [measure(command, Path(folder), options.rounds) for command in COMMANDS]
    for cell in cells:
        for clock in ("cpu", "wall"):
            found = cell[clock]
            print(f"{cell['command']}: {found['without']:.3f} s {clock}, with plugins {found['difference']:+.3f} s")
    store(options.output, {"plugins": PLUGINS, "rounds": options.rounds, "cells": cells})
    return 0


def install(folder: Path) -> None:
    """Write the plugins into `folder` as pip would, each a package with its metadata."""
    for number in range(PLUGINS):
        package = folder / f"modaxfer_made_{number}"
        told = folder / f"modaxfer_made_{number}-0.1.0.dist-info"
        package.mkdir()
        told.mkdir()
        (package / "__init__.py").write_text("")
        (package / "plugin.py").write_text(PLUGIN.format(number=number))
        (told / "METADATA").write_text(f"Metadata-Version: 2.4\nName: modaxfer-made-{number}\nVersion: 0.1.0\n")
        (told / "entry_points.txt").write_text(f"[modaxfer]\nmade-{number} = modaxfer_made_{number}.plugin\n")
    compileall.compile_dir(folder, quiet=1)


def measure(command: str, folder: Path, rounds: int) -> dict[str, Any]:
    """Return seconds of `command` with and without the plugins in `folder`, medians, and their difference."""
    bare = dict(os.environ)
    full = {**bare, "PYTHONPATH": os.pathsep.join(filter(None, (bare.get("PYTHONPATH"), str(folder))))}
    sides = {"without": bare, "with": full}
    said = {side: _seconds(command, environment)[1] for side, environment in sides.items()}  # warms the disk's cache
    if command != "--help":
        assert said["with"].count("made-") > said["without"].count("made-") == 0, "the plugins are not there"
    times: dict[str, list[Taken]] = {side: [] for side in sides}
    for number in range(rounds):
        for side in sorted(sides, reverse=bool(number % 2)):
            times[side].append(_seconds(command, sides[side])[0])
    return {"command": command, "cpu": _paired(times, "cpu"), "wall": _paired(times, "wall")}


def _paired(times: Mapping[str, Sequence[Taken]], clock: str) -> dict[str, float]:
    """Return the medians of both sides, and the median of the rounds' differences with their range."""
    bare, full = ([getattr(each, clock) for each in times[side]] for side in ("without", "with"))
    differences = [more - less for more, less in zip(full, bare, strict=True)]
    found = {"without": median(bare), "with": median(full), "difference": median(differences)}
    found |= {"least": min(differences), "most": max(differences)}
    return {name: round(value, 4) for name, value in found.items()}


def _seconds(command: str, environment: Mapping[str, str]) -> tuple[Taken, str]:
    line = [sys.executable, "-m", "modaxfer", *COMMANDS[command]]
    before, started = _spent(), time.perf_counter()
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)
    return Taken(cpu=_spent() - before, wall=time.perf_counter() - started), done.stdout


def _spent() -> float:
    """Return processor seconds of all processes that have been started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
