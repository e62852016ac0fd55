"""Rows out of folders of images or sounds: one row per file, labelled by the folder that it stands in."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa

from modaxfer.data.layouts.layout import find_layout, unopened
from modaxfer.data.layouts.listing import list_media
from modaxfer.data.origin import stamp
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from modaxfer.data.layouts.layout import Layout
    from modaxfer.data.layouts.listing import Listing

__all__ = ["read_class_folders"]


def read_class_folders(root: Path) -> dict[str, pa.Table]:
    """Return rows by split, with the columns ``image`` or ``audio`` (path below `root`) and ``label``.

    Empty where `root` holds no class folders. What is left out is noted in the first table.

    Raises:
        DataError: Splits and classes cannot be told apart, a class has no file that can be opened, or images and sounds
            stand side by side.
    """
    try:
        listing = list_media(root)
    except OSError as error:
        raise DataError("cannot look through the folder", file=error.filename, got=error.strerror) from None
    layout = find_layout(listing)
    if layout is None:
        if listing.unopened():
            raise unopened(listing)
        return {}
    kind = _kind(root, layout)
    notes = (*layout.notes, *_joined(layout), *_left_out(root, layout))
    tables = {split: _table(root, kind, classes) for split, classes in layout.classes.items()}
    places = {split: _place(root, classes) for split, classes in layout.classes.items()}
    first = next(iter(tables))
    return {
        split: stamp(table, file=str(places[split]), notes=notes if split == first else ())
        for split, table in tables.items()
    }


def _table(root: Path, kind: str, classes: Sequence[tuple[str, Listing]]) -> pa.Table:
    pairs = [(path, label) for label, folder in classes for path in folder.files(kind)]
    paths = [path.relative_to(root).as_posix() for path, _ in pairs]
    return pa.table({kind: pa.array(paths, pa.string()), "label": pa.array([label for _, label in pairs], pa.string())})


def _place(root: Path, classes: Sequence[tuple[str, Listing]]) -> Path:
    """Return the folder that all of a split's class folders stand in."""
    parents = {folder.path.parent for _, folder in classes}
    return parents.pop() if len(parents) == 1 else root


def _kind(root: Path, layout: Layout) -> str:
    images, sounds = (
        [path for classes in layout.classes.values() for _, folder in classes for path in folder.files(kind)]
        for kind in ("image", "audio")
    )
    if images and sounds:
        got = f"{len(images)} images (e.g. {images[0].relative_to(root)}), "
        got += f"{len(sounds)} sounds (e.g. {sounds[0].relative_to(root)})"
        raise DataError("images and sounds in one set of class folders", file=root, got=got, fix="keep one kind")
    return "image" if images else "audio"


def _joined(layout: Layout) -> Iterator[str]:
    """Yield what is said of folders whose names differ in spaces or in how accents are composed."""
    for classes in layout.classes.values():
        counts = Counter(label for label, _ in classes)
        yield from (f"{count} folders are one class, {label}" for label, count in counts.items() if count > 1)


def _left_out(root: Path, layout: Layout) -> list[str]:
    """Return a sentence per class folder with files that were neither."""
    found = [
        (folder, said) for classes in layout.classes.values() for _, folder in classes if (said := folder.left_out())
    ]
    return [f"{folder.path}: files left out, neither image nor sound: {said}" for folder, said in found]
