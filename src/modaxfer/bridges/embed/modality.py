"""What every kind of field promises the bridge: one or more runs of tokens, and a module that embeds them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import nn

    from modaxfer.contracts import Batch, Example

__all__ = ["Column", "Modality", "TokenRun", "fingerprint", "pad", "share_out", "spread"]


@dataclass(frozen=True)
class TokenRun:
    """One field's tokens in a row, or those of all table columns."""

    kind: str
    number: int
    """Among the runs of its kind."""
    names: tuple[str, ...]
    """Of its fields; more than one for a table."""


class Column:
    """Values of one run, read (decoded) each time that they are looked at: pictures need not fit in memory.

    Args:
        rows: Training rows.
        read: Takes a row and returns the run's value.
    """

    def __init__(self, rows: Sequence[Any], read: Callable[[Any], Any]) -> None:
        self._rows, self._read = rows, read

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> Any:
        return self._read(self._rows[place])

    def __iter__(self) -> Iterator[Any]:
        return (self._read(row) for row in self._rows)


class Modality(Protocol):
    """All fields of one kind: what is learned is shared between them, each is a run of tokens of its own.

    A run has at least one token in every row, also where its value is missing.
    """

    @property
    def least(self) -> int:
        """Tokens that each run must be given, known before anything is learned."""
        ...

    def read(self, value: Any) -> Any:
        """Decode a value as it stands in a row."""
        ...

    def fit(self, columns: Sequence[Column], targets: np.ndarray) -> list[int]:
        """Learn from the training values, one column per run; return how many tokens each run would like."""
        ...

    def settle(self, tokens: Sequence[int]) -> None:
        """Take the number of tokens that each run gets at the most."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what was learned and settled, as plain JSON types."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over another's state."""
        ...

    def prepare(self, run: int, values: Sequence[Any]) -> list[Example]:
        """Return one example per value of a run."""
        ...

    def length(self, example: Example) -> int:
        """Return the number of tokens of `example`."""
        ...

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad and stack examples of one run; ``mask`` is bool ``[batch, tokens]``."""
        ...

    def embedder(self, width: int) -> nn.Module:
        """Return a module from such a batch to tokens ``[batch, tokens, width]``."""
        ...

    @property
    def cut(self) -> tuple[int, int]:
        """How many values were cut so far, and of how many."""
        ...


def spread(column: Column, most: int) -> Iterator[Any]:
    """Yield at most `most` values, evenly spread over the column."""
    places = np.unique(np.linspace(0, len(column) - 1, min(most, len(column))).round().astype(int))
    return (column[int(place)] for place in places)


def share_out(wanted: Sequence[int], budget: int) -> list[int]:
    """Return what each run gets of `budget` tokens: the longest give way first, down to equal shares."""
    given = [0] * len(wanted)
    waiting = sorted(range(len(wanted)), key=lambda run: wanted[run])
    while waiting:
        share = budget // len(waiting)
        run = waiting.pop(0)
        given[run] = min(wanted[run], share)
        budget -= given[run]
    return given


def pad(arrays: Sequence[np.ndarray], dtype: Any = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Stack arrays ``[tokens, ...]``, zeros behind their ends.

    Returns:
        ``[batch, longest, ...]`` and the mask, bool ``[batch, longest]``.
    """
    import torch

    longest = max(len(array) for array in arrays)
    stacked = np.zeros((len(arrays), longest, *arrays[0].shape[1:]), dtype=dtype or arrays[0].dtype)
    mask = np.zeros((len(arrays), longest), dtype=np.bool_)
    for row, array in enumerate(arrays):
        stacked[row, : len(array)], mask[row, : len(array)] = array, True
    return torch.from_numpy(stacked), torch.from_numpy(mask)


def fingerprint(settings: Mapping[str, Any]) -> str:
    """Return a hash of plain JSON types; equal settings give equal strings on every machine."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:32]
