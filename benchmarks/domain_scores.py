"""One task of each domain, small encoders, three strategies, seed 0: ``make domain-scores``.

What a plugin's README says of its domain in numbers: frozen, LoRA and full training of a small encoder of our own
beside a simple model of the same rows. Few epochs and at most 1,000 training rows: a first impression, not what a task
allows. A killed benchmark goes on where it was. Writes ``docs/results/domains.json``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resumable import Command, Kept, finished, main

from modaxfer.result import Result

__all__ = ["DOMAINS", "STRATEGIES", "commands", "describe", "joined", "whole"]

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results" / "domains.json"
RUNS = Path("runs") / "domains"
SEED = 0
ROWS, TEST_ROWS, EPOCHS = 1000, 2000, 5.0
"""Most training and test rows, and epochs of what is trained by gradient."""

STRATEGIES = ("frozen", "lora", "full")


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The task that stands for a plugin, and the encoder that it is tried with."""

    task: str
    encoder: str
    checkpoint: str

    def command(self, plugin: str, strategy: str) -> Command:
        """Return the run of one strategy."""
        flags: dict[str, Any] = {
            "encoder": (self.encoder,),
            "checkpoint": self.checkpoint,
            "strategy": strategy,
            "task": (self.task,),
            "limit": ROWS,
            "test-limit": TEST_ROWS,
        }
        flags |= {} if strategy == "frozen" else {"epochs": EPOCHS}
        return Command(cell=f"{plugin}-{strategy}", seed=SEED, flags=flags, forked=True)


_TEXT = {"encoder": "bert", "checkpoint": "embedded/bert-tiny"}
_IMAGE = {"encoder": "vit", "checkpoint": "embedded/vit-tiny"}
_SOUND = {"encoder": "wav2vec2", "checkpoint": "embedded/wav2vec2-tiny"}

DOMAINS = {
    "finance": Domain(task="german-credit", **_TEXT),
    "language-vision": Domain(task="nlvr", **_IMAGE),
    "legal": Domain(task="legal-sentiment", **_TEXT),
    "medical": Domain(task="chest-xray", **_IMAGE),
    "questions": Domain(task="trec-questions", **_TEXT),
    "retail": Domain(task="fashion-photo", **_IMAGE),
    "reviews": Domain(task="customer-reviews", **_TEXT),
    "sound": Domain(task="esc10", **_SOUND),
    "traffic": Domain(task="traffic-signs", **_IMAGE),
    "vision": Domain(task="digits-optical", **_IMAGE),
}
"""By plugin; those that bring encoders or weights alone have none."""


def commands() -> tuple[Command, ...]:
    """Return all runs, the cheapest strategy of every domain first."""
    return tuple(domain.command(plugin, strategy) for strategy in STRATEGIES for plugin, domain in DOMAINS.items())


def describe(runs: Path) -> dict[str, Any]:
    """Return what the finished runs below `runs` found."""
    cells = []
    for plugin, domain in DOMAINS.items():
        for strategy in STRATEGIES:
            result = finished(domain.command(plugin, strategy), runs)
            if result is not None:
                cells.append({"plugin": plugin, "strategy": strategy, **_told(domain, result)})
    return {"setting": {"rows": ROWS, "test_rows": TEST_ROWS, "epochs": EPOCHS, "seed": SEED}, "cells": cells}


def _told(domain: Domain, result: Result) -> dict[str, Any]:
    metric = result.metrics["primary"]
    bars = result.baselines
    return {
        "task": domain.task,
        "encoder": domain.encoder,
        "checkpoint": domain.checkpoint,
        "bridge": result.bridge,
        "metric": metric,
        "score": result.metrics["test"][metric],
        "interval": list(result.intervals[metric]),
        "simple": bars["simple"][metric],
        "simple_model": bars["simple"]["name"],
        "majority": bars["majority"][metric],
        "train_rows": result.data["rows"]["train"],
        "test_rows": result.data["rows"]["test"],
        "seconds": result.time_s["total"],
    }


def whole(stored: Mapping[str, Any]) -> set[tuple[str, int]]:
    """Return cell and seed of the runs that `stored` tells of, made with the settings of today."""
    now = {"rows": ROWS, "test_rows": TEST_ROWS, "epochs": EPOCHS, "seed": SEED}
    if stored.get("setting") != now:
        return set()
    return {
        (f"{cell['plugin']}-{cell['strategy']}", SEED)
        for cell in stored["cells"]
        if cell["plugin"] in DOMAINS
        and (cell["task"], cell["checkpoint"]) == (DOMAINS[cell["plugin"]].task, DOMAINS[cell["plugin"]].checkpoint)
    }


def joined(stored: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return `found` with the cells of `stored` that it lacks, where both have the same settings."""
    kept = stored["cells"] if stored.get("setting") == found["setting"] else ()
    cells = {(cell["plugin"], cell["strategy"]): cell for cell in (*kept, *found["cells"])}
    order = [(plugin, strategy) for plugin in DOMAINS for strategy in STRATEGIES]
    return {**found, "cells": [cells[key] for key in order if key in cells]}


def run(arguments: Sequence[str] | None = None) -> int:
    """Make what is missing; return the exit status."""
    return main(
        arguments,
        description=__doc__.splitlines()[0],
        commands=commands(),
        runs=RUNS,
        output=RESULTS,
        describe=describe,
        kept=Kept(whole=whole, join=joined),
    )


if __name__ == "__main__":
    sys.exit(run())
