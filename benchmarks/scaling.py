"""Measure how scoring grows with rows and classes: ``make scaling``.

Time and memory of what surrounds training: carving splits, the chance score, intervals, the simple baseline of texts.
Every cell is a process of its own, ended after a limit. Writes ``docs/results/scaling.json``; with ``--before FOLDER``
the sources of another version are measured, and stand beside.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine, describe_versions

RESULTS = Path(__file__).parent.parent / "docs" / "results" / "scaling.json"
CLASSES, ROWS = (100, 400, 2000), (10_000, 100_000)
TEST = 0.2
LIMIT_S, LIMIT_BYTES = 240, 12 * 2**30
"""Where a cell is ended: seconds, and bytes of address space."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    options = _parse(arguments)
    if options.part:
        print(json.dumps(_measured(options.part, options.classes[0], options.rows[0])))
        return 0
    stored = json.loads(options.output.read_text(encoding="utf-8")) if options.output.is_file() else {}
    label = "before" if options.before else "now"
    source = options.before or Path(__file__).parent.parent / "src"
    cells = [
        {"part": part, "classes": classes, "rows": rows, **_cell(source, part, classes, rows)}
        for part in PARTS
        for classes in options.classes
        for rows in options.rows
    ]
    stored[label] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": describe_machine(),
        "versions": describe_versions(),
        "cells": cells,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps({**stored, "limit_s": LIMIT_S}, indent=1) + "\n", encoding="utf-8")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--classes", type=int, nargs="*", default=CLASSES)
    parser.add_argument("--rows", type=int, nargs="*", default=ROWS)
    parser.add_argument("--before", type=Path, help="folder `src` of the version to measure beside this one")
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _cell(source: Path, part: str, classes: int, rows: int) -> dict[str, Any]:
    """Measure one cell in a process of its own; ``failed`` says why there are no numbers."""
    command = [sys.executable, __file__, "--part", part, "--classes", str(classes), "--rows", str(rows)]
    environment = {**os.environ, "PYTHONPATH": f"{source.resolve()}", "OMP_NUM_THREADS": "1", "MODAXFER_PLUGINS": ""}
    try:
        done = subprocess.run(
            command, env=environment, timeout=LIMIT_S, capture_output=True, text=True, preexec_fn=_confine, check=True
        )
    except subprocess.TimeoutExpired:
        found: dict[str, Any] = {"failed": "time"}
    except subprocess.CalledProcessError as error:
        if "MemoryError" not in error.stderr and "cannot allocate" not in error.stderr.lower():
            raise RuntimeError(error.stderr) from error
        found = {"failed": "memory"}
    else:
        found = json.loads(done.stdout.splitlines()[-1])
    print(part, classes, rows, found, flush=True)
    return found


def _confine() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))


def _measured(part: str, classes: int, rows: int) -> dict[str, Any]:
    """Return seconds of this process's own work, and the growth of its peak memory."""
    run = PARTS[part](classes, rows)
    before, started = _peak(), time.process_time()
    run()
    return {"seconds": round(time.process_time() - started, 2), "megabytes": round(_peak() - before)}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _targets(classes: int, rows: int) -> np.ndarray:
    return np.concatenate([np.arange(classes), np.random.default_rng(0).integers(0, classes, rows - classes)])


def _guesses(classes: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return targets of a test split, the predictions of a mediocre model and its scores."""
    generator = np.random.default_rng(1)
    references = _targets(classes, max(round(rows * TEST), classes))
    scores = generator.random((len(references), classes), dtype=np.float32)
    scores[np.arange(len(references)), references] += 0.5
    return references, scores.argmax(1), scores


def _carve(classes: int, rows: int) -> Callable[[], object]:
    from modaxfer.data.splits import hold_out
    from modaxfer.registry import problem_of

    targets, labels = _targets(classes, rows), problem_of("multiclass").labels
    return lambda: hold_out(labels.strata(targets), np.arange(rows), TEST, 0)


def _chance(classes: int, rows: int) -> Callable[[], object]:
    from modaxfer.baselines.chance import chance
    from modaxfer.metrics import compute, default_metrics
    from modaxfer.registry import problem_of

    references, _, _ = _guesses(classes, rows)
    names = default_metrics("multiclass")

    def scorer(chosen: Sequence[str]) -> Any:
        def score(truth: np.ndarray, said: np.ndarray, scores: np.ndarray | None) -> dict[str, float]:
            given: dict[str, Any] = {"references": truth, "predictions": said, "scores": scores}
            return compute(chosen, problem="multiclass", quick=True, **given)

        return score

    def guessed() -> object:
        guesses = problem_of("multiclass").labels.guesses(references, references, classes, np.random.default_rng(0))
        return chance(scorer(decided), references, guesses, rank=scorer(["roc_auc"]))

    decided = [name for name in names if name != "roc_auc"]
    return guessed


def _intervals(classes: int, rows: int) -> Callable[[], object]:
    from modaxfer.metrics import bootstrap, default_metrics

    references, predictions, scores = _guesses(classes, rows)
    given: dict[str, Any] = {"references": references, "predictions": predictions, "scores": scores}
    return lambda: bootstrap(default_metrics("multiclass"), problem="multiclass", **given)


def _simple(classes: int, rows: int) -> Callable[[], object]:
    import datasets

    from modaxfer.baselines.simple import fit_simple
    from modaxfer.contracts import TaskData
    from modaxfer.spec import TEXT, Field

    generator = np.random.default_rng(2)
    sizes = {"train": 1 - 2 * TEST, "validation": TEST, "test": TEST}
    targets = {name: _targets(classes, max(round(rows * size), classes)) for name, size in sizes.items()}

    def text(target: int) -> str:
        own, common = (generator.integers(0, 8, 4) + 8 * target), generator.integers(0, 5000, 12) + 10**6
        return " ".join(f"w{number}" for number in np.concatenate([own, common]))

    data = TaskData(
        splits={
            name: datasets.Dataset.from_dict({"text": [text(target) for target in each]})
            for name, each in targets.items()
        },
        targets={name: each for name, each in targets.items() if name != "test"},
        classes=tuple(map(str, range(classes))),
        source="made",
        root=None,
        fingerprint="",
        digests={},
    )
    return lambda: fit_simple(data, fields=(Field(name="text", signal=TEXT),))


PARTS = {"carve": _carve, "chance": _chance, "intervals": _intervals, "simple": _simple}


if __name__ == "__main__":
    sys.exit(main())
