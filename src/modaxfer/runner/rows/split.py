"""One split of a task, prepared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modaxfer.contracts import Example
from modaxfer.errors import HiddenTargetsError

__all__ = ["Split"]


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

    @property
    def targets(self) -> np.ndarray:
        """What the rows are, as in `TaskData.targets`.

        Raises:
            HiddenTargetsError: They are sealed, and not for training.
        """
        if self.known is None:
            raise HiddenTargetsError("a split whose targets are sealed")
        return self.known

    def only(self, rows: np.ndarray) -> Split:
        """Return these rows alone, in their order, in memory."""
        return Split(
            rows=[self.rows[row] for row in rows],
            lengths=self.lengths[rows],
            known=None if self.known is None else self.known[rows],
            ids=[self.ids[row] for row in rows],
        )
