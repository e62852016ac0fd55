"""Join image and text features under one head, beside each modality alone: ``make fusion``.

Encoders stay frozen, so that each row is encoded once and a head costs seconds. Every cell is one run per seed below
``runs/fusion``; a killed benchmark goes on where it was. Writes ``docs/results/fusion.json``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from resumable import Command, finished, main

from modaxfer.metrics.gains import Pair, paired_gain
from modaxfer.result import Result
from modaxfer.runner.evaluation.finished import Finished, read_finished

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results" / "fusion.json"
RUNS = Path("runs") / "fusion"
SEEDS = (0, 1, 2)
HOWS = ("auto", "concat", "gated", "cross", "vote")
ENCODERS = {"image": "vit", "text": "bert"}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A task of photo and text, and the tasks that show one of the two."""

    task: str
    image: str
    text: str
    image_size: int
    """Pixels per side; drawings of 400 x 100 pixels are squeezed to a square, and need more of them."""


COMPARISONS = (
    Comparison(task="fashion-season", image="fashion-season-photo", text="fashion-season-title", image_size=112),
    Comparison(task="fashion-products", image="fashion-photo", text="fashion-title", image_size=112),
    Comparison(task="nlvr", image="nlvr-picture", text="nlvr-sentence", image_size=154),
)


def commands(comparison: Comparison) -> list[Command]:
    """Return the runs of a comparison, seed by seed: each modality alone, then each way to join them."""
    picture = {"encoder.image_size": comparison.image_size}
    made = []
    for seed in SEEDS:
        for kind, task in (("image", comparison.image), ("text", comparison.text)):
            flags = {"encoder": (ENCODERS[kind],), "strategy": "frozen", "task": (task,)}
            options = picture if kind == "image" else {}
            made.append(Command(cell=f"{comparison.task}-{kind}", seed=seed, flags=flags, options=options, forked=True))
        for how in HOWS:
            flags = {"encoder": tuple(ENCODERS.values()), "strategy": "fusion", "task": (comparison.task,)}
            options = {**picture, "strategy.how": how, "strategy.underneath": "frozen"}
            made.append(Command(cell=f"{comparison.task}-{how}", seed=seed, flags=flags, options=options, forked=True))
    return made


def describe(runs: Path) -> dict[str, Any]:
    """Return what the finished runs found, task by task; one that lacks a modality alone or any join is left out."""
    found = [describe_task(comparison, runs) for comparison in COMPARISONS]
    return {"tasks": [each for each in found if each is not None]}


def describe_task(comparison: Comparison, runs: Path) -> dict[str, Any] | None:
    """Return the cells of a task, and what joining gained over the better modality alone.

    Which modality and which way to join are the better ones is decided by validation scores.
    """
    groups = _finished(comparison, runs)
    alone = [name for name in ENCODERS if name in groups]
    fused = [name for name in HOWS if name in groups]
    if len(alone) < len(ENCODERS) or not fused:
        return None
    best_alone, best_fused = (max(names, key=lambda name: _validation(groups[name])) for names in (alone, fused))
    first = next(iter(groups[best_fused].values())).result
    metric = first.primary
    return {
        "task": comparison.task,
        "metric": metric,
        "image_size": comparison.image_size,
        "chance": first.baselines["chance"][metric],
        "majority": first.baselines["majority"][metric],
        "simple": (first.baselines.get("simple") or {}).get(metric),
        "simple_model": (first.baselines.get("simple") or {}).get("name", ""),
        "best_alone": best_alone,
        "best_fused": best_fused,
        "gain": difference(groups[best_fused], groups[best_alone]),
        "cells": [
            {**describe_cell(name, groups[name]), "gain": difference(groups[name], groups[best_alone])}
            for name in (*alone, *fused)
        ],
        "ablation": describe_ablation(first),
    }


def describe_cell(name: str, by_seed: Mapping[int, Finished]) -> dict[str, Any]:
    """Return scores over seeds; rows, interval and what was fitted are those of the first seed."""
    results = [run.result for run in by_seed.values()]
    first, metric = results[0], results[0].primary
    scores = [run.score for run in by_seed.values()]
    return {
        "name": name,
        "encoder": first.encoder["checkpoint"],
        "rows": dict(first.data["rows"]),
        "sample": str(first.data["source"]).lower().startswith("sample"),
        "seeds": list(by_seed),
        "validation": _validation(by_seed),
        "test": mean(scores),
        "deviation": stdev(scores) if len(scores) > 1 else None,
        "interval": list(first.intervals[metric]),
        "accuracy": mean(result.metrics["test"]["accuracy"] for result in results),
        "chosen": _chosen(first),
    }


def describe_ablation(result: Result) -> dict[str, Any]:
    """Return by part of the row the fused model's score when given that part only, and what all parts add to it."""
    metric = result.primary
    return {
        part: {"test": found["metrics"][metric], "difference": list(found["difference"][metric])}
        for part, found in result.ablation.items()
        if found["rows"]
    }


def difference(better: Mapping[int, Finished], other: Mapping[int, Finished]) -> dict[str, Any] | None:
    """Return by how much the first runs are better on the same test rows, with a 95 % interval over rows and seeds."""
    seeds = [seed for seed in better if seed in other]
    if not seeds or better is other:
        return None
    for seed in seeds:
        assert better[seed].ids == other[seed].ids, "tasks of one field have the test rows of the task of both"
    pairs = [
        Pair(references=better[seed].references, better=better[seed].scored, other=other[seed].scored) for seed in seeds
    ]
    first = better[seeds[0]]
    found = paired_gain(pairs, first.result.primary, problem=first.problem, same_rows=True)
    return {"value": found.value, "interval": [found.low, found.high], "seeds": len(seeds)}


def _finished(comparison: Comparison, runs: Path) -> dict[str, dict[int, Finished]]:
    groups: dict[str, dict[int, Finished]] = {}
    for command in commands(comparison):
        result = finished(command, runs)
        if result is not None:
            name = command.cell.removeprefix(f"{comparison.task}-")
            groups.setdefault(name, {})[command.seed] = read_finished(command.folder(runs), result)
    return groups


def _validation(by_seed: Mapping[int, Finished]) -> float:
    return mean(run.result.metrics["validation"][run.result.primary] for run in by_seed.values())


def _chosen(result: Result) -> str:
    """Say which head a solver fitted on what; empty for a head that was trained."""
    (phase,) = result.training["phases"]
    if "steps" in phase:
        return ""
    if "how" in phase:
        return str(phase["head"])
    layers = " and ".join(map(str, phase["layers"])) if len(phase["layers"]) < 3 else "a mix of layers"
    where = layers if layers.startswith("a mix") else f"layer {layers}"
    return f"{phase['head']} on {where}, {phase['pooling']}"


if __name__ == "__main__":
    everything = [command for comparison in COMPARISONS for command in commands(comparison)]
    sys.exit(
        main(
            None,
            description=__doc__.splitlines()[0],
            commands=sorted(everything, key=lambda command: command.seed),
            runs=RUNS,
            output=RESULTS,
            describe=describe,
        )
    )
