"""Images or sounds that lie in a folder, with nothing beside them that says more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from modaxfer.data.cells.columns import MEDIA
from modaxfer.data.layouts.listing import list_media
from modaxfer.spec import Field

__all__ = ["loose_files"]


def loose_files(path: Path, fields: Sequence[Field], split: str = "train") -> dict[str, pa.Table]:
    """Return the images or sounds of a folder in which nothing else lies, of rows that have no other field.

    Args:
        path: A folder; of a file nothing is returned.
        fields: Input fields; none = images, where there are none sounds.
        split: What the rows are called.
    """
    kinds = [field.signal.kind for field in fields]
    if not path.is_dir() or len(kinds) > 1 or not set(kinds) <= set(MEDIA):
        return {}
    listing = list_media(path)
    kind = kinds[0] if kinds else "image" if listing.images else "audio"
    names = listing.images if kind == "image" else listing.sounds
    column = fields[0].name if fields else kind
    return {} if listing.folders or not names else {split: pa.table({column: list(names)})}
