"""Ways to fine-tune with care, and to train little of a body, on few rows of two tasks: ``make methods``.

Every cell is one way on one task, drawn three times (``--episodes``) and scored on the whole test split, beside the
plain way of its kind on the same draws. A killed benchmark goes on where it was, and what is not there is named.
Writes ``docs/results/methods.json``, in which the ways of a kind stay until more of them are measured.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from few_labels import gain
from resumable import Command, Kept, finished, main

from modaxfer.metrics import score_bounds, student_interval
from modaxfer.result import Result
from modaxfer.runner.evaluation.finished import Finished, read_finished

__all__ = ["CARE", "PARTS", "WAYS", "Cell", "cells", "commands", "describe"]

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results" / "methods.json"
RUNS = Path("runs") / "methods"
SHOTS, EPISODES, EPOCHS, BATCH = 16, 3, 12.0, 16
"""As the cells of few labels with so many rows per class."""

CARE, PARTS = "full", "lora"
"""The two kinds, by the name of the plain way that the others of the kind are held against."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to learn."""

    kind: str
    strategy: str = CARE
    options: Mapping[str, Any] = field(default_factory=dict)


def _adapter(method: str) -> Way:
    return Way(kind=PARTS, strategy="adapter", options={"strategy.method": method})


WAYS = {
    "full": Way(kind=CARE),
    "lp-ft": Way(kind=CARE, options={"strategy.head_first": True}),
    "gradual": Way(kind=CARE, options={"strategy.gradual": 0.5}),
    "surgical": Way(kind=CARE, options={"strategy.surgical": True}),
    "l2-sp": Way(kind=CARE, options={"strategy.l2_sp": 0.1}),
    "delta": Way(kind=CARE, options={"strategy.delta_weight": 0.01}),
    "delta-uniform": Way(kind=CARE, options={"strategy.delta_weight": 0.01, "strategy.delta_attention": False}),
    "bss": Way(kind=CARE, options={"strategy.bss": 0.001}),
    "wise-ft": Way(kind=CARE, options={"strategy.wise_ft": True}),
    "soup": Way(kind=CARE, options={"strategy.soup": 3}),
    "lora": Way(kind=PARTS, strategy="lora"),
    "dora": Way(kind=PARTS, strategy="lora", options={"strategy.dora": True}),
    "rslora": Way(kind=PARTS, strategy="lora", options={"strategy.rslora": True}),
    **{name: _adapter(name) for name in ("bitfit", "bottleneck", "ia3", "ln", "oft", "prompt", "vera")},
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """A task, and how it is asked."""

    task: str
    encoder: str
    options: Mapping[str, Any] = field(default_factory=dict)


QUESTIONS = (
    Question(task="trec-questions", encoder="embedded/bert-tiny", options={"encoder.max_tokens": 32}),
    Question(task="digits-optical", encoder="embedded/vit-tiny", options={"encoder.image_size": 48}),
)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One way on one task."""

    question: Question
    way: str

    @property
    def command(self) -> Command:
        """The run and its further draws."""
        way, question = WAYS[self.way], self.question
        flags = {"encoder": (question.encoder,), "strategy": way.strategy, "task": (question.task,), "shots": SHOTS}
        flags |= {"episodes": EPISODES, "epochs": EPOCHS, "batch-size": BATCH}
        options = {**question.options, **way.options}
        return Command(cell=f"{question.task}-{self.way}", seed=0, flags=flags, options=options, forked=True)

    def found(self, runs: Path) -> list[Finished]:
        """Return its finished draws, in their order; none where the cell is missing."""
        result = finished(self.command, runs)
        if result is None:
            return []
        folder = self.command.folder(runs)
        places = [folder, *(folder / "episodes" / str(number) for number in range(1, EPISODES))]
        return [read_finished(place, Result.load(place)) for place in places]


def cells() -> list[Cell]:
    """Return all cells, the plain ways of both tasks first."""
    made = [Cell(question=question, way=way) for question in QUESTIONS for way in WAYS]
    return sorted(made, key=lambda cell: cell.way not in (CARE, PARTS))


def commands() -> list[Command]:
    """Return the runs in the order in which they are made."""
    return [cell.command for cell in cells()]


def describe(runs: Path) -> dict[str, Any]:
    """Return by task what the finished cells found, and all ways by kind."""
    return {
        "shots": SHOTS,
        "ways": {name: way.kind for name, way in WAYS.items()},
        "tasks": [_task(question, runs) for question in QUESTIONS],
    }


def _task(question: Question, runs: Path) -> dict[str, Any]:
    there = {way: found for way in WAYS if (found := Cell(question=question, way=way).found(runs))}
    told: dict[str, Any] = {"task": question.task, "encoder": question.encoder, "cells": []}
    for way, found in there.items():
        result, scores = found[0].result, [each.score for each in found]
        told |= {"metric": result.primary, "test_rows": result.data["rows"]["test"]}
        plain = there.get(WAYS[way].kind)
        cell = {
            "way": way,
            "mean": mean(scores),
            "interval": [*student_interval(scores, bounds=score_bounds(result.primary))],
        }
        if plain is not None and way != WAYS[way].kind:
            cell["over"] = gain(found, plain)
        told["cells"].append(cell)
    return told


def whole(stored: Mapping[str, Any]) -> set[tuple[str, int]]:
    """Return the runs of the kinds that are stored with all their ways."""
    there = {
        (task["task"], kind)
        for task in stored["tasks"]
        for kind in (CARE, PARTS)
        if len(_of(task, kind)) == sum(way.kind == kind for way in WAYS.values())
    }
    return {(cell.command.cell, 0) for cell in cells() if (cell.question.task, WAYS[cell.way].kind) in there}


def join(stored: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return `found` with the kinds of which more ways are stored; one is never pieced together."""
    before = {task["task"]: task for task in stored["tasks"]}
    tasks = []
    for now in found["tasks"]:
        pair = (now, before.get(now["task"], now))
        parts = [max(pair, key=lambda task: len(_of(task, kind))) for kind in (CARE, PARTS)]
        own = [cell for kind, part in zip((CARE, PARTS), parts, strict=True) for cell in _of(part, kind)]
        tasks.append({**pair[1], **now, "cells": own})
    return {**found, "tasks": tasks}


def _of(task: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [cell for cell in task["cells"] if cell["way"] in WAYS and WAYS[cell["way"]].kind == kind]


if __name__ == "__main__":
    sys.exit(
        main(
            None,
            description=__doc__.splitlines()[0],
            commands=commands(),
            runs=RUNS,
            output=RESULTS,
            describe=describe,
            kept=Kept(whole=whole, join=join),
        )
    )
