"""Pretraining: what an objective is given, and what it gives back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from modaxfer.contracts.rows import Batch, Row

if TYPE_CHECKING:
    import torch

    from modaxfer.contracts.model import Encoder
    from modaxfer.contracts.problems import Criterion

__all__ = ["BESIDE", "LABEL", "SOURCE", "ObjectiveContext", "ObjectiveLoss", "PretrainingObjective", "Reading"]

BESIDE = "beside"
"""Key of what a row has beside the student's field, where an objective compares two."""

LABEL, SOURCE = "label", "source"
"""Keys of a row whose label is read: its target, as `modaxfer.contracts.TaskData` has it, and the task it is from."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An encoder, and what makes batches for it."""

    encoder: Encoder
    batch: Callable[[Sequence[Row]], Batch]
    """Turns rows into a batch, on the CPU."""
    sink: str
    """Kind of the encoder's input: ``text``, ``image``, ``patches``, ``audio``."""
    first: bool = False
    """Whether its first token stands for the row, as a class token does."""
    words: Callable[[Sequence[Row]], Batch] | None = None
    """Turns rows of words into a batch that says where each word begins (`modaxfer.contracts.UNITS`); None where the
    rows are no texts, or the encoder cannot keep words apart."""


@dataclass(frozen=True, kw_only=True)
class ObjectiveContext:
    """What an objective is built with."""

    student: Reading
    """The encoder that learns."""
    field: str
    """Name of the field that the student reads."""
    kind: str
    """Signal kind of that field."""
    folder: Path
    """Where it may keep what is of use until training is done."""
    beside: str = ""
    """Name of the field that teachers read, `BESIDE`, where it is another one than the student's."""
    teachers: tuple[Reading, ...] = ()
    """The frozen encoders that it learns from, where its spec asks for some."""
    labels: Mapping[str, Criterion] = dataclasses.field(default_factory=dict)
    """What the labels of each task ask of a head, by the name under `SOURCE`, where its spec reads labels; each row
    then has a `LABEL` too."""
    autocast: Callable[[], AbstractContextManager[None]] = nullcontext
    """In which a teacher is asked; an objective itself is called in it."""


@dataclass(frozen=True, kw_only=True)
class ObjectiveLoss:
    """What an objective says of a batch."""

    loss: torch.Tensor
    """A scalar, to be made small."""
    vectors: torch.Tensor
    """What the encoder makes of each row, ``[rows, width]``: a collapse of it is looked for."""
    numbers: Mapping[str, torch.Tensor] = dataclasses.field(default_factory=dict)
    """Parts of the loss and the like, scalars, for the log."""


class PretrainingObjective(Protocol):
    """A loss over rows, with labels or without, of no task in particular.

    An `nn.Module`, whose own parameters are thrown away in the end.

    An attribute ``least`` may name numbers of its losses and bounds, below which it has collapsed: on held-out rows
    that is warned of.
    """

    def begin(self, rows: Sequence[Row]) -> None:
        """Look at some training rows before the first step; what is learned from them is kept in buffers."""
        ...

    def prepare(self, rows: Sequence[Row], generator: torch.Generator) -> Mapping[str, Any]:
        """Turn rows into tensors, nested mappings of them at most; all chance comes from `generator`.

        Calls no model and reads nothing that training changes: worker processes do it ahead, on the CPU.
        """
        ...

    def __call__(self, prepared: Mapping[str, Any]) -> ObjectiveLoss:
        """Return the loss of what `prepare` made, now on the encoder's device."""
        ...
