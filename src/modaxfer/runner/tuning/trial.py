"""One trial: trained like a run, scored on validation, and nothing else; what a killed one has done is kept."""

from __future__ import annotations

import gc
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modaxfer.errors import RunFailedError
from modaxfer.plan import Role
from modaxfer.result import write_atomically
from modaxfer.runner.context import RunContext
from modaxfer.runner.execution import opened
from modaxfer.runner.folder import CHECKPOINT, store_config
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.stages import Stages
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.plan import train_plan
from modaxfer.runner.training.validation import Validation

__all__ = ["EPOCHS", "PrunedError", "Scored", "clear", "train_trial"]

EPOCHS = "epochs.json"
"""The validator's score of each epoch that was judged: a trial that goes on is compared by all of them."""


class PrunedError(Exception):
    """A trial is not worth going on with."""

    def __init__(self, epochs: Sequence[float]) -> None:
        self.epochs = tuple(epochs)
        super().__init__(f"after {len(epochs)} epochs")


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What validation says of a trained trial."""

    score: float
    """The validator's, greater is better."""
    validation: float | None
    """The same as people read it."""
    epochs: tuple[float, ...]


def train_trial(
    tasks: Sequence[ResolvedTask],
    folder: Path,
    accelerator: Any,
    progress: Progress,
    is_hopeless: Callable[[Sequence[float]], bool],
) -> Scored:
    """Train the plan of `tasks` and score it on validation; the test split stays sealed.

    Args:
        tasks: As they were resolved with the setting of the trial.
        folder: Of the trial; its checkpoints lie there until it has ended.
        accelerator: Of the run's processes.
        progress: Where to tell how far it is.
        is_hopeless: Told the scores of all epochs so far, after each that is judged.

    Raises:
        PrunedError: It said so.
        RunFailedError: The score is undefined.
    """
    main = accelerator.is_main_process
    warnings: list[str] = []
    log = folder / "log.jsonl" if main else None
    context = RunContext(
        accelerator=accelerator, stages=Stages(warnings), progress=progress, warnings=warnings, log=log
    )
    if main:
        store_config(tasks[0].config, folder)
    watch = _Watch(folder / EPOCHS, is_hopeless, writes=main)
    sessions, _ = opened(tasks, context, folder / CHECKPOINT)
    for session in sessions:
        session.watch = watch
    try:
        train_plan(tasks, sessions, context.stages, folder / CHECKPOINT)
        roles = {(Role.TARGET, number): session for number, session in enumerate(sessions)}
        if sessions[0].source is not None:
            roles[Role.SOURCE, 0] = sessions[0].source
        validation = Validation(tasks[0].plan.phases[-1], roles, cached=False)
        score = validation().score
    finally:
        # The next trial begins with a model of its own.
        del sessions
        accelerator.free_memory()
        gc.collect()
    if not math.isfinite(score):
        raise RunFailedError("the validation score is undefined", got=score, fix="give more validation rows")
    return Scored(score=score, validation=validation.value_of(score), epochs=tuple(watch.scores.values()))


def clear(folder: Path) -> None:
    """Remove what only a trial that goes on would need."""
    Checkpoints(folder / CHECKPOINT).clear()
    (folder / EPOCHS).unlink(missing_ok=True)


class _Watch:
    """Keeps the score of each epoch, and ends training where that is hopeless."""

    def __init__(self, path: Path, is_hopeless: Callable[[Sequence[float]], bool], *, writes: bool) -> None:
        self.path, self.is_hopeless, self.writes = path, is_hopeless, writes
        self.scores: dict[tuple[int, int], float] = {}
        if path.is_file():
            stored = json.loads(path.read_text(encoding="utf-8"))
            self.scores = {(phase, epoch): float(score) for phase, epoch, score in stored}

    def __call__(self, place: tuple[int, int], score: float) -> None:
        # What was judged after the last checkpoint is judged again.
        self.scores = {known: value for known, value in self.scores.items() if known < place} | {place: score}
        if self.writes:
            written = [[*known, str(value)] for known, value in self.scores.items()]
            write_atomically(self.path, json.dumps(written))
        if self.is_hopeless(tuple(self.scores.values())):
            raise PrunedError(tuple(self.scores.values()))
