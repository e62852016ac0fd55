"""A text file that is one text, as a picture's file is one picture."""

from __future__ import annotations

from pathlib import Path

from modaxfer.data.tables.encodings import survey
from modaxfer.data.tables.files import require_file
from modaxfer.data.tables.signatures import require_kind
from modaxfer.errors import DataError

__all__ = ["TEXT_SUFFIXES", "read_text"]

TEXT_SUFFIXES = (".txt", ".text")


def read_text(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return all that a text file holds, and what was guessed of its encoding.

    Raises:
        DataError: It is missing, unreadable, no text, or in an encoding that cannot be told.
    """
    require_file(path)
    try:
        require_kind(path, path.suffix.lower().removeprefix("."))
        file = survey(str(path), lambda: path.open("rb"))
        return b"".join(file.blocks()).decode(), file.notes
    except OSError as error:
        raise DataError(
            "cannot read the text file", file=path, got=error.strerror or error, fix="check the file and its rights"
        ) from None
