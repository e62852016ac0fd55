"""Bridges from a task's rows to what an encoder takes: plain ones, fitted ones, trained ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from modaxfer.contracts.model import Hidden
from modaxfer.contracts.rows import Batch, Processor, Row

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn

__all__ = ["AlignedBridge", "Alignment", "Bridge", "ExaminingBridge", "FittedBridge", "TrainedBridge"]


@runtime_checkable
class Bridge(Protocol):
    """Turns rows into the raw input of an encoder: text fields, one image, one sound, a strip of patches.

    Raw values by sink kind: ``text`` a tuple of strings (one per field), ``image`` an RGB `PIL.Image.Image`, ``audio``
    a `Sound`, ``patches`` a `PatchStrip`. Built as ``target(options, fields, layout, root)``.
    An attribute ``warnings``, a tuple of lines, may say what it has lost of rows so far.
    """

    identity: str
    """Everything that changes the output, as one string; part of the cache key."""

    def __call__(self, rows: Sequence[Row]) -> list[Any]:
        """Return one raw value per row."""
        ...


@runtime_checkable
class FittedBridge(Bridge, Protocol):
    """A bridge that learns from the training rows, without gradients: scales, vocabularies, an arrangement of columns.

    It is built, fitted once to the training split and to nothing else, and only then called; `identity` covers what it
    has learned. A saved run keeps `state` and gives it to `restore` of a new one.
    """

    def fit(self, rows: Sequence[Row], targets: np.ndarray) -> None:
        """Learn from the training rows; `targets` as in `TaskData.targets`, one per row."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what was learned, as plain JSON types."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what another of its kind learned."""
        ...


@runtime_checkable
class ExaminingBridge(Bridge, Protocol):
    """A bridge that looks at the training rows before anything is loaded, and may refuse them."""

    def examine(self, rows: Sequence[Row]) -> None:
        """Look at the training rows.

        Raises:
            RefusedError: It cannot take them.
        """
        ...


@runtime_checkable
class TrainedBridge(Bridge, Protocol):
    """A bridge into an encoder's body: it brings its own processor and a module that is trained with the model.

    Its raw values are its own affair: only its own processor sees them.
    """

    def processor(self) -> Processor:
        """Return the preparation of this bridge's raw values."""
        ...

    def embedder(self, width: int) -> nn.Module:
        """Return a module, freshly initialised from torch's generator: ``Batch -> Hidden`` of `width` per token.

        Its tokens hold content only; positions, class token and entry norm are added by `Encoder.embed_tokens`.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """A stage before training: a bridge's module is moved towards what enters an encoder in its own modality."""

    method: str
    """Name of the distance, for people."""
    proxy: str
    """Name of the task whose rows give the source features."""
    rows: int
    """Most rows of the proxy task."""
    steps: int


@runtime_checkable
class AlignedBridge(TrainedBridge, Protocol):
    """A trained bridge that can be moved towards an encoder's own features first (ORCA, Shen et al. 2023)."""

    def alignment(self) -> Alignment | None:
        """Return what is asked for; None = no such stage.

        Raises:
            MissingPackageError: It needs a package that is not installed.
        """
        ...

    def align(
        self,
        embedder: nn.Module,
        batches: Iterator[tuple[Batch, np.ndarray]],
        targets: np.ndarray,
        embed_tokens: Callable[[Hidden], Hidden],
        source: torch.Tensor,
        source_targets: np.ndarray,
    ) -> list[float]:
        """Move `embedder`, and nothing else; return the distance before each step.

        Args:
            embedder: What `TrainedBridge.embedder` returned.
            batches: Batches of training rows without end, each with its row numbers, int64 ``[batch]``.
            targets: As in `TaskData.targets`, of all training rows.
            embed_tokens: The encoder's own, see `Encoder.embed_tokens`.
            source: Mean entry states of the proxy task's rows, float32 ``[rows, hidden]``.
            source_targets: As in `TaskData.targets`, of the proxy task's rows.
        """
        ...
