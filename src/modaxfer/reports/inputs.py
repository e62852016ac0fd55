"""What stood in the rows that a report shows, as the run has kept it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modaxfer.runner.evaluation.shown import MISTAKES, SECONDS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SECONDS", "Shown", "read_inputs"]

_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_TYPES = {"image": "image/jpeg", "audio": "audio/flac"}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One input of a row."""

    name: str
    kind: str
    text: str
    address: str = ""
    """Data address of a thumbnail or of a sound's beginning; empty for other kinds."""


def read_inputs(folder: Path) -> dict[str, tuple[Shown, ...]]:
    """Return, by row id, what the run in `folder` and its folds have kept of single rows; empty for nothing."""
    kept: dict[str, tuple[Shown, ...]] = {}
    for path in (*sorted(folder.glob(f"folds/*/{MISTAKES}")), folder / MISTAKES):
        kept |= _read(path)
    return kept


def _read(path: Path) -> dict[str, tuple[Shown, ...]]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {str(row): tuple(map(_shown, items)) for row, items in values.items() if isinstance(items, list)}


def _shown(item: Any) -> Shown:
    kept = item if isinstance(item, dict) else {}
    kind, data = str(kept.get("kind", "")), str(kept.get("data", ""))
    # A run may come from anywhere: nothing but a picture or a sound gets into an address.
    address = f"data:{_TYPES[kind]};base64,{data}" if kind in _TYPES and _BASE64.fullmatch(data) else ""
    return Shown(name=str(kept.get("name", "")), kind=kind, text=str(kept.get("text", "")), address=address)
