"""A search over the settings of a run: trials one after another, and what the run is to be trained with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from modaxfer.config import RunConfig, to_yaml
from modaxfer.errors import CheckpointUnavailableError, DataError, RunFailedError
from modaxfer.plan import SCORE
from modaxfer.result import write_atomically
from modaxfer.runner.claims.space import is_full
from modaxfer.runner.evaluation.summary import MEAN
from modaxfer.runner.folder import TRIALS, TRIALS_REQUEST, absolute
from modaxfer.runner.processes.accelerate import share
from modaxfer.runner.progress import BarsOnly, Progress
from modaxfer.runner.request.dimensions import PROBE, Dimension, applied, find_dimensions
from modaxfer.runner.request.idle import check_idle
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.training.best import leads
from modaxfer.runner.tuning.study import COMPLETED, FAILED, PRUNED, STUDY, Study, Trial
from modaxfer.runner.tuning.trial import PrunedError, clear, train_trial

__all__ = ["Resolve", "Search", "as_without_search", "find_search", "store_request"]

Resolve = Callable[[RunConfig], tuple[ResolvedTask, ...]]
"""Resolves a request that differs from the run's by a few settings."""


def as_without_search(config: RunConfig) -> RunConfig:
    """Return `config` without its search."""
    return replace(config, tune=None, tune_over=())


def find_search(config: RunConfig, tasks: Sequence[ResolvedTask], resolve: Resolve) -> tuple[Dimension, ...]:
    """Return what is searched; what would be refused at the ends of a range is refused here, before weights are loaded.

    Args:
        config: The request.
        tasks: What the run is without a search.
        resolve: As said.

    Raises:
        ModaxferError: There is nothing to search, or a range reaches beyond what is allowed.
    """
    base = as_without_search(tasks[0].config)
    probed = resolve(replace(base, learning_rate=PROBE))
    found = find_dimensions(config, tasks[0], probed[0])
    for each in found if config.tune_over else ():
        for value in each.ends:
            (first, *_) = resolve(applied(base, {each.key: value}))
            check_idle(first, shared=False)
    return found


def store_request(config: RunConfig, folder: Path) -> None:
    """Keep what was asked for in the run's `folder`: its ``config.yaml`` will hold what was chosen."""
    write_atomically(folder / TRIALS_REQUEST, to_yaml(absolute(config)))


class Search:
    """The trials of one run.

    Args:
        config: The request.
        tasks: What the run is without a search.
        dimensions: What is searched.
        folder: Of the run.
        resolve: Resolves the request of a trial.
        accelerator: Of the run's processes.
        progress: Where to tell how far it is.
    """

    def __init__(
        self,
        config: RunConfig,
        tasks: Sequence[ResolvedTask],
        dimensions: Sequence[Dimension],
        folder: Path,
        *,
        resolve: Resolve,
        accelerator: Any,
        progress: Progress,
    ) -> None:
        assert config.tune is not None, "whoever searches has asked for it"
        self.count, self.tasks, self.dimensions, self.folder = config.tune, tasks, dimensions, folder
        self.base, self.resolve = as_without_search(tasks[0].config), resolve
        self.accelerator, self.progress = accelerator, progress

    def run(self) -> dict[str, Any]:
        """Run what is missing and return what a result says of the search, as ``tuning``.

        Raises:
            RunFailedError: No trial was completed.
        """
        self._shared(self._open)
        said = "; ".join(f"{each.key} {each}" for each in self.dimensions)
        self.progress.say(f"search over {said}: {self.count} trials on validation")
        trials: list[Trial] = list(self._shared(lambda: self._known.trials))
        for number in range(len(trials), self.count):
            setting: dict[str, Any] = self._shared(partial(self._suggested, number))
            trial = self._tried(number, setting)
            self._shared(partial(self._record, trial))
            trials.append(trial)
            self.progress.say(f"trial {number}{_said(setting)}: {_ending(trial, trials)}")
        self.progress.say("")
        return self._told(trials)

    def _shared(self, make: Callable[[], Any]) -> Any:
        return share(self.accelerator, make)

    def _open(self) -> None:
        """Open the journal; only the main process, to which all others listen, reads and writes it."""
        seed = self.base.seed
        self._known = Study(self.folder / TRIALS, self.dimensions, trials=self.count, seed=seed)

    def _suggested(self, number: int) -> dict[str, Any]:
        return self._known.suggest(number)

    def _record(self, trial: Trial) -> None:
        self._known.record(trial)
        clear(self._place(trial.number))

    def _place(self, number: int) -> Path:
        return self.folder / TRIALS / str(number)

    def _tried(self, number: int, setting: Mapping[str, Any]) -> Trial:
        """Train one trial; what fails for its setting's sake is a trial that failed."""
        trial = Trial(number=number, setting=setting, state=FAILED)

        def is_hopeless(epochs: Sequence[float]) -> bool:
            return bool(number and self._shared(lambda: self._known.is_hopeless(setting, epochs)))

        try:
            tasks = self.resolve(applied(self.base, setting))
            said = BarsOnly(self.progress)
            scored = train_trial(tasks, self._place(number), self.accelerator, said, is_hopeless)
        except PrunedError as error:
            return replace(trial, state=PRUNED, score=error.epochs[-1], epochs=error.epochs)
        except (CheckpointUnavailableError, DataError):
            raise  # No other setting would do better.
        except Exception as error:
            if is_full(error):
                raise
            return replace(trial, reason=" ".join(str(error).split()) or type(error).__name__)
        return replace(trial, state=COMPLETED, score=scored.score, validation=scored.validation, epochs=scored.epochs)

    def _told(self, trials: Sequence[Trial]) -> dict[str, Any]:
        best = _best(trials)
        if best is None:
            raise RunFailedError(
                f"none of {len(trials)} trials was completed",
                got=trials[0].reason or trials[0].state,
                fix="see that the run works without --tune first, or search over smaller ranges with --tune-over",
            )
        validator = self.tasks[0].plan.phases[-1].validator
        primary = self.tasks[0].primary if len(self.tasks) == 1 else MEAN
        counts = {f"{state}": sum(trial.state == state for trial in trials) for state in (COMPLETED, PRUNED, FAILED)}
        return {
            "trials": len(trials),
            **counts,
            "over": {each.key: str(each) for each in self.dimensions},
            "metric": primary if validator == SCORE else str(validator),
            "chosen": best.number,
            "setting": dict(best.setting),
            "validation": best.validation,
            "default": trials[0].validation,
            "study": f"{TRIALS}/{STUDY}",
            "tried": [asdict(trial) for trial in trials],
        }


def _best(trials: Sequence[Trial]) -> Trial | None:
    """Return the completed trial with the greatest score, of equals the first; None where none was completed."""
    best: Trial | None = None
    for trial in trials:
        if trial.state == COMPLETED and trial.score is not None:
            best = trial if leads(trial.score, None if best is None else best.score) else best
    return best


def _said(setting: Mapping[str, Any]) -> str:
    shown = ", ".join(f"{key} {value}" for key, value in setting.items())
    return f" ({shown or 'without a search'})"


def _ending(trial: Trial, trials: Sequence[Trial]) -> str:
    if trial.state == FAILED:
        return f"failed: {trial.reason}"
    if trial.state == PRUNED:
        return f"pruned after {len(trial.epochs)} epochs"
    value = trial.score if trial.validation is None else trial.validation
    return f"validation {value:.3f}{', the best so far' if _best(trials) is trial else ''}"
