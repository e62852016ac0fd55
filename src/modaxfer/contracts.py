"""What flows between the rooms, and what each room promises. Heavy libraries appear in annotations only.

Shapes are written ``[batch, tokens, hidden]``. A mask is boolean; True marks a real token, False padding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn

    from modaxfer.spec import Field

__all__ = [
    "WINDOWS",
    "AlignedBridge",
    "Alignment",
    "Batch",
    "Bridge",
    "CountingProcessor",
    "Encoder",
    "ExaminingBridge",
    "Example",
    "Features",
    "FittedBridge",
    "Head",
    "Hidden",
    "InputLayout",
    "PatchStrip",
    "Processor",
    "Readout",
    "Row",
    "Sound",
    "TaskData",
    "TrainedBridge",
    "pool",
]

Row = Mapping[str, Any]
"""One raw row of a task: field name to value as stored (media as path or ``{"bytes", "path"}``)."""

Example = dict[str, "np.ndarray"]
"""One row ready for an encoder, not yet padded."""

Batch = dict[str, "torch.Tensor"]
"""Examples padded to a common shape."""

WINDOWS = "windows"
"""Key of rows that are read in several windows, whose pooled vectors are averaged. An example holds the tokens of each
window, int32 ``[windows]``, and its arrays stand one behind the other; a batch holds the windows of each row, int64
``[rows]``, and each window is a row of its other tensors."""


@dataclass(frozen=True, kw_only=True)
class Sound:
    """Decoded mono audio."""

    samples: np.ndarray
    """float32 ``[frames]`` in -1 ... 1."""
    rate: int
    """Samples per second (Hz)."""
    whole: float | None = None
    """Seconds of the recording that `samples` are the beginning of; None where they are all of it."""


@dataclass(frozen=True, kw_only=True)
class PatchStrip:
    """A sequence of square patches, read left to right and folded into the encoder's grid row by row."""

    pixels: np.ndarray
    """uint8 ``[patches, side, side, 3]``."""


@dataclass(frozen=True, kw_only=True)
class InputLayout:
    """What an encoder needs to know of its input, read from its config before any weight is loaded."""

    kind: str
    max_tokens: int
    """Longest sequence its position table holds."""
    patch_size: int | None = None
    """Pixels per side of a patch."""
    image_size: int | None = None
    """Pixels per side of a pretraining image."""
    rate: int | None = None
    """Samples per second (Hz) it was trained on."""
    seconds: float | None = None
    """Longest sound that it takes; the rest is cut, and need not be read."""


@dataclass(frozen=True)
class Hidden:
    """States between two layers."""

    tokens: torch.Tensor
    """``[batch, tokens, hidden]``."""
    mask: torch.Tensor
    """bool ``[batch, tokens]``."""


@dataclass(frozen=True)
class Features:
    """What an encoder says of a batch."""

    tokens: torch.Tensor
    """``[batch, tokens, hidden]``: states of the highest layer read, with the final norm where that is the last."""
    mask: torch.Tensor
    """bool ``[batch, tokens]``."""
    pooled: torch.Tensor
    """``[batch, hidden]``, or ``[batch, 2 * hidden]`` for mean and deviation."""


@dataclass(frozen=True, kw_only=True)
class Readout:
    """Which layers a head reads and how tokens are pooled; saved with the run.

    Layer 0 is the embedding, layer `depth` the last one with its final norm. `weights` mix the pooled vectors of
    `layers` and sum to one.
    """

    layers: tuple[int, ...]
    weights: tuple[float, ...] = (1.0,)
    pooling: str = "mean"
    """``cls`` (first token), ``mean`` or ``mean_std`` (mean and standard deviation, over real tokens)."""


def pool(hidden: Hidden, pooling: str) -> torch.Tensor:
    """Pool `hidden` over its real tokens.

    Args:
        hidden: States ``[batch, tokens, hidden]`` and their mask; each row has at least one real token.
        pooling: ``cls``, ``mean`` or ``mean_std``.

    Returns:
        float32 ``[batch, hidden]``; ``[batch, 2 * hidden]`` for ``mean_std``.

    Raises:
        ValueError: `pooling` is none of the three.
    """
    tokens = hidden.tokens.float()
    if pooling == "cls":
        return tokens[:, 0]
    weight = hidden.mask.unsqueeze(-1).to(tokens.dtype)
    count = weight.sum(1)
    mean = (tokens * weight).sum(1) / count
    if pooling == "mean":
        return mean
    if pooling == "mean_std":
        variance = ((tokens - mean.unsqueeze(1)).square() * weight).sum(1) / count
        return _concatenate(mean, (variance + 1e-6).sqrt())
    raise ValueError(f"unknown pooling {pooling!r}; allowed: cls, mean, mean_std")


def _concatenate(*parts: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.cat(parts, dim=-1)


@runtime_checkable
class Bridge(Protocol):
    """Turns rows into the raw input of an encoder: text fields, one image, one sound, a strip of patches.

    Raw values by sink kind: ``text`` a tuple of strings (one per field), ``image`` an RGB `PIL.Image.Image`, ``audio``
    a `Sound`, ``patches`` a `PatchStrip`. Built as ``target(options, fields, layout)``.
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
        """Look at the training rows; raise `modaxfer.errors.RefusedError` where it cannot take them."""
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

        Its tokens hold content only; positions, class token and entry norm are added by `Encoder.enter`.
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
        enter: Callable[[Hidden], Hidden],
        source: torch.Tensor,
        source_targets: np.ndarray,
    ) -> list[float]:
        """Move `embedder`, and nothing else; return the distance before each step.

        Args:
            embedder: What `TrainedBridge.embedder` returned.
            batches: Batches of training rows without end, each with its row numbers, int64 ``[batch]``.
            targets: As in `TaskData.targets`, of all training rows.
            enter: The encoder's own, see `Encoder.enter`.
            source: Mean entry states of the proxy task's rows, float32 ``[rows, hidden]``.
            source_targets: As in `TaskData.targets`, of the proxy task's rows.
        """
        ...


@runtime_checkable
class Processor(Protocol):
    """The encoder's own side of preparation: tokenise, resize, extract features."""

    identity: str
    """Everything that changes the output, as one string; part of the cache key."""

    def __call__(self, raws: Sequence[Any]) -> list[Example]:
        """Return one example per raw value; nothing is padded."""
        ...

    def length(self, example: Example) -> int:
        """Return how many tokens the encoder's body will see for `example`."""
        ...

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad `examples` to their longest and stack them; masks mark the padding."""
        ...

    def save(self, folder: Path) -> None:
        """Write the processor's files (JSON) below `folder`."""
        ...


@runtime_checkable
class CountingProcessor(Processor, Protocol):
    """A processor that counts what it cuts off."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was lost so far, one line each."""
        ...

    def counting(self) -> Processor:
        """Return a processor that does the same and counts from zero."""
        ...


class Encoder(Protocol):
    """A pretrained backbone that can be cut between any two layers. An `nn.Module`.

    ``finish(run(embed(batch), 0, depth))`` is the whole model. Padding never changes the state of a real token.
    One that takes ``embeddings`` can also be entered behind its front, the part of its embedding that looks raw input
    up or projects it: ``finish(run(enter(hidden), 0, depth))``.
    """

    hidden_size: int
    depth: int
    """Number of layers of the transformer body."""
    layers: nn.ModuleList
    norm: nn.Module | None
    """Norm behind the last layer, where the architecture has one."""
    adapter_parameters: frozenset[str]
    """Names of the parameters that an adapter added; empty where none is attached."""

    def processor(self, kind: str) -> Processor:
        """Return the preparation for raw inputs of signal `kind`."""
        ...

    def embed(self, batch: Batch) -> Hidden:
        """Turn a batch into the states that enter layer 0."""
        ...

    def enter(self, hidden: Hidden) -> Hidden:
        """Turn embedded content ``[batch, tokens, hidden]`` into the states that enter layer 0.

        Adds what the embedding adds to content: positions, a class token in front, a norm. What it returns may be one
        token longer than what it was given.
        """
        ...

    def drop_front(self) -> None:
        """Give up the modules that `enter` does not use, so that what is left all takes part; `embed` is gone."""
        ...

    def run(self, hidden: Hidden, start: int, stop: int) -> Hidden:
        """Run layers `start` ... `stop - 1`."""
        ...

    def finish(self, hidden: Hidden) -> Hidden:
        """Apply the final norm, if there is one."""
        ...


class Head(Protocol):
    """Logits or values from pooled features. An `nn.Module`."""

    def __call__(self, pooled: torch.Tensor) -> torch.Tensor:
        """Map ``[batch, width]`` to ``[batch, outputs]``."""
        ...


@dataclass(frozen=True, kw_only=True)
class TaskData:
    """Cleaned rows of a task, ready to be bridged. Splits are `datasets.Dataset` objects without media decoding.

    Every split has a string column ``row_id``, one column per field, and no column that a model must not see but the
    target, which only `targets` hands out.
    """

    splits: Mapping[str, Any]
    targets: Mapping[str, np.ndarray]
    """By split: int64 ``[rows]`` class numbers; float32 ``[rows, classes]`` 0/1 for multi-label; float64 ``[rows]``
    for regression. -1 is a class that train lacks (see `unseen`): whatever a model says of that row is wrong; of a
    multi-label row such labels have no column, and each is missed."""
    classes: tuple[str, ...]
    source: str
    """What was really read, for people: ``folder PATH``, ``hub ID@REVISION``, ``sample`` ..."""
    root: Path | None
    """Folder that relative media paths are resolved against and may not leave."""
    fingerprint: str
    digests: Mapping[str, Sequence[bytes]]
    """By split: 16 bytes per row, equal for rows with equal inputs, in other tasks too."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    dropped_rows: tuple[str, ...] = ()
    """One line per dropped row: ``FILE row N: reason``."""
    warnings: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    """Input fields as the splits have them, a date as several; empty = those of the spec that are there."""
    types: Mapping[str, Any] = field(default_factory=dict)
    """By table field, how a cell of a file is read: plain JSON, for `modaxfer.data.columns.conform`."""
    unseen: Mapping[str, Mapping[int, tuple[str, ...]]] = field(default_factory=dict)
    """By split: positions of rows with labels that no training row has, and those labels; other splits are absent."""
