"""Files of tagged words: one a line with its tag at the end, sentences parted by blank lines, as in CoNLL's tasks.

See Tjong Kim Sang & De Meulder (2003), "Introduction to the CoNLL-2003 Shared Task", section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pyarrow as pa

from modaxfer.data.origin import stamp
from modaxfer.data.tables.encodings import survey
from modaxfer.data.tables.gathering import drawn
from modaxfer.data.tables.quotes import whole_lines
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from modaxfer.data.tables.gathering import Selection

__all__ = ["read_conll"]

_DOCUMENT = "-DOCSTART-"

_Line = tuple[int, list[str]]
"""Number of a line in the file, from 1, and its cells."""


def read_conll(path: Path, source: Callable[[], BinaryIO], selection: Selection) -> pa.Table:
    """Read sentences as rows: ``words`` has the first cells of their lines, ``label`` the last ones.

    Cells are parted by a tab, else by white space. Lines that begin a document and comments (``# text``, in front of a
    sentence) are passed over. A row's number is that of its first line. Without a second cell there is no ``label``.

    Raises:
        DataError: A line has other cells than those before it.
    """
    text = survey(str(path), source)
    sentences = list(_sentences(path, whole_lines(text.blocks())))
    width = len(sentences[0][0][1]) if sentences else 1
    kind = pa.list_(pa.large_string())
    columns = {"words": pa.array([[cells[0] for _, cells in lines] for lines in sentences], kind)}
    if width > 1:
        columns["label"] = pa.array([[cells[-1] for _, cells in lines] for lines in sentences], kind)
    numbers = np.array([lines[0][0] for lines in sentences], np.int64) + selection.before
    notes = tuple(f"{path.name}: {note}" for note in text.notes)
    table = stamp(pa.table(columns), file=str(path), notes=notes, numbers=numbers)
    return table if selection.draw is None else drawn(table, selection.draw)


def _sentences(path: Path, blocks: Iterator[bytes]) -> Iterator[list[_Line]]:
    lines: list[_Line] = []
    width = 0
    every = (line for block in blocks for line in block.decode().removesuffix("\n").split("\n"))
    for number, line in enumerate(every, 1):
        cells = [cell.strip() for cell in line.rstrip().split("\t")] if "\t" in line else line.split()
        if not any(cells) or cells[0] == _DOCUMENT:
            yield from [lines] if lines else []
            lines = []
            continue
        if not lines and cells[0].startswith("#") and len(cells) != width:
            continue
        width = width or len(cells)
        if len(cells) != width:
            raise DataError(
                "a line has other cells than those before it", file=path, row=number, got=line.strip()[:80],
                allowed=f"{width} cells, parted by a tab or by spaces", fix="write a word and its tag in each line",
            )  # fmt: skip
        lines.append((number, cells))
    yield from [lines] if lines else []
