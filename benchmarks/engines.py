"""Run 2,000 cells that cost milliseconds through an engine, with failures: each ends exactly once. ``make engines``.

A cell is a script that stands in for ``modaxfer train --config CELL --cell``: it holds its folder, does its work unless
that is done, and leaves its mark. Some are killed (SIGKILL) in the middle, once or twice; the driver itself is killed
(SIGKILL) after a third of them, with cells in flight, and started again. Writes ``docs/results/engines.json``.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from resumable import store

from modaxfer.engines import Job, carried_out, chosen

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "engines.json"

ONCE, TWICE = 10, 100
"""Each cell whose number this divides is killed in its first try; in its first two."""

DRIVER_DIES_AT = 3
"""The driver is killed when this part of the cells has ended: a third."""

WORK = "if [ ! -e {0}.ran ]; then {1} echo ran >> {0}.ran; fi"
KILLED = "if [ ! -e {0}.killed{1} ]; then touch {0}.killed{1}; kill -9 $$; fi; "


def job(folder: Path, number: int) -> Job:
    """Return the job of one cell: what it does is counted by the lines of ``CELL.ran``."""
    place = folder / f"cell-{number}"
    kills = (number % ONCE == 0) + (number % TWICE == 0)
    work = WORK.format(place, "".join(KILLED.format(place, kill) for kill in range(kills)))
    script = f"flock {place}.lock sh -c '{work}' || kill -9 $$; touch {place}.ended"
    return Job(
        name=place.name,
        command=("/bin/sh", "-c", script),
        log=place.with_suffix(".log"),
        mark=place.with_suffix(".ended"),
    )


def drive(folder: Path, cells: int, engine: str, jobs: int, dies_at: int | None) -> Counter[int]:
    """Run what is missing, as a driver does; return how many cells took how many tries."""
    asked = [job(folder, number) for number in range(cells)]
    where, tries = chosen(engine, jobs, {"cpus": 1}), Counter[int]()
    missing = [each for each in asked if not each.mark.is_file()]
    for done, ended in enumerate(carried_out(where.open(folder), missing, lambda line: None), start=1):
        tries[ended.tries] += 1
        if dies_at is not None and done >= dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
    return tries


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill a driver, start another, count what each cell has done, and store it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=2_000)
    parser.add_argument("--engine", default="local")
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--killed-driver", type=Path, help="be the driver that is killed, in this folder")
    options = parser.parse_args(arguments)
    given = (options.cells, options.engine, options.jobs)
    if options.killed_driver:
        drive(options.killed_driver, *given, dies_at=options.cells // DRIVER_DIES_AT)
    with tempfile.TemporaryDirectory(prefix="modaxfer-engines-") as scratch:
        folder, started = Path(scratch), time.monotonic()
        words = [sys.executable, __file__, "--cells", str(options.cells), "--engine", options.engine]
        first = subprocess.run([*words, "--jobs", str(options.jobs), "--killed-driver", scratch], check=False)
        before = sum(1 for _ in folder.glob("*.ended"))
        tries = drive(folder, *given, dies_at=None)
        seconds = time.monotonic() - started
        ran = Counter(path.read_text().count("\n") for path in folder.glob("*.ran"))
        kills = sum(1 for _ in folder.glob("*.killed*"))
    found = {
        "cells": options.cells, "engine": options.engine, "jobs": options.jobs, "killed": kills,
        "driver": first.returncode, "ended_before": before, "seconds": round(seconds, 1),
        "ran": {str(times): count for times, count in sorted(ran.items())},
        "tries_after": {str(number): count for number, count in sorted(tries.items())},
    }  # fmt: skip
    store(options.output, found)
    print(found)
    return 0 if ran == {1: options.cells} else 1


if __name__ == "__main__":
    sys.exit(main())
