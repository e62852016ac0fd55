"""What validation says of a model: the phase's validator is shown its streams, with targets only where it may be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from modaxfer.contracts import Seen, ValidatorContext
from modaxfer.plan import SCORE, Component, Phase
from modaxfer.registry import call_target, fault
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.features import entry_point
from modaxfer.runner.training.seen import seen_rows
from modaxfer.runner.training.streams import Sessions, stream_facts
from modaxfer.validators.build import build_validator, judged

__all__ = ["Judged", "Validation"]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What validation says of the model as it is now."""

    score: float
    """The validator's: greater is better."""
    told: Mapping[str, dict[str, Any]]
    """By task that shows its targets: its primary metric by name, and ``loss``."""
    measured: Mapping[str, float] = field(default_factory=dict)
    """What the phase's measure gave."""


class Validation:
    """Judges the model of a phase by its validation rows.

    Args:
        phase: Names streams, validator and measure.
        sessions: The run's tasks.
        cached: Whether rows enter the model as far up as nothing below it moves; else as inputs.
    """

    def __init__(self, phase: Phase, sessions: Sessions, *, cached: bool = True) -> None:
        self.phase = phase
        self.streams = {name: sessions[stream.role, stream.task] for name, stream in phase.streams.items()}
        self._shows = [name for name in phase.streams if phase.judges(name)]
        shown = {id(self.streams[name]): self.streams[name] for name in self._shows}
        self._alone = next(iter(shown.values())) if len(shown) == 1 else None
        opened = {id(session): session for session in self.streams.values()}
        self._opened = {
            key: (each, entry_point(each, "validation") if cached else None) for key, each in opened.items()
        }
        facts = {name: stream_facts(phase.streams[name], session) for name, session in self.streams.items()}
        seed = next(iter(self.streams.values())).seed
        self.context = ValidatorContext(streams=facts, seed=seed)
        self._validator = build_validator(phase.validator, self.context)
        self._tells = getattr(self._validator, "reads_outputs", True)
        self._looks = getattr(self._validator, "reads_rows", True) or phase.measure is not None

    def __call__(self) -> Judged:
        """Judge the model as it is now.

        Raises:
            RunFailedError: What the validator or the measure gives is no number.
        """
        seen, told = self.look()
        measured = _measured(self.phase.measure, seen)
        score = judged(self.phase.validator, self._validator, seen)
        return Judged(score=score, told=told, measured=measured)

    def look(self) -> tuple[dict[str, Seen], dict[str, dict[str, Any]]]:
        """Return what the model says of the phase's streams, by name, and `Judged.told`."""
        if not self._looks:
            return {}, {}
        made = {key: seen_rows(session, "validation", entry) for key, (session, entry) in self._opened.items()}
        seen = {name: made[id(session)] for name, session in self.streams.items()}
        told: dict[str, dict[str, Any]] = {}
        for name in self._shows:
            session = self.streams[name]
            found = _scored(session, seen[name].outputs)
            score, skill = found.pop("judged"), found.pop("skill")
            if self._tells:
                told.setdefault(session.task_id, found)
            seen[name] = _shown(session, seen[name], score if self._alone is not None else skill)
        return seen, told

    @property
    def rows(self) -> int:
        """How many rows the model is shown to be judged."""
        opened = [session for session, _ in self._opened.values()] if self._looks else []
        return sum(len(session.splits["validation"].lengths) for session in opened)

    def shown(self, judged: Judged) -> list[str]:
        """Return what is `Judged.told` as people read it; of several tasks with their names."""
        sessions = {each.task_id: each for each in self.streams.values()}
        named = len(sessions) > 1
        return [_of_task(sessions[task], values, named=named) for task, values in judged.told.items()]

    def value_of(self, score: float) -> float | None:
        """Return a validator's score as people read it: a primary metric as itself; None where it is undefined."""
        if self._alone is not None and self.phase.validator == SCORE:
            return self._alone.value_of(score)
        return score if math.isfinite(score) else None


def _measured(measure: Component | None, seen: Mapping[str, Seen]) -> dict[str, float]:
    if measure is None:
        return {}
    kind = f"measure {measure}"
    found: Any = call_target(measure.target, seen, kind=kind, **measure.options)
    try:
        return {str(name): float(value) for name, value in found.items()}
    except (AttributeError, TypeError, ValueError, RuntimeError) as error:
        what, allowed = "gives what cannot be logged", "numbers by name"
        raise fault(measure.target, what, got=repr(found), allowed=allowed, kind=kind) from error


def _shown(session: TaskSession, seen: Seen, score: float) -> Seen:
    return replace(seen, targets=session.splits["validation"].targets, score=lambda: score)


def _scored(session: TaskSession, outputs: Any) -> dict[str, Any]:
    """Score validation: ``judged`` and ``skill``, greater is better; the primary metric by name; ``loss``."""
    split = session.splits["validation"]
    predictions, scores = session.criterion.decode(outputs)
    judged = session.judge(split.targets, predictions, scores)
    # A class that train lacks has no logit, so no loss either; the judged score counts it as an error.
    padded = pad_sequence(outputs, batch_first=True, padding_value=-torch.inf) if isinstance(outputs, list) else outputs
    losses = session.criterion.loss(padded, session.criterion.batch(split.targets))
    loss = float(losses[torch.from_numpy(session.criterion.known(split.targets))].mean())
    skill = session.skill(judged, split.targets, predictions)
    return {"judged": judged, "skill": skill, session.primary: session.value_of(judged), "loss": loss}


def _of_task(session: TaskSession, values: Mapping[str, Any], *, named: bool) -> str:
    primary = session.primary
    value = "undefined" if values[primary] is None else f"{values[primary]:.3f}"
    return f"{session.task_id} {primary} {value}" if named else f"{primary} {value}"
