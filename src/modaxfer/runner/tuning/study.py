"""The study behind ``--tune``: optuna chooses settings, prunes trials, and keeps what came of them in a journal.

A trial enters the journal whole, when it has ended. What is chosen next depends on what stands there and on the seed
alone, so a search that was killed goes on as it would have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modaxfer.runner.request.dimensions import Dimension

__all__ = ["COMPLETED", "FAILED", "PRUNED", "STUDY", "Study", "Trial"]

STUDY = "study.log"
"""Journal of optuna's `JournalStorage`, in the folder of the trials."""

NAME = "modaxfer"
"""Of the study in its journal."""

COMPLETED, PRUNED, FAILED = "completed", "pruned", "failed"

MOST_RANDOM = 10
"""Trials before the Parzen estimators choose, at most (optuna's own number); of few trials a third."""

BEFORE_PRUNING = 4
"""Trials that have to be completed before one is compared with their median."""

SEEDS = 10_000
"""Keeps the draws of one seed's trials apart from those of the next seed."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One setting that was tried."""

    number: int
    """From 0, which is the run as it is without a search."""
    setting: Mapping[str, Any]
    """What differs from the run without a search, by key."""
    state: str
    """``completed``, ``pruned`` or ``failed``."""
    score: float | None = None
    """By the validator, greater is better; of a pruned trial that of its last epoch."""
    validation: float | None = None
    """The same as people read it: a primary metric as itself."""
    epochs: Sequence[float] = field(default_factory=tuple)
    """The validator's score after each epoch that was judged."""
    reason: str = ""
    """Why it failed."""


class Study:
    """Trials of one run.

    Args:
        folder: Of its trials.
        dimensions: What is searched.
        trials: How many there will be.
        seed: Of the run.
    """

    def __init__(self, folder: Path, dimensions: Sequence[Dimension], *, trials: int, seed: int) -> None:
        self.dimensions, self.seed = dimensions, seed
        self.random = max(3, min(MOST_RANDOM, trials // 3))
        self._study = _open(folder / STUDY)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All that have ended, in their order."""
        return tuple(map(_read, self._study.trials))

    def suggest(self, number: int) -> dict[str, Any]:
        """Return the setting of trial `number`, when all before it have ended: the first is the run as it is.

        Tree-structured Parzen estimators (Bergstra et al. 2011), behind some random trials.
        """
        if number == 0:
            return {}
        import optuna

        sampler = optuna.samplers.TPESampler(n_startup_trials=self.random, seed=SEEDS * self.seed + number)
        asked = self._copy(sampler).ask(self._distributions())
        return {each.key: each.tidy(asked.params[each.key]) for each in self.dimensions}

    def is_hopeless(self, setting: Mapping[str, Any], epochs: Sequence[float]) -> bool:
        """Tell whether a trial with these scores so far is below the median of completed ones at its epoch.

        Its best epoch so far is compared with what they had after as many epochs; there have to be four of them. Of
        trial 0, which everything is compared with, nobody asks.
        """
        import optuna

        state = optuna.trial.TrialState.RUNNING
        trial = self._frozen(Trial(number=-1, setting=setting, state="", epochs=epochs), state)
        return bool(optuna.pruners.MedianPruner(n_startup_trials=BEFORE_PRUNING).prune(self._study, trial))

    def record(self, trial: Trial) -> None:
        """Put a trial that has ended into the journal, whole."""
        import optuna

        states = optuna.trial.TrialState
        state = {COMPLETED: states.COMPLETE, PRUNED: states.PRUNED, FAILED: states.FAIL}[trial.state]
        self._study.add_trial(self._frozen(trial, state))

    def _copy(self, sampler: Any) -> Any:
        """Return the study in memory, where one may ask without leaving a trial in the journal."""
        import optuna

        study = optuna.create_study(sampler=sampler, direction="maximize")
        study.add_trials(self._study.trials)
        return study

    def _frozen(self, trial: Trial, state: Any) -> Any:
        """Return a trial as optuna has it; of a default only what lies within what is searched."""
        import optuna

        known = {each.key: trial.setting.get(each.key, each.default) for each in self.dimensions}
        params = {each.key: known[each.key] for each in self.dimensions if each.has(known[each.key])}
        distributions = self._distributions()
        return optuna.trial.create_trial(
            state=state,
            value=trial.score if trial.state in (COMPLETED, PRUNED) else None,
            params=params,
            distributions={key: distributions[key] for key in params},
            intermediate_values=dict(enumerate(trial.epochs, start=1)),
            user_attrs={
                "setting": dict(trial.setting),
                "validation": trial.validation,
                **({"reason": trial.reason} if trial.reason else {}),
            },
        )

    def _distributions(self) -> dict[str, Any]:
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        return {
            each.key: CategoricalDistribution(each.choices)
            if each.choices
            else IntDistribution(int(each.low), int(each.high), log=each.log)
            if each.whole
            else FloatDistribution(each.low, each.high, log=each.log and each.step is None, step=each.step)
            for each in self.dimensions
        }


def _open(journal: Path) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal.parent.mkdir(parents=True, exist_ok=True)
    backend = optuna.storages.journal.JournalFileBackend(str(journal))
    storage = optuna.storages.JournalStorage(backend)
    return optuna.create_study(storage=storage, study_name=NAME, direction="maximize", load_if_exists=True)


def _read(trial: Any) -> Trial:
    states = {"COMPLETE": COMPLETED, "PRUNED": PRUNED, "FAIL": FAILED}
    return Trial(
        number=trial.number,
        setting=trial.user_attrs["setting"],
        state=states[trial.state.name],
        score=trial.value,
        validation=trial.user_attrs["validation"],
        epochs=tuple(trial.intermediate_values[step] for step in sorted(trial.intermediate_values)),
        reason=trial.user_attrs.get("reason", ""),
    )
