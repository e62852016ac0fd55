"""Rows on their way: as a task stores them, as a bridge hands them on, as an encoder takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from modaxfer.contracts.sealed import Answers, Sealed
from modaxfer.spec import UNLABELLED

if TYPE_CHECKING:
    import numpy as np
    import torch

    from modaxfer.spec import Field

__all__ = [
    "NO_UNIT",
    "UNITS",
    "UNREAD",
    "WINDOWS",
    "Batch",
    "Cells",
    "CountingProcessor",
    "Example",
    "InputLayout",
    "Mixed",
    "PatchStrip",
    "Processor",
    "Row",
    "Sound",
    "SparingProcessor",
    "Taken",
    "TaskData",
    "UnlabelledRows",
    "Words",
]

Row = Mapping[str, Any]
"""One raw row of a task: field name to value as stored (media as path or ``{"bytes", "path"}``).

A media value that was augmented is decoded already: a `PIL.Image.Image` or a `Sound`, which readers hand on."""


Example = dict[str, "np.ndarray"]
"""One row ready for an encoder, not yet padded."""

Batch = dict[str, "torch.Tensor"]
"""Examples padded to a common shape."""

WINDOWS = "windows"
"""Key of rows that are read in several windows, whose pooled vectors are averaged. An example holds the length of each
window, int32 ``[windows]``, and its arrays stand one behind the other; a batch holds the windows of each row, int64
``[rows]``, each window is a row of its other tensors, and ``mask`` bool ``[windows, tokens]`` says which tokens it
has."""

UNITS = "units"
"""Key of rows whose parts, such as the words of a text, are predicted one by one. An example holds by unit the place of
its token among the row's tokens, int32 ``[units]``, and `UNREAD` where it has none; a batch holds them as int64
``[rows, units]``, with `NO_UNIT` behind the last unit of a row. Of rows in several windows places are counted through
all of them, in a batch through the padded ones."""

UNREAD = -1
"""Place of a unit of which no token was read: it was cut off, or the tokenizer makes nothing of it."""

NO_UNIT = -100
"""Place, or class, of what stands behind a row's last unit: padding."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """A text as its words, which stay apart: each is a unit with a prediction of its own."""

    words: tuple[str, ...]


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
    words: np.ndarray | None = None
    """int32 ``[words]``: the first patch of each word, `UNREAD` of one that is not drawn; None where words do not stay
    apart."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """The table cells of one row, for an augmentation, with what the training rows say of their columns."""

    values: Mapping[str, Any]
    """By column; None = blank."""
    deviations: Mapping[str, float]
    """Standard deviation of each column of numbers."""
    whole: frozenset[str] = frozenset()
    """Columns of numbers of which all are whole."""


@dataclass(frozen=True, kw_only=True)
class Mixed:
    """Two rows as one."""

    inputs: Mapping[str, torch.Tensor]
    """What the encoder takes, one row, of the shapes that were given."""
    share: float
    """Share of the row itself in the target, 0 ... 1; the rest is its partner's."""


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


@runtime_checkable
class Processor(Protocol):
    """The encoder's own side of preparation: tokenise, resize, extract features.

    One that wraps a `tokenizer` or an `extractor` of Transformers under these names, or hears at a `rate` (Hz), is
    shown and explained by words and by seconds; without them by tokens, at 16,000 Hz.
    """

    identity: str
    """Everything that changes the output, as one string; part of the cache key."""

    def __call__(self, raws: Sequence[Any]) -> list[Example]:
        """Return one example per raw value; nothing is padded."""
        ...

    def length(self, example: Example) -> int:
        """Return how many tokens of `example` enter layer 0 of the encoder's body, padding left out.

        Of any kind of input and any encoder: batches are filled up to a budget of these.
        """
        ...

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad `examples` to their longest and stack them; masks mark the padding."""
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


@runtime_checkable
class SparingProcessor(Processor, Protocol):
    """A processor whose rows are large, so that fewer of them are decoded and prepared together than of others.

    Rows that are prepared together are what each of them is alone, by any processor.
    """

    @property
    def rows_at_once(self) -> int:
        """Rows that fit into memory together, at least 1; never more than the runner's own 64."""
        ...


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Rows of a split that were taken from the splits of a whole: what was computed of those serves these, too."""

    fingerprint: str
    """Of the whole."""
    splits: Mapping[str, Any]
    """Those of its splits that rows were taken from, by name, as in `TaskData.splits`."""
    rows: np.ndarray
    """int64 ``[rows]``: positions in these splits, one behind the other."""


@dataclass(frozen=True, kw_only=True)
class UnlabelledRows:
    """Where the rows come from that stand beside a task's without labels."""

    source: str
    """For people: ``file PATH``, ``task NAME, folder PATH`` ..."""
    fingerprint: str
    dropped: Mapping[str, int]
    """Rows that were left out, by reason: without input, copies of each other or of the task's own."""


@dataclass(frozen=True, kw_only=True)
class TaskData:
    """Cleaned rows of a task, ready to be bridged. Splits are `datasets.Dataset` objects without media decoding.

    Every split has a string column ``row_id``, one column per field, and no column that a model must not see but the
    target, which only `targets` and `sealed` hand out.
    """

    splits: Mapping[str, Any]
    targets: Mapping[str, np.ndarray]
    """By split that may be learned from, chosen or judged by: int64 ``[rows]`` class numbers; float32
    ``[rows, classes]`` 0/1 for multi-label; float64 ``[rows]`` for regression.

    -1 is a class that no training row has (see `unseen`): such a validation or test row is kept, and whatever a model
    says of it is wrong. In a multi-label row the labels that train lacks have no column; each is one label missed.
    """
    classes: tuple[str, ...]
    """Of the training rows, or the task's own; empty for regression."""
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
    """Input fields as the splits have them: each number made of a date is one; empty = those of the spec that are
    there."""
    types: Mapping[str, Any] = field(default_factory=dict)
    """By table field, how a cell of a file is read; plain JSON types, for `modaxfer.data.cells.columns.conform`."""
    unseen: Mapping[str, Mapping[int, tuple[str, ...]]] = field(default_factory=dict)
    """By split of `targets`: row position to the row's labels that no training row has, for rows that have any; splits
    without such rows are left out. A row of one class has one."""
    taken: Mapping[str, Taken] = field(default_factory=dict)
    """By split of a fold or an episode, where its rows stand in the task as a whole; other splits stand alone."""
    sealed: Mapping[str, Sealed] = field(default_factory=dict)
    """The answers of all other splits, ``test`` always among them: only the room that scores a run opens these."""
    unlabelled: UnlabelledRows | None = None
    """Where the split ``unlabelled`` comes from, which has no answers; None where there is none."""

    def __post_init__(self) -> None:
        assert "test" not in self.targets, "the test split's answers are sealed"

    @property
    def rows(self) -> dict[str, int]:
        """Number of rows by split."""
        return {split: len(rows) for split, rows in self.splits.items()}

    def identity(self, split: str) -> str:
        """Return the fingerprint of the rows that `split` is one part of."""
        told = self.unlabelled
        return told.fingerprint if told is not None and split == UNLABELLED else self.fingerprint

    def untested(self) -> TaskData:
        """Return the rows without their test split, which only the task that a run is for has a use for."""
        splits, sealed = ({name: own[name] for name in own if name != "test"} for own in (self.splits, self.sealed))
        return replace(self, splits=splits, sealed=sealed)

    def hidden(self, but: Sequence[str] = ()) -> TaskData:
        """Return the same rows with the answers of every split sealed, `but` for those of some."""
        more = {
            split: Sealed(Answers(targets=targets, unseen=self.unseen.get(split, {})))
            for split, targets in self.targets.items()
            if split not in but
        }
        return replace(
            self,
            targets={split: own for split, own in self.targets.items() if split in but},
            unseen={split: own for split, own in self.unseen.items() if split in but},
            sealed={**self.sealed, **more},
        )
