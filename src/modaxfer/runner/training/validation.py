"""What validators are shown: a phase's streams on validation, with targets only where these are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from modaxfer.contracts import Seen
from modaxfer.plan import Phase
from modaxfer.registry import load_target
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.features import EntryPoint

__all__ = ["Judged", "judge_phase", "seen_rows"]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What validation says of the model as it is now."""

    score: float
    """The validator's: greater is better."""
    told: Mapping[str, dict[str, Any]]
    """By task that shows its targets: its primary metric by name, and ``loss``."""
    measured: Mapping[str, float] = field(default_factory=dict)
    """What the phase's measure gave."""


def judge_phase(phase: Phase, streams: Mapping[str, tuple[TaskSession, EntryPoint | None]]) -> Judged:
    """Let the validator of `phase` judge the model.

    Args:
        phase: Names validator and measure.
        streams: By name the task's session, and where its validation rows enter the model; None = as inputs.
    """
    shows = {name for name in phase.streams if phase.judges(name)}
    alone = len({id(session) for name, (session, _) in streams.items() if name in shows}) == 1
    made: dict[int, Seen] = {}
    told: dict[str, dict[str, Any]] = {}
    seen: dict[str, Seen] = {}
    for name, (session, entry) in streams.items():
        if id(session) not in made:
            made[id(session)] = seen_rows(session, "validation", entry)
        seen[name] = made[id(session)]
        if name in shows:
            found = _scored(session, seen[name].outputs)
            score = found.pop("judged" if alone else "skill")
            found.pop("skill" if alone else "judged")
            told.setdefault(session.task_id, found)
            seen[name] = _shown(session, seen[name], score)
    measured = load_target(phase.measure)(seen) if phase.measure else {}
    score = float(load_target(phase.validator)()(seen))
    return Judged(score=score, told=told, measured={name: float(value) for name, value in measured.items()})


def seen_rows(session: TaskSession, name: str, entry: EntryPoint | None = None) -> Seen:
    """Return what the model says of split `name`, without its targets; the same in every process.

    Args:
        session: With the model.
        name: Of the split.
        entry: Where its rows enter the model; None = as inputs.
    """
    split = session.splits[name]
    where: dict[str, Any] = {} if entry is None else {"rows": entry.rows, "collate": entry.collate}
    start = 0 if entry is None else entry.layer
    return Seen(
        outputs=session.logits(split, start, **where),
        pooled=partial(session.vectors, split, start, **where),
        targets=None,
        score=None,
    )


def _shown(session: TaskSession, seen: Seen, score: float) -> Seen:
    targets = session.splits["validation"].targets
    return Seen(outputs=seen.outputs, pooled=seen.pooled, targets=targets, score=lambda: score)


def _scored(session: TaskSession, outputs: Any) -> dict[str, Any]:
    """Score validation: ``judged`` and ``skill``, greater is better; the primary metric by name; ``loss``."""
    split = session.splits["validation"]
    predictions, scores = session.objective.decode(outputs)
    judged = session.judge(split.targets, predictions, scores)
    # A class that train lacks has no logit, so no loss either; the judged score counts it as an error.
    padded = pad_sequence(outputs, batch_first=True, padding_value=-torch.inf) if isinstance(outputs, list) else outputs
    losses = session.objective.loss(padded, session.objective.batch(split.targets))
    loss = float(losses[torch.from_numpy(session.objective.known(split.targets))].mean())
    skill = session.skill(judged, split.targets, predictions)
    return {"judged": judged, "skill": skill, session.primary: session.value_of(judged), "loss": loss}
