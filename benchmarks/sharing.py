"""Train several tasks on one encoder, beside each task by itself: ``make sharing``.

Every cell is one run per seed below ``runs/sharing``; a killed benchmark goes on where it was. Writes
``docs/results/sharing.json``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from resumable import Command, finished, main

from modaxfer.metrics.gains import Pair, paired_gain
from modaxfer.result import Result
from modaxfer.runner.evaluation.finished import Finished, read_finished
from modaxfer.runner.folder import task_folder

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results" / "sharing.json"
RUNS = Path("runs") / "sharing"
SEEDS = (0, 1, 2)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Tasks that share an encoder, as many rows as two cores can bear in some minutes."""

    name: str
    encoder: str
    tasks: tuple[str, ...]
    limit: int
    """Training rows of each task at most; test has a quarter of it."""
    epochs: float
    weightings: tuple[str, ...] = ("sum",)
    options: Mapping[str, Any] = field(default_factory=dict)

    def commands(self) -> list[Command]:
        """Return the runs, seed by seed; the first weighting trains each task alone as well, for all of them."""
        return [self.command(weighting, seed) for seed in SEEDS for weighting in self.weightings]

    def command(self, weighting: str, seed: int) -> Command:
        """Return the run of one weighting and seed."""
        alone = weighting == self.weightings[0]
        return Command(
            cell=f"{self.name}-{weighting}",
            seed=seed,
            flags={
                "encoder": (self.encoder,),
                "strategy": "multitask",
                "task": self.tasks,
                "limit": self.limit,
                "epochs": float(self.epochs),
            },
            options={**self.options, "strategy.weighting": weighting, "strategy.alone": alone},
        )


GROUPS = (
    Group(
        name="text",
        encoder="bert",
        tasks=("rt-polarity", "legal-sentiment", "trec-questions"),
        limit=1000,
        epochs=3,
        weightings=("sum", "uncertainty"),
    ),
    Group(
        name="digits",
        encoder="vit",
        tasks=("digits-mnist", "spoken-digits"),
        limit=500,
        epochs=3,
        # Sounds come as spectrograms; both tasks' pictures have one size on one encoder.
        options={"encoder.image_size": 112},
    ),
)


def describe(runs: Path) -> dict[str, Any]:
    """Return what the finished runs found, a mapping per group and weighting."""
    return {
        "groups": [
            described
            for group in GROUPS
            for weighting in group.weightings
            if (described := describe_group(group, weighting, runs)) is not None
        ]
    }


def describe_group(group: Group, weighting: str, runs: Path) -> dict[str, Any] | None:
    """Return each task's scores on the shared encoder and alone, over the seeds that have both; None for no seed."""
    places: dict[int, tuple[Path, Path]] = {}
    for seed in SEEDS:
        shared, alone = group.command(weighting, seed), group.command(group.weightings[0], seed)
        if finished(shared, runs) is not None and finished(alone, runs) is not None:
            places[seed] = shared.folder(runs) / "tasks", alone.folder(runs) / "alone"
    if not places:
        return None
    first = finished(group.command(weighting, min(places)), runs)
    assert first is not None, "its folder is among the finished ones"
    return {
        "group": group.name,
        "encoder": group.encoder,
        "checkpoint": first.encoder["checkpoint"],
        "weighting": weighting,
        "limit": group.limit,
        "epochs": group.epochs,
        "options": dict(group.options),
        "seeds": list(places),
        "tasks": [describe_task(task, list(places.values())) for task in first.tasks],
    }


def describe_task(task: str, places: Sequence[tuple[Path, Path]]) -> dict[str, Any]:
    """Return a task's scores, means over seeds, and the gain of sharing with its 95 % interval over rows and seeds.

    Args:
        task: Its id.
        places: By seed, the folders that hold the shared tasks and the tasks alone.
    """
    runs = [tuple(_read(folder / task_folder(task)) for folder in both) for both in places]
    shared, alone = ([run.score for run in each] for each in zip(*runs, strict=True))
    result = runs[0][0].result
    metric = result.primary
    pairs = [Pair(references=one.references, better=one.scored, other=other.scored) for one, other in runs]
    # A limit draws other test rows with each seed.
    same_rows = len({one.ids for one, _ in runs}) == 1
    found = paired_gain(pairs, metric, problem=runs[0][0].problem, same_rows=same_rows)
    return {
        "task": task.rpartition("/")[2],
        "bridge": result.bridge.rpartition("/")[2],
        "sample": str(result.data["source"]).lower().startswith("sample"),
        "rows": dict(result.data["rows"]),
        "metric": metric,
        "chance": result.baselines["chance"][metric],
        "shared": mean(shared),
        "shared_deviation": _deviation(shared),
        "alone": mean(alone),
        "alone_deviation": _deviation(alone),
        "gain": found.value,
        "interval": [found.low, found.high],
    }


def _read(folder: Path) -> Finished:
    return read_finished(folder, Result.load(folder))


def _deviation(scores: Sequence[float]) -> float | None:
    return stdev(scores) if len(scores) > 1 else None


if __name__ == "__main__":
    sys.exit(
        main(
            None,
            description=__doc__.splitlines()[0],
            commands=sorted((each for group in GROUPS for each in group.commands()), key=lambda each: each.seed),
            runs=RUNS,
            output=RESULTS,
            describe=describe,
        )
    )
