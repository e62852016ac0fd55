"""A run with its companions: the one place where runs beside a run are started, kept and taken into its result.

Each of them is an ordinary run in a folder of its own below the first. What is finished is not run again: a command
that was killed goes on with what is missing, and ends with the result of one that was not.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.errors import CheckpointUnavailableError, DataError
from modaxfer.registry import load_target
from modaxfer.result import Result
from modaxfer.runner.attempts import attempt
from modaxfer.runner.before.stage import RunOne
from modaxfer.runner.beside.companion import Companion, Kind, Main
from modaxfer.runner.claims.space import space_told
from modaxfer.runner.folder import CONFIG, RESULT, is_finished
from modaxfer.runner.kinds import KINDS, asks_by_settings
from modaxfer.runner.observed import UNOBSERVED, Observed
from modaxfer.runner.progress import BarsOnly, Progress
from modaxfer.runner.request.request import Request
from modaxfer.runner.run import run
from modaxfer.tasks.memory import Memory

__all__ = ["AGAIN", "is_complete", "run_with_companions"]

AGAIN = " (--resume tries it again)"
"""Ends a warning of what went wrong beside the first run; it goes when that has been made up for."""


def run_with_companions(
    config: RunConfig,
    *,
    resume: bool = False,
    overwrite: bool = False,
    shared: bool = False,
    progress: Progress | None = None,
    request: Request | None = None,
    memory: Memory | None = None,
    run_one: RunOne = run,
    observed: Observed = UNOBSERVED,
) -> tuple[Result, Path]:
    """Train and evaluate one request with everything that it asks for beside it.

    Args:
        config: The request.
        resume: Go on with what is unfinished in the output folder; what is finished there is kept as it is.
        overwrite: Replace the run in the output folder.
        shared: As for `modaxfer.runner.run.run`.
        progress: Where to tell how far it is; None = standard error.
        request: What `modaxfer.runner.request.request.read_request` made of `config`, where that was asked already.
        memory: What runs before this one have read of their tasks.
        run_one: Trains and evaluates one request.
        observed: The run as observers see it, its companions as parts of it.

    Returns:
        The result of the run, with what its companions say, and its folder. A companion that failed is a warning
        there: with `resume` it is tried again.

    Raises:
        ModaxferError: The request was wrong, or the run itself failed.
    """
    progress = progress or Progress(_is_main())
    memory = memory if memory is not None or not _has_companions(config) else Memory()
    result, folder = run_one(
        _as_needed(config),
        resume=resume,
        overwrite=overwrite,
        shared=shared,
        progress=progress,
        request=request,
        memory=memory,
        observed=observed,
    )
    main = _main(folder, result)
    asked = _asked(main)
    if all(kind.is_told(main) for kind in asked):
        return result, folder
    with space_told(folder):
        result = _Schedule(main, progress, memory, run_one).told(asked)
        if main.writes:
            result.save(folder)
    return result, folder


def is_complete(folder: Path, *, tried: bool) -> bool:
    """Tell whether the finished run in `folder` holds all that its companions have to say.

    Args:
        folder: Of a finished run.
        tried: Whether one that has failed counts as having said it.
    """
    main = _main(folder, Result.load(folder))
    if tried and any(warning.endswith(AGAIN) for warning in main.result.warnings):
        return True
    return all(kind.is_told(main) for kind in _asked(main))


def _main(folder: Path, result: Result) -> Main:
    stored = build(RunConfig, read_yaml(folder / CONFIG))
    return Main(config=stored, folder=folder, result=result, writes=_is_main())


def _kinds() -> list[Kind]:
    return [load_target(declared.does) for declared in KINDS]


def _asked(main: Main) -> list[Kind]:
    return [kind for kind in _kinds() if kind.companions(main)]


def _as_needed(config: RunConfig) -> RunConfig:
    """Return the request of the main run with what its companions need of it."""
    for kind in _kinds():
        config = kind.request(config)
    return config


class _Schedule:
    """The companions of one run; one that fails is left out of what is told, and said."""

    def __init__(self, main: Main, progress: Progress, memory: Memory | None, run_one: RunOne) -> None:
        self.main, self.progress, self.memory, self.run_one = main, progress, memory, run_one
        self.runs: dict[str, Result] = {}
        self.troubles: list[str] = []

    def told(self, kinds: Sequence[Kind]) -> Result:
        """Run what is missing, and return the main run's result with what all of them say."""
        for companion in (companion for kind in kinds for companion in kind.companions(self.main)):
            if all(place in self.runs for place in companion.needs):
                self._attempt(companion)
        result = self.main.result
        for kind in kinds:
            result = attempt(kind.name, partial(kind.tell, self.main, result, self.runs), self.troubles) or result
        kept = [warning for warning in result.warnings if not warning.endswith(AGAIN)]
        return replace(result, warnings=(*kept, *(f"{trouble}{AGAIN}" for trouble in self.troubles)))

    def _attempt(self, companion: Companion) -> None:
        def run_it() -> Result | CheckpointUnavailableError:
            try:
                return self._run(companion)
            except CheckpointUnavailableError as error:
                return error

        found = attempt(f"the run beside this one, {companion.label},", run_it, self.troubles)
        if isinstance(found, CheckpointUnavailableError):
            raise found  # The weights are others than those of the first run, or cannot be had: no fault of training.
        if found is None:
            self.progress.say(f"warning: {self.troubles[-1]}")
        else:
            self.runs[companion.place] = found

    def _run(self, companion: Companion) -> Result:
        folder = self.main.folder / companion.place
        finished = self._is_finished(folder)
        if not finished and not companion.brief:
            self.progress.say("")
            self.progress.say(f"{companion.label} ({folder})")
        # What the first run's settings mean for others of them, such as the steps from scratch, is none of this one's.
        result, _ = self.run_one(
            replace(companion.config(self.runs), output=str(folder)),
            resume=(folder / CONFIG).is_file(),
            shared=True,
            weights_of=self.main.result if companion.same_weights else None,
            progress=BarsOnly(self.progress) if companion.brief else self.progress,
            memory=self.memory,
        )
        if companion.brief:
            self.progress.say(f"{companion.label}: {_scored(result)}{' (from before)' if finished else ''}")
        return result

    def _is_finished(self, folder: Path) -> bool:
        """Tell whether a companion has ended; a result that cannot be read is said, and made again."""
        try:
            return is_finished(folder)
        except DataError as error:
            self.progress.say(f"warning: the result of a run beside this one is damaged, so it is run again: {error}")
            if self.main.writes:
                (folder / RESULT).unlink(missing_ok=True)
            return False


def _has_companions(config: RunConfig) -> bool:
    """Tell whether there may be any: what a plan asks for shows when it has run."""
    return asks_by_settings(config) or len(config.task) > 1 or bool(config.source_task)


def _scored(result: Result) -> str:
    value = result.metrics["test"].get(result.primary)
    return f"test {result.primary} {'undefined' if value is None else format(value, '.3f')}"


def _is_main() -> bool:
    """Tell whether this is the main process of those that a launcher started, or the only one."""
    return os.environ.get("RANK", "0") == "0"
