"""One split of a task, prepared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from modaxfer.contracts import Example
from modaxfer.errors import HiddenTargetsError
from modaxfer.runner.rows.content import row_keys
from modaxfer.runner.rows.remade import RemadeRows

__all__ = ["PickedRows", "Split"]


@dataclass(frozen=True, kw_only=True)
class Split:
    """Prepared rows of one split."""

    rows: Sequence[Example]
    lengths: np.ndarray
    """Tokens per row."""
    known: np.ndarray | None
    """Targets of the rows; None where they are sealed."""
    ids: Sequence[str]
    key: str = ""
    """Hash of everything that decided `rows`; part of the keys of what is computed from them."""
    wholes: tuple[Split, ...] = ()
    """Of a fold or an episode, the splits of the whole task that its rows stand in: what is known of those is known of
    these. Their targets are sealed."""
    picks: np.ndarray | None = None
    """int64 ``[rows]``: positions in `wholes`, one behind the other; None where there are none."""

    @property
    def targets(self) -> np.ndarray:
        """What the rows are, as in `TaskData.targets`.

        Raises:
            HiddenTargetsError: They are sealed, and not for training.
        """
        if self.known is None:
            raise HiddenTargetsError("a split whose targets are sealed")
        return self.known

    @cached_property
    def row_keys(self) -> np.ndarray:
        """What the rows hold, uint8 ``[rows, 16]``; see `modaxfer.runner.rows.content.row_keys`."""
        if self.picks is not None:
            picked: np.ndarray = np.concatenate([whole.row_keys for whole in self.wholes])[self.picks]
            return picked
        return self.rows.keys if isinstance(self.rows, RemadeRows) else row_keys(self.rows)

    def only(self, rows: np.ndarray) -> Split:
        """Return these rows alone, in their order; nothing but targets is copied."""
        return Split(
            rows=PickedRows((self.rows,), rows),
            lengths=self.lengths[rows],
            known=None if self.known is None else self.known[rows],
            ids=[self.ids[row] for row in rows],
        )


class PickedRows(Sequence[Example]):
    """Some rows of several stores, in an order of their own; nothing is copied.

    Args:
        parts: The stores.
        picks: int64 ``[rows]``: positions in them, one behind the other.
    """

    def __init__(self, parts: Sequence[Sequence[Example]], picks: np.ndarray) -> None:
        self._parts, self._picks = tuple(parts), picks
        self._starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])])

    def __len__(self) -> int:
        return len(self._picks)

    def __getitem__(self, row: Any) -> Any:
        if not 0 <= row < len(self):
            raise IndexError(row)
        place = int(self._picks[row])
        part = int(np.searchsorted(self._starts, place, side="right")) - 1
        return self._parts[part][place - int(self._starts[part])]

    def whole(self, key: str) -> np.ndarray:
        """Return the array of `key` for all rows, as `modaxfer.runner.rows.store.ExampleStore.whole` does."""
        parts: list[Any] = list(self._parts)
        of = np.searchsorted(self._starts, self._picks, side="right") - 1
        first = parts[0].whole(key)
        picked = np.empty((len(self), *first.shape[1:]), first.dtype)
        for number, part in enumerate(parts):
            own = of == number
            picked[own] = part.whole(key)[self._picks[own] - self._starts[number]]
        return picked
