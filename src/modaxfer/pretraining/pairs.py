"""Rows of an image and a text: of tasks that have both, and of tables with a column of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from modaxfer.contracts import BESIDE
from modaxfer.errors import DataError, RefusedError
from modaxfer.pretraining.named_sources import text_columns
from modaxfer.pretraining.reading import FIELD
from modaxfer.pretraining.sources import LINES, ROWS, refuse_few
from modaxfer.registry import registry
from modaxfer.spec import IMAGE, TEXT

__all__ = ["Pairs", "find_pairs"]

CAPTIONS = "metadata.csv"
"""Table in a folder of images, as `datasets` has it: ``file_name`` and columns beside."""

IMAGES = ("image", "file_name")
"""What columns of images are called where none is named."""


class Pairs:
    """Images, each with a text; rows that lack one of the two are left out.

    Args:
        name: What people call it.
        table: Has both columns.
        image: Name of the column of images.
        text: Name of the column of texts.
        root: Folder that paths of images are relative to.
    """

    kind = IMAGE.kind

    def __init__(self, name: str, table: pa.Table, image: str, text: str, root: Path | None) -> None:
        self.name, self.root = name, root
        both = pyarrow.compute.and_(table.column(image).is_valid(), table.column(text).is_valid())
        table = table.select([image, text]).filter(both)
        self._images, self._texts = table.column(image), table.column(text)
        self.sizes = np.diff([*range(0, len(table), ROWS), len(table)]).astype(np.int64)

    def read(self, block: int) -> Sequence[Any]:
        """Return the rows of a block."""
        part = slice(block * ROWS, (block + 1) * ROWS)
        images, texts = self._images[part].to_pylist(), self._texts[part].to_pylist()
        return [{FIELD: image, BESIDE: text} for image, text in zip(images, texts, strict=True)]


def find_pairs(name: str, image: str | None, text: str | None, data_dir: str | None) -> Pairs:
    """Return the pairs that `name` stands for; no label is read.

    Args:
        name: A task, a table, or a folder of images with a table ``metadata.csv``.
        image: Column of images of a table; None = ``image`` or ``file_name``.
        text: Column of texts of a table; None = its only one beside, ``label`` not counted.
        data_dir: Folder that holds data sets by name.

    Raises:
        UnknownNameError: It is none of these.
        RefusedError: A task has not one field of images and one of texts, or rows have no text.
        DataError: A table lacks a column, or has several that could be it, or rows are too few.
    """
    path = Path(name).expanduser()
    made = _of_path(path, image, text) if path.exists() else _of_task(name, data_dir)
    refuse_few(made)
    return made


def _of_task(name: str, data_dir: str | None) -> Pairs:
    from modaxfer.data.sources import find_rows

    entry = registry().get("task", name)
    columns = [
        [field.name for field in entry.spec.fields if field.signal.kind == kind] for kind in (IMAGE.kind, TEXT.kind)
    ]
    if any(len(names) != 1 for names in columns):
        raise RefusedError(
            f"rows of task {entry.id} are not an image and a text",
            got=[f"{field.name} ({field.signal})" for field in entry.spec.fields],
            allowed="one field of images, one of texts", fix="name a task or a table of both",
        )  # fmt: skip
    found = find_rows(entry.spec, data_dir)
    return Pairs(f"task {entry.id}", found.tables["train"], columns[0][0], columns[1][0], found.root)


def _of_path(path: Path, image: str | None, text: str | None) -> Pairs:
    from modaxfer.data import read_data

    if path.is_dir() and (path / CAPTIONS).is_file():
        path = path / CAPTIONS
    if path.suffix in LINES:
        raise RefusedError(
            "a text file of lines has no images beside its texts", got=path,
            allowed=f"a table of both, a folder of images with {CAPTIONS}, or a task of both", fix="name one of these",
        )  # fmt: skip
    tables = read_data(path)
    table = tables.get("train", next(iter(tables.values())))
    pictures = [image] if image else [column for column in IMAGES if column in table.column_names]
    seen = _column(path, table, pictures, "--image")
    told = _column(path, table, [text] if text else text_columns(table.drop_columns([seen])), "--text")
    return Pairs(str(path), table, seen, told, path if path.is_dir() else path.parent)


def _column(path: Path, table: pa.Table, names: Sequence[str], flag: str) -> str:
    """Return the one column of `names` that `table` has."""
    if len(names) == 1 and names[0] in table.column_names:
        return names[0]
    what = "images" if flag == "--image" else "texts"
    raise DataError(
        f"which column of {path} has the {what}?", got=list(names) or "none that is called so",
        allowed=table.column_names, fix=f"name it with {flag}",
    )  # fmt: skip
