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
