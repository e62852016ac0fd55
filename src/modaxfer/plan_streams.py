"""Rows that a plan trains on, what it adds to them and corrects by them; `modaxfer.plan` has these names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from modaxfer.errors import RefusedError
from modaxfer.spec import UNLABELLED

__all__ = ["Component", "Correction", "Extra", "Labels", "Refresh", "Role", "Sampling", "Stream", "View"]


@dataclass(frozen=True, kw_only=True)
class Component:
    """Code that a plan names, with its options: what `target` is called with beside what the runner gives it."""

    target: str
    """``"package.module:Attribute"``, imported at first use."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Keywords, plain values."""

    def __str__(self) -> str:
        options = ", ".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.target} ({options})" if options else self.target


class Role(StrEnum):
    """What a task is to a run."""

    TARGET = "target"
    """A task that the run is for: ``--task``. It is scored and saved."""
    SOURCE = "source"
    """A task that is learned from on the way: ``--source-task``."""


class Labels(StrEnum):
    """What a stream shows of its rows' targets."""

    GIVEN = "given"
    HIDDEN = "hidden"
    """Batches hold no targets at all: a loss that reaches for them fails at once."""
    PREDICTED = "predicted"
    """The model's own predictions, as probabilities where the problem has classes (soft pseudo-labels, whose largest is
    how sure the model was); made as the phase begins, or each epoch (`Refresh`)."""


class Refresh(StrEnum):
    """When what the model itself says of a stream's rows is made anew."""

    PHASE = "phase"
    """Once, as the phase begins."""
    EPOCH = "epoch"
    """As each epoch begins, by the model as it is then."""


class Sampling(StrEnum):
    """How the rows of a stream's steps are drawn."""

    SHUFFLED = "shuffled"
    """Each row once per epoch, in batches of like length."""
    POISSON = "poisson"
    """Each row is in each step or not, by itself, with the same chance; a batch holds more rows or fewer, or none. Of a
    phase with one stream. It is what the accounting of `modaxfer.plan.Privacy` supposes."""


@dataclass(frozen=True, kw_only=True)
class Extra(Component):
    """An array per row, computed from what the model says of all streams of the phase: distances to class means.

    `target` names ``compute(seen: Mapping[str, modaxfer.contracts.Seen], stream: str, **options) -> tensor [rows,
    ...]``, given the phase's streams by name, all their rows, and which of them has the extra. A stream's rows go
    through the model when they are asked for.
    """

    name: str
    shared: bool = False
    """Whether it is one array for all rows, of any shape: how much each unit counts."""
    refresh: Refresh = Refresh.PHASE


@dataclass(frozen=True, kw_only=True)
class View:
    """One making of each row of a batch."""

    transforms: tuple[str, ...] = ()
    """Names of registered augmentations, ``NAME`` or ``NAME=STRENGTH``; or ``weak`` or ``strong``, which stand for
    those that suit the signals of the stream's task and that it does not forbid (`modaxfer.augmentations.sets`)."""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Rows that a phase draws its steps from: one split of one task of the run, in an order of its own."""

    role: Role = Role.TARGET
    task: int = 0
    """Number of the task among those of its role, from 0."""
    split: str = "train"
    """``train``; ``unlabelled``, the rows that come without labels (``--unlabelled``); or ``validation``, whose labels
    must be hidden, since it judges the run."""
    labels: Labels = Labels.GIVEN
    refresh: Refresh = Refresh.PHASE
    """When predicted labels are made anew."""
    views: tuple[View, ...] = (View(),)
    """A batch holds each row once in every view, view after view, ``[views * rows, ...]``: a weak and a strong one."""
    transforms: tuple[str, ...] = ()
    """Names of registered augmentations, in every view before its own; rows that any changes are made again in each
    epoch."""
    extras: tuple[Extra, ...] = ()
    sampling: Sampling = Sampling.SHUFFLED
    teacher: bool = False
    """Whether its extras hold ``teacher``, what ``--teacher`` says of each row as it stands in the data, ``[rows,
    outputs]`` in the order of the task's classes; refused where there is none."""

    def __post_init__(self) -> None:
        if self.split not in (allowed := ("train", "validation", UNLABELLED)):
            raise RefusedError(
                f"a stream cannot draw from split {self.split}",
                got=self.split,
                allowed=allowed,
                fix="correct the plan",
            )
        if self.split == UNLABELLED and self.labels is Labels.GIVEN:
            raise RefusedError(
                "rows that come without labels have none to give",
                got=f"split {self.split} with labels {self.labels}",
                allowed=f"labels {Labels.HIDDEN} or {Labels.PREDICTED}",
                fix="correct the plan",
            )
        if not self.views:
            raise RefusedError("a stream shows its rows in no view", fix="give it one, or leave views out")
        if self.refresh is not Refresh.PHASE and self.labels is not Labels.PREDICTED:
            raise RefusedError(
                "only predicted labels can be made anew",
                got=f"refresh {self.refresh} with labels {self.labels}",
                fix="leave refresh out; an extra has one of its own",
            )

    @property
    def changes(self) -> tuple[tuple[str, ...], ...]:
        """Augmentations by view, in the order in which they are applied."""
        return tuple((*self.transforms, *view.transforms) for view in self.views)


@dataclass(frozen=True, kw_only=True)
class Correction(Component):
    """What is made of the outputs when all else is done: a temperature, another prior.

    `target` names ``fit(context: modaxfer.contracts.CorrectionContext, **options) -> modaxfer.contracts.Corrected``: a
    registered head around the trained one, saved with it and asked wherever it would be.
    """

    name: str
    streams: Mapping[str, Stream]
    """The rows that it is shown, by names of its own; of validation rows it may see the targets. Of a plan that goes
    on from a whole run (`modaxfer.plan.Plan.head_from_run`) the source's are what that run said of its validation
    rows."""

    def __post_init__(self) -> None:
        guessed = [name for name, stream in self.streams.items() if stream.labels is Labels.PREDICTED]
        if guessed or not self.streams:
            raise RefusedError(
                f"correction {self.name} is shown outputs, with targets or without",
                got=f"predicted labels of {', '.join(guessed)}" if guessed else "no stream",
                allowed="streams whose labels are given or hidden",
                fix="correct the plan",
            )
