"""Ways to learn from a few rows per class, with and without a source learned before: ``make few-labels``.

Every cell is one way with one number of rows per class, drawn several times (``--episodes``) and scored on the whole
test split. A killed benchmark goes on where it was, and what is not there is named as missing. Writes
``docs/results/few-labels.json``, in which a block (a task with so many rows per class) stays until a fuller one is
measured, and the figure beside it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from few_labels_figure import draw
from resumable import Command, Kept, finished, main, store

from modaxfer.metrics import score_bounds, student_interval
from modaxfer.metrics.gains import Pair, paired_gain
from modaxfer.result import Result
from modaxfer.runner.evaluation.finished import Finished, read_finished

__all__ = ["SOURCE", "WAYS", "cells", "commands", "describe", "figure", "store"]

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results" / "few-labels.json"
RUNS = Path("runs") / "few-labels"
EPISODES = 3


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to learn; `WAYS` has them from the cheapest to the dearest."""

    strategy: str
    options: Mapping[str, Any] = field(default_factory=dict)
    batch_size: int | None = 16
    """None: nothing is trained by gradient."""


WAYS = {
    "prototype": Way(strategy="frozen", options={"strategy.head": "prototype"}, batch_size=None),
    "frozen": Way(strategy="frozen", batch_size=None),
    "contrastive": Way(strategy="contrastive", batch_size=32),
    "lora": Way(strategy="lora"),
    "full, head first": Way(strategy="full", options={"strategy.head_first": True, "strategy.head_by": "closed-form"}),
    "full": Way(strategy="full"),
}
EPOCHS = {8: 20, 16: 12, 64: 6, 128: 4}
"""By rows per class, of all ways that train by gradient."""

TEXT, IMAGE = "embedded/bert-tiny", "embedded/vit-tiny"
"""Small, so that whole fine-tuning is measured as thoroughly as what trains little; with every installation."""

SOURCE = Command(
    cell="source",
    seed=0,
    flags={
        "encoder": (TEXT,),
        "strategy": "full",
        "task": ("rt-polarity",),
        "limit": 4000,
        "epochs": 2.0,
    },
    options={"encoder.max_tokens": 64},
    keep=True,
    forked=True,
)
"""General sentiment, learned once: its encoder is what cells with a source begin from."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """A task, and how it is asked."""

    task: str
    encoder: str
    shots: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    source: bool = False


QUESTIONS = (
    Question(
        task="legal-sentiment", encoder=TEXT, shots=(8, 16, 64, 128), options={"encoder.max_tokens": 64}, source=True
    ),
    Question(task="trec-questions", encoder=TEXT, shots=(8, 16, 64), options={"encoder.max_tokens": 32}),
    Question(task="digits-optical", encoder=IMAGE, shots=(8, 16, 64), options={"encoder.image_size": 48}),
)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One way on one task with so many rows per class."""

    question: Question
    way: str
    shots: int
    source: bool = False

    @property
    def episodes(self) -> int:
        """How many draws; a single one where each costs minutes."""
        return 1 if self.shots > 64 and WAYS[self.way].batch_size else EPISODES

    @property
    def command(self) -> Command:
        """The run and its companions."""
        way = WAYS[self.way]
        flags = {
            **({} if self.source else {"encoder": (self.question.encoder,)}),
            "strategy": way.strategy,
            "task": (self.question.task,),
            "shots": self.shots,
            "episodes": self.episodes,
        }
        if way.batch_size:
            flags |= {"batch-size": way.batch_size, "epochs": float(EPOCHS[self.shots])}
        name = f"{self.question.task}-{self.way.replace(', ', '-').replace(' ', '-')}-{self.shots}"
        options = {**self.question.options, **way.options}
        name += "-source" if self.source else ""
        source = SOURCE.cell if self.source else ""
        return Command(cell=name, seed=0, flags=flags, options=options, forked=True, encoder_of=source)

    def found(self, runs: Path) -> list[Finished]:
        """Return its finished draws, in their order; none where the cell is missing."""
        result = finished(self.command, runs)
        if result is None:
            return []
        folder = self.command.folder(runs)
        places = [folder, *(folder / "episodes" / str(number) for number in range(1, self.episodes))]
        return [read_finished(place, Result.load(place)) for place in places]


def cells() -> list[Cell]:
    """Return all cells, those of few rows first: what is there when time is up is whole in itself."""
    made = [
        Cell(question=question, way=way, shots=shots, source=source)
        for question in QUESTIONS
        for shots in question.shots
        for way in WAYS
        for source in ((False, True) if question.source else (False,))
    ]
    return sorted(made, key=lambda cell: (cell.shots, cell.source))


def commands() -> list[Command]:
    """Return the runs in the order in which they are made; the source just before the first cell that needs it."""
    made = [cell.command for cell in cells()]
    first = next(place for place, cell in enumerate(cells()) if cell.source)
    return [*made[:first], SOURCE, *made[first:]]


def describe(runs: Path) -> dict[str, Any]:
    """Return by task what the finished cells found, and which cells are missing."""
    everything = {cell: cell.found(runs) for cell in cells()}
    return {
        "ways": [*WAYS],
        "tasks": [told for question in QUESTIONS if (told := _task(question, everything)) is not None],
        "missing": [_cell_told(cell) for cell, found in everything.items() if not found],
    }


def whole(stored: Mapping[str, Any]) -> set[tuple[str, int]]:
    """Return the runs of the blocks that are stored with all their cells, and the source where all that need it are."""
    lacking = {_block(cell) for cell in _lacking(stored["tasks"])}
    made = [cell for cell in cells() if _block(cell) not in lacking]
    source = () if any(cell.source for cell in cells() if cell not in made) else (SOURCE,)
    return {(command.cell, command.seed) for command in (*(cell.command for cell in made), *source)}


def join(stored: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored, with the blocks of `found` that have no fewer cells; one is never pieced together."""
    tasks = []
    for question in QUESTIONS:
        before, now = (_told(each["tasks"], question.task) for each in (stored, found))
        parts = [_fuller(before, now, shots) for shots in question.shots]
        if before or now:
            split = {key: [told for part, shots in zip(parts, question.shots, strict=True)
                           for told in _of(part, shots, key)] for key in ("cells", "best", "source")}  # fmt: skip
            bars = {str(shots): part["simple"][str(shots)] for part, shots in zip(parts, question.shots, strict=True)
                    if part and str(shots) in part["simple"]}  # fmt: skip
            tasks.append({**(now or before), **split, "simple": bars})
    return {"ways": [*WAYS], "tasks": tasks, "missing": [_cell_told(cell) for cell in _lacking(tasks)]}


def _told(tasks: Sequence[Mapping[str, Any]], name: str) -> Any:
    return next((task for task in tasks if task["task"] == name), None)


def _block(cell: Cell) -> tuple[str, int]:
    return cell.question.task, cell.shots


def _lacking(tasks: Sequence[Mapping[str, Any]]) -> list[Cell]:
    """Return the cells that are told of nowhere."""
    there = {(task["task"], told["shots"], told["source"], told["way"]) for task in tasks for told in task["cells"]}
    return [cell for cell in cells() if (*_block(cell), cell.source, cell.way) not in there]


def _of(task: Mapping[str, Any] | None, shots: int, key: str) -> list[Any]:
    return [told for told in (task or {key: []})[key] if told["shots"] == shots]


def _fuller(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None, shots: int) -> Any:
    return max((now, before), key=lambda task: len(_of(task, shots, "cells")))


def _cell_told(cell: Cell) -> dict[str, Any]:
    return {"task": cell.question.task, "shots": cell.shots, "source": cell.source, "way": cell.way}


def _task(question: Question, everything: Mapping[Cell, Sequence[Finished]]) -> dict[str, Any] | None:
    own = {cell: found for cell, found in everything.items() if cell.question is question and found}
    if not own:
        return None
    first = next(iter(own.values()))[0].result
    metric = first.primary
    return {
        "task": question.task,
        "metric": metric,
        "encoder": first.encoder["checkpoint"],
        "test_rows": first.data["rows"]["test"],
        "chance": first.baselines["chance"][metric],
        "simple": _simple(own, metric),
        "cells": [_cell(cell, found) for cell, found in own.items()],
        "best": [told for shots in question.shots if (told := _best(own, shots)) is not None],
        "source": [told for cell in own if cell.source and (told := _source(own, cell)) is not None],
    }


def _cell(cell: Cell, found: Sequence[Finished]) -> dict[str, Any]:
    scores = [each.score for each in found]
    metric = found[0].result.primary
    low, high = (
        student_interval(scores, bounds=score_bounds(metric)) if len(scores) > 1 else found[0].result.intervals[metric]
    )
    return {
        "way": cell.way,
        "shots": cell.shots,
        "source": cell.source,
        "scores": scores,
        "mean": mean(scores),
        "interval": [low, high],
    }


def _simple(own: Mapping[Cell, Sequence[Finished]], metric: str) -> dict[str, Any]:
    """Return the simple bar by rows per class, of the first draw."""
    bars = {cell.shots: found[0].result.baselines.get("simple") for cell, found in own.items()}
    return {str(shots): bar[metric] for shots, bar in bars.items() if bar}


def _best(own: Mapping[Cell, Sequence[Finished]], shots: int) -> dict[str, Any] | None:
    """Return the way with the best mean and its gain over each other one; None where a way is missing."""
    there = {cell.way: found for cell, found in own.items() if cell.shots == shots and not cell.source}
    if len(there) < 2:
        return None
    best = max(there, key=lambda way: mean(each.score for each in there[way]))
    gains = {way: gain(there[best], found) for way, found in there.items() if way != best}
    return {"shots": shots, "way": best, "over": gains}


def _source(own: Mapping[Cell, Sequence[Finished]], cell: Cell) -> dict[str, Any] | None:
    """Return what the source gained, as against the same cell without it."""
    without = [found for other, found in own.items() if (other.way, other.shots) == (cell.way, cell.shots)
               and not other.source]  # fmt: skip
    return {"way": cell.way, "shots": cell.shots, **gain(own[cell], without[0])} if without else None


def gain(better: Sequence[Finished], other: Sequence[Finished]) -> dict[str, Any]:
    """Return by how much the first is better on the same draws, with a 95 % interval over test rows and draws."""
    pairs = []
    for one, two in zip(better, other, strict=False):
        assert one.ids == two.ids, "episodes share their test split"
        pairs.append(Pair(references=one.references, better=one.scored, other=two.scored, clusters=one.clusters))
    first = better[0]
    found = paired_gain(pairs, first.result.primary, problem=first.problem, same_rows=True)
    return {"value": found.value, "interval": [found.low, found.high], "draws": len(pairs)}


def figure(stored: Path) -> None:
    """Draw what is in the JSON file `stored`, beside it."""
    draw(json.loads(stored.read_text(encoding="utf-8")), stored.with_suffix(".png"))


if __name__ == "__main__":
    sys.exit(
        main(
            None,
            description=__doc__.splitlines()[0],
            commands=commands(),
            runs=RUNS,
            output=RESULTS,
            describe=describe,
            after=figure,
            kept=Kept(whole=whole, join=join),
        )
    )
