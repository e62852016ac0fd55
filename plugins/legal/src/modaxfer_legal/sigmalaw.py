"""SigmaLaw's own files: columns ``content``, ``aspect``, ``sentiment`` (-1, 0, 1), one row per party mentioned."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read"]

_LABELS = {"-1": "negative", "0": "neutral", "1": "positive"}


def read(folder: Path) -> dict[str, pa.Table]:
    """Return ``train`` and ``test`` with the columns ``sentence``, ``party`` and ``label``.

    Args:
        folder: Holds ``train.csv`` and ``test.csv`` as the authors published them.
    """
    return {split: _table(folder / f"{split}.csv") for split in ("train", "test")}


def _table(path: Path) -> pa.Table:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return pa.table(
        {
            "sentence": [row["content"] for row in rows],
            "party": [row["aspect"] for row in rows],
            "label": [_LABELS[row["sentiment"]] for row in rows],
        }
    )
