"""Is what ``modaxfer recommend`` chooses as good as the best cell of a whole grid? ``make recommend``.

On every task a grid of encoders, also cut and random ones, by ``frozen``, ``lora`` and ``full`` is measured on test
rows, and the simple bar with it. The recommendation is asked for when the grid of its task is there, and sees nothing
of it: neither test rows, nor what was recorded of this task, nor its cache. A killed benchmark goes on where it was.
Writes ``docs/results/recommend.json``, in which a task stays until it is measured again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recommend_facts import summary, task_facts
from recommend_variants import VARIANTS, variant
from resumable import Command, Kept, finished, main

from modaxfer.json_file import read_json

__all__ = ["QUESTIONS", "Cell", "cells", "commands", "describe", "join", "whole"]

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results" / "recommend.json"
RUNS = Path("runs") / "recommend-grid"
STRATEGIES = ("frozen", "lora", "full")
LIMIT, TEST_LIMIT = 200, 1000
"""Training rows, as few as people have; test rows, so many that cells can be told apart."""

TEXT = ("offline/minilm", "embedded/bert-tiny", "embedded/vit-tiny", "minilm-2-layers", "minilm-random")
IMAGE = ("offline/vit-focus", "embedded/vit-tiny", "modaxfer/cnn-small", "vit-focus-4-layers", "vit-focus-random")
AUDIO = ("offline/whisper-tiny-en", "embedded/wav2vec2-tiny", "embedded/vit-tiny", "whisper-1-layer", "whisper-random")
TABLE = ("modaxfer/table-small", "offline/minilm", "embedded/bert-tiny", "minilm-2-layers", "embedded/vit-tiny")


@dataclass(frozen=True)
class Question:
    """A task and the encoders among which to choose."""

    task: str
    encoders: tuple[str, ...]


QUESTIONS = (
    *(Question(task, TEXT) for task in ("legal-sentiment", "trec-questions", "rt-polarity", "subjectivity", "sst2")),
    *(Question(task, TABLE) for task in ("german-credit", "home-equity", "adult-income", "loan-default")),
    *(Question(task, IMAGE) for task in ("digits-optical", "digits-usps", "traffic-signs", "chest-xray")),
    *(Question(task, AUDIO) for task in ("spoken-digits", "esc10", "speech-emotion")),
    *(Question(task, TEXT) for task in ("financial-phrasebank", "customer-reviews")),
)


@dataclass(frozen=True)
class Cell:
    """One encoder with one strategy on one task."""

    task: str
    encoder: str
    strategy: str

    @property
    def command(self) -> Command:
        """Its run."""
        name = f"{self.task}-{self.encoder.replace('/', '-')}-{self.strategy}"
        flags = {
            "task": (self.task,),
            "encoder": (str(variant(self.encoder)) if self.encoder in VARIANTS else self.encoder,),
            "strategy": self.strategy,
            "limit": LIMIT,
            "test-limit": TEST_LIMIT,
        }
        return Command(cell=name, seed=0, flags=flags, forked=True)


def cells(question: Question) -> list[Cell]:
    """Return the grid of a task; what has random weights by design is trained as a whole alone."""
    return [
        Cell(question.task, encoder, strategy)
        for encoder in question.encoders
        for strategy in STRATEGIES
        if strategy == "full" or not encoder.startswith("modaxfer/")
    ]


def commands() -> list[Command]:
    """Return all runs, task by task: what is there when time is up is whole in itself."""
    return [cell.command for question in QUESTIONS for cell in cells(question)]


def describe(runs: Path) -> dict[str, Any]:
    """Return by task what its finished grid and the recommendation found, and which tasks are missing."""
    tasks = []
    for question in QUESTIONS:
        made = {cell: result for cell in cells(question) if (result := finished(cell.command, runs)) is not None}
        if len(made) == len(cells(question)):
            found = _answered(question, runs)
            tasks += [task_facts(question.task, made, found)] if found else []
    return joined(tasks)


def _answered(question: Question, runs: Path) -> Mapping[str, Any] | None:
    """Ask for the recommendation of a task unless it is there, with a cache that the grid has not filled."""
    folder = runs / f"{question.task}-recommendation"
    names = [str(variant(name)) if name in VARIANTS else name for name in question.encoders]
    line = [sys.executable, "-m", "modaxfer", "recommend", "--task", question.task, "--limit", str(LIMIT)]
    line += [word for name in names for word in ("--encoder", name)] + ["--output", str(folder)]
    print(f"\n{question.task}: {' '.join(['modaxfer', *line[3:]])}", flush=True)
    fresh = {"HF_HUB_OFFLINE": "1", "MODAXFER_CACHE": str(runs / "cache-of-recommendations")}
    status = subprocess.run(line, env=os.environ | fresh, check=False).returncode
    return None if status else read_json(folder / "recommend.json")


def joined(tasks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return tasks with what they say together."""
    there = {task["task"] for task in tasks}
    missing = [question.task for question in QUESTIONS if question.task not in there]
    return {"limit": LIMIT, "tasks": [*tasks], "summary": summary(tasks) if tasks else {}, "missing": missing}


def whole(stored: Mapping[str, Any]) -> set[tuple[str, int]]:
    """Return the runs of the tasks that are stored."""
    there = {task["task"] for task in stored["tasks"]}
    return {(cell.command.cell, 0) for question in QUESTIONS if question.task in there for cell in cells(question)}


def join(stored: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored, with the tasks of `found` in the place of older ones."""
    by_name = {task["task"]: task for task in (*stored["tasks"], *found["tasks"])}
    return joined([by_name[question.task] for question in QUESTIONS if question.task in by_name])


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
