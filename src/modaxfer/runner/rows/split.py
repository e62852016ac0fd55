"""One split of a task, prepared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modaxfer.contracts import Example

__all__ = ["Split"]


@dataclass(frozen=True, kw_only=True)
class Split:
    """Prepared rows of one split."""

    rows: Sequence[Example]
    lengths: np.ndarray
    """Tokens per row."""
    targets: np.ndarray
    ids: Sequence[str]
    key: str = ""
    """Hash of everything that decided `rows`; part of the keys of what is computed from them."""

    def only(self, rows: np.ndarray) -> Split:
        """Return these rows alone, in their order, in memory."""
        return Split(
            rows=[self.rows[row] for row in rows],
            lengths=self.lengths[rows],
            targets=self.targets[rows],
            ids=[self.ids[row] for row in rows],
        )
