"""Small weights of our own beside random ones, their teachers and larger ones: ``make embedded``.

Every cell is one checkpoint of ``plugins/embedded`` on one task whose rows it never saw, frozen or fine-tuned, three
seeds, each beside the same architecture from random weights. A killed benchmark goes on where it was, and what is not
there is named as missing. Writes ``docs/results/embedded.json``, in which what was measured of weights stays as long as
they do.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Any

from embedded_speed import WATCHED, watch
from resumable import Command, Kept, finished, main, store

from modaxfer.errors import UnknownNameError
from modaxfer.metrics.gains import Pair, paired_gain
from modaxfer.registry import load_target, registry
from modaxfer.result import Result
from modaxfer.runner.evaluation.finished import Finished, read_finished

__all__ = ["CANDIDATES", "cells", "commands", "describe", "store", "told"]

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results" / "embedded.json"
RUNS = Path("runs") / "embedded"
SEEDS = 3

TEXTS = {"rt-polarity": 3000, "trec-questions": 3000, "legal-sentiment": 2400}
"""Training rows at most; a quarter as many test rows."""

FULL_ROWS, TEST_ROWS = 800, 1000
"""Training and test rows at most where everything is trained: six times and more, with rates tried."""

FULL_LONG = {"speech-emotion": 160, "esc10": 160}
"""Training rows there of sounds of some seconds, each of which costs what ten texts do."""

PICTURES = {"pacs": 600, "traffic-signs": 600, "digits-optical": 600}

SOUNDS = {"spoken-digits": 1200, "esc10": 240, "speech-emotion": 400}


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A checkpoint, the tasks that it is tried on, and what it learned from."""

    encoder: str
    teacher: tuple[str, str]
    """Encoder and checkpoint."""
    tasks: Mapping[str, int]
    bridge: str
    epochs: float = 3.0
    options: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, int] = field(default_factory=dict)
    """Tasks of another signal than it was trained on, frozen only: does it see as well?"""
    readme: bool = False
    """Whether the first line of the README takes it."""


MINILM = ("bert", "offline/minilm")
CANDIDATES = {
    "embedded/bert-tiny": Candidate(
        encoder="bert", teacher=MINILM, tasks=TEXTS, bridge="native-text", options={"encoder.max_tokens": 64}
    ),
    "embedded/vit-tiny": Candidate(
        encoder="vit", teacher=MINILM, tasks=TEXTS, bridge="render", extra={"digits-optical": 1200}, readme=True
    ),
    "embedded/vit-tiny-pictures": Candidate(
        encoder="vit", teacher=("vit", "offline/vit-focus"), tasks=PICTURES, bridge="native-image"
    ),
    "embedded/wav2vec2-tiny": Candidate(
        encoder="wav2vec2", teacher=("whisper", "offline/whisper-tiny-en"), tasks=SOUNDS, bridge="native-audio"
    ),
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One checkpoint on one task."""

    checkpoint: str
    task: str
    strategy: str
    limit: int
    role: str = "own"
    """``own``; ``extra`` for another signal; ``teacher``; ``readme`` for the line of the README as it is."""
    random: bool = False
    """Whether it is frozen from random weights: what a frozen cell is compared with. The baseline that a run trains by
    itself moves them all."""

    @property
    def candidate(self) -> Candidate:
        """Whose checkpoint it is."""
        return CANDIDATES[self.checkpoint]

    @property
    def command(self) -> Command:
        """The run and its companions."""
        own = self.candidate
        encoder, weights = own.teacher if self.role == "teacher" else (own.encoder, self.checkpoint)
        flags: dict[str, Any] = {"encoder": (encoder,), "strategy": self.strategy, "task": (self.task,)}
        options: dict[str, Any] = {}
        if self.role != "readme":
            flags |= {"checkpoint": weights, "limit": self.limit, "seeds": SEEDS}
            options |= dict(own.options) if encoder == own.encoder else {}
        if self.random:
            flags |= {"weights": "random"}
        if self.role == "own":
            flags |= {"bridge": own.bridge}
        if self.strategy == "full":
            flags |= {"limit": min(self.limit, FULL_LONG.get(self.task, FULL_ROWS)), "test-limit": TEST_ROWS}
            flags |= {"epochs": own.epochs, "baseline": ("scratch",)}
            options |= {"train.rates": "0.5,2"}
        name = f"{self.checkpoint.rpartition('/')[2]}-{self.role}-{self.task}-{self.strategy}"
        name += "-random" if self.random else ""
        return Command(cell=name, seed=0, flags=flags, options=options, forked=True)


def told(checkpoint: str) -> dict[str, Any] | None:
    """Return the record of a checkpoint of the plugin with the hash of its weights; None where it is not there."""
    try:
        entry = registry().get("checkpoint", checkpoint)
    except UnknownNameError:
        return None
    folder = Path(load_target(entry.spec.target)())
    found: dict[str, Any] = json.loads((folder / "pretraining.json").read_text(encoding="utf-8"))
    return {**found, "weights": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()}


def cells() -> list[Cell]:
    """Return the cells of the checkpoints that are there, on tasks that their cards do not name as seen."""
    made = []
    for checkpoint, candidate in CANDIDATES.items():
        record = told(checkpoint)
        if record is None:
            continue
        seen = {*record["recipe"]["tasks"], *record["recipe"]["labels"]}
        unseen = {task: limit for task, limit in candidate.tasks.items() if task not in seen}
        roles = [
            ("own", "frozen", unseen),
            ("teacher", "frozen", unseen),
            ("own", "full", unseen),
            ("extra", "frozen", candidate.extra),
        ]
        made += [
            Cell(checkpoint=checkpoint, task=task, strategy=strategy, limit=limit, role=role, random=random)
            for role, strategy, tasks in roles
            for task, limit in tasks.items()
            for random in ((False, True) if strategy == "frozen" and role != "teacher" else (False,))
        ]
        if candidate.readme:
            made.append(Cell(checkpoint=checkpoint, task="legal-sentiment", strategy="lora", limit=0, role="readme"))
    return made


def commands() -> list[Command]:
    """Return the runs in the order in which they are made: frozen ones, which take a minute, first."""
    return [cell.command for cell in sorted(cells(), key=lambda cell: cell.strategy != "frozen")]


def describe(runs: Path) -> dict[str, Any]:
    """Return what the finished cells found, by checkpoint, and which cells are missing."""
    found = {cell: finished(cell.command, runs) for cell in cells()}
    return {
        "checkpoints": [
            _checkpoint(name, found, record, runs) for name in CANDIDATES if (record := told(name)) is not None
        ],
        "absent": [name for name in CANDIDATES if told(name) is None],
        "missing": [cell.command.cell for cell, result in found.items() if result is None],
        "watched": watch(runs, WATCHED),
    }


def whole(stored: Mapping[str, Any]) -> set[tuple[str, int]]:
    """Return the runs that what is stored tells in full, of weights that are still the same.

    The halves of a comparison are made by one machine: all of them are missing as long as one is.
    """
    there: set[tuple[str, str, str, str]] = set()
    for checkpoint in stored["checkpoints"]:
        name = checkpoint["checkpoint"]
        if checkpoint["weights"] != (told(name) or {}).get("weights"):
            continue
        kept = {each["task"] for each in checkpoint["kept"]}
        for cell in checkpoint["cells"]:
            key = (name, cell["task"], cell["strategy"])
            if cell["role"] == "own" and cell["strategy"] == "frozen":
                there |= {(*key, "own"), (*key, "teacher")} if cell["task"] in kept else set()
            else:
                there.add((*key, cell["role"]))
        there |= {(name, "legal-sentiment", "lora", "readme")} if checkpoint["readme"] else set()
    return {
        (cell.command.cell, 0) for cell in cells() if (cell.checkpoint, cell.task, cell.strategy, cell.role) in there
    }


def join(stored: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored of weights that are still the same, with what was found put in."""
    before = {each["checkpoint"]: each for each in stored["checkpoints"]}
    checkpoints = [_join(before.get(now["checkpoint"]), now) for now in found["checkpoints"]]
    watched = [{(each["task"], each["checkpoint"]) for each in told["watched"]} for told in (stored, found)]
    there = whole({"checkpoints": checkpoints})
    return {
        **found,
        "checkpoints": checkpoints,
        "missing": [cell.command.cell for cell in cells() if (cell.command.cell, 0) not in there],
        # Times of one machine stay together.
        "watched": (stored if watched[0] == watched[1] else found)["watched"],
    }


def _join(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> dict[str, Any]:
    if before is None or before["weights"] != now["weights"]:
        return {**now}
    keys = {"cells": ("role", "task", "strategy"), "kept": ("task",)}
    joined = {
        part: [*{tuple(told[key] for key in by): told for told in (*before[part], *now[part])}.values()]
        for part, by in keys.items()
    }
    return {**now, **joined, "readme": now["readme"] or before["readme"]}


def _checkpoint(
    name: str, found: Mapping[Cell, Result | None], record: Mapping[str, Any], runs: Path
) -> dict[str, Any]:
    own = {cell: result for cell, result in found.items() if cell.checkpoint == name and result is not None}
    return {
        "checkpoint": name,
        "weights": record["weights"],
        "parameters": record["parameters"],
        "trained_on": record["trained_on"],
        "seen": record["recipe"]["tasks"],
        "labels": record["recipe"]["labels"],
        "teacher": CANDIDATES[name].teacher[1],
        "cells": [_cell(cell, result, gained) for cell, result in own.items()
                  if cell.role in ("own", "extra") and (gained := _gained(cell, result, own, runs)) is not None],
        "kept": [told for cell, result in own.items()
                 if cell.role == "own" and cell.strategy == "frozen" and not cell.random
                 and (told := _kept(cell, result, own.items())) is not None],
        "readme": next((_readme(result) for cell, result in own.items() if cell.role == "readme"), None),
    }  # fmt: skip


def _gained(cell: Cell, result: Result, own: Mapping[Cell, Result], runs: Path) -> Mapping[str, Any] | None:
    """Return scores with and without pretraining and the gain; None where the other half is missing."""
    if cell.strategy != "frozen":
        found: Mapping[str, Any] = (result.transfer_gain or {})["pretraining"][result.primary]
        return found
    twin = replace(cell, random=True)
    if cell.random or twin not in own:
        return None
    better, other = (_seeds(each, own[each], runs) for each in (cell, twin))
    pairs = []
    for one, two in zip(better, other, strict=True):
        assert one.ids == two.ids, "runs of one seed share their test rows"
        pairs.append(Pair(references=one.references, better=one.scored, other=two.scored, clusters=one.clusters))
    alike = len({each.ids for each in better}) == 1
    gain = paired_gain(pairs, result.primary, problem=better[0].problem, same_rows=alike)
    return {
        "gain": gain.value,
        "interval": [gain.low, gain.high],
        "with": mean(each.score for each in better),
        "without": mean(each.score for each in other),
        "seeds": len(pairs),
    }


def _seeds(cell: Cell, result: Result, runs: Path) -> list[Finished]:
    """Return the finished runs of a cell, one for each seed."""
    folder = cell.command.folder(runs)
    others = [folder / "seeds" / str(seed) for seed in result.repeats.get("seeds", ())[1:]]
    return [read_finished(folder, result), *(read_finished(each, Result.load(each)) for each in others)]


def _cell(cell: Cell, result: Result, gained: Mapping[str, Any]) -> dict[str, Any]:
    metric = result.primary
    return {
        "task": cell.task,
        "role": cell.role,
        "strategy": cell.strategy,
        "bridge": result.bridge,
        "metric": metric,
        "rows": dict(result.data["rows"]),
        "accuracy": result.metrics["test"].get("accuracy"),
        "score": gained["with"],
        "scratch": gained["without"],
        "gain": gained["gain"],
        "interval": gained["interval"],
        "seeds": gained["seeds"],
        "chance": result.baselines["chance"][metric],
        "simple": (result.baselines.get("simple") or {}).get(metric),
    }


def _kept(cell: Cell, result: Result, own: Iterable[tuple[Cell, Result]]) -> dict[str, Any] | None:
    """Return which share of its teacher's score above chance a frozen student keeps; None where that is missing."""
    teachers = [other for its, other in own if its.role == "teacher" and its.task == cell.task]
    if not teachers:
        return None
    metric = result.primary
    chance = result.baselines["chance"][metric]
    student, teacher = (_mean(each, metric) for each in (result, teachers[0]))
    return {
        "task": cell.task,
        "metric": metric,
        "student": student,
        "teacher": teacher,
        "chance": chance,
        "share": (student - chance) / (teacher - chance) if teacher > chance else None,
    }


def _mean(result: Result, metric: str) -> float:
    return float(result.repeats["mean"][metric]) if result.repeats else float(result.metrics["test"][metric])


def _readme(result: Result) -> dict[str, Any]:
    """Return what the line of the README came to, beside what it has to beat."""
    metric = result.primary
    bars = {
        name: result.baselines[name].get(metric)
        for name in ("chance", "majority", "simple")
        if name in result.baselines
    }
    return {
        "metric": metric,
        "checkpoint": result.encoder["checkpoint"],
        "score": result.metrics["test"][metric],
        "interval": list(result.intervals[metric]),
        "bars": bars,
        "simple_model": (result.baselines.get("simple") or {}).get("name", ""),
        "rows": dict(result.data["rows"]),
        "seconds": result.time_s.get("total"),
    }


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
