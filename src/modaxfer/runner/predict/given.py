"""Rows that a user hands over to a saved model, in whatever form they come: files, folders, a pipe, Python objects."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.data.given import Given, given_rows
from modaxfer.data.layouts.class_folders import read_class_folders
from modaxfer.data.layouts.listing import list_media
from modaxfer.data.origin import notes_of, renamed
from modaxfer.data.tables.files import EXTENSIONS, read_table, require_file
from modaxfer.data.tables.one_text import TEXT_SUFFIXES, read_text
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from modaxfer.spec import Field

__all__ = ["find_rows", "labelled_rows", "piped_rows"]

MEDIA = ("image", "audio")

STANDARD_INPUT = "standard input"
"""What messages call rows that come through a pipe."""

_MAGIC = {
    b"PAR1": ".parquet",
    b"\x1f\x8b": ".gz",
    b"\x89PNG": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"GIF8": ".gif",
    b"BM": ".bmp",
    b"RIFF": ".riff",
    b"fLaC": ".flac",
    b"OggS": ".ogg",
    b"ID3": ".mp3",
}
"""First bytes of what may come through a pipe and is no text."""


def find_rows(data: Any, fields: Sequence[Field]) -> Given:
    """Return the rows to be predicted or scored.

    Args:
        data: A table file; for a model of one text, image or sound also such a file, for one of images or sounds a
            folder with them, all levels down and without hidden ones; or anything in memory that
            `modaxfer.data.given.given_rows` takes. Text is the name of a file, for a model of one text the text itself
            unless a file is called so.
        fields: What the model reads.

    Raises:
        DataError: There are no rows, or they cannot be read.
    """
    if isinstance(data, Path) or (isinstance(data, str) and not _is_words(data, fields)):
        return _from_path(Path(data).expanduser(), fields)
    return given_rows(data, fields)


def labelled_rows(data: Any, fields: Sequence[Field], label: str) -> Given:
    """Return labelled rows: as `find_rows`, but of a folder of images or sounds the class folders are the labels.

    Args:
        data: As for `find_rows`.
        fields: As for `find_rows`.
        label: Column that the names of class folders become.

    Raises:
        DataError: There are no rows, they cannot be read, or the folder has several splits or no class folders.
    """
    kind = _media_kind(fields)
    if kind is None or not isinstance(data, str | Path) or not Path(data).expanduser().is_dir():
        return find_rows(data, fields)
    folder = Path(data).expanduser()
    tables = read_class_folders(folder)
    if len(tables) != 1:
        got = f"splits {', '.join(tables)}" if tables else "no class folders"
        fix = "name the folder of one split" if tables else "put each class in a folder of its own, or name a table"
        raise DataError("the folder does not say what its labels are", file=folder, got=got, fix=fix)
    (table,) = tables.values()
    names = {kind: fields[0].name, "label": label}
    if kind not in table.column_names:
        raise DataError(f"no {kind} files in this folder", file=folder, fix=f"the model reads {kind} files")
    notes = notes_of(table)
    table = table.rename_columns([names.get(name, name) for name in table.column_names])
    return Given(table=table, root=folder.resolve(), notes=notes)


def piped_rows(data: bytes, fields: Sequence[Field]) -> Given:
    """Return rows that come through a pipe: csv, tsv, JSON, JSON lines, parquet, or one image or sound.

    Raises:
        DataError: There are none, or they do not parse.
    """
    if not data.strip():
        raise DataError("standard input is empty", fix="pipe a table: csv with a header, JSON lines, parquet")
    suffix = next((suffix for magic, suffix in _MAGIC.items() if data.startswith(magic)), None) or _text_suffix(data)
    kind = _media_kind(fields)
    if kind is not None and suffix.removeprefix(".") not in (*EXTENSIONS, "gz"):
        return given_rows([data], fields)
    if suffix == ".gz":
        import gzip

        try:
            return piped_rows(gzip.decompress(data), fields)
        except (OSError, EOFError) as error:
            raise DataError("standard input is a broken gzip archive", got=error) from None
    with tempfile.TemporaryDirectory(prefix="modaxfer-") as scratch:
        path = Path(scratch) / f"standard-input{suffix}"
        path.write_bytes(data)
        try:
            table = renamed(read_table(path), STANDARD_INPUT)
        except DataError as error:
            error.what = error.what.replace(str(path), STANDARD_INPUT)
            raise
    return Given(table=table, root=Path.cwd(), notes=notes_of(table))


def _text_suffix(data: bytes) -> str:
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in (b"{", b"["):
        return ".json"  # one object, a list of them, or one a line
    first = start.split(b"\n", 1)[0]
    return ".tsv" if b"\t" in first and b"," not in first else ".csv"


def _from_path(path: Path, fields: Sequence[Field]) -> Given:
    kind = _media_kind(fields)
    if path.exists() and not path.is_dir() and not path.is_file():
        return piped_rows(path.read_bytes(), fields)  # a pipe such as <(command): it is read once
    if kind is not None and path.is_dir():
        return _from_folder(path, fields[0].name, kind)
    suffixes = {suffix.lstrip(".").lower() for suffix in path.suffixes[-2:]}
    if kind is not None and not suffixes & set(EXTENSIONS):
        require_file(path)
        return given_rows([str(path)], fields)
    if kind is None and path.suffix.lower() in TEXT_SUFFIXES and _reads_text(fields):
        return _from_text(path, fields)
    table = read_table(path)
    return Given(table=table, root=path.resolve().parent, notes=notes_of(table))


def _from_text(path: Path, fields: Sequence[Field]) -> Given:
    """Return the one row that is the whole text of `path`."""
    text, notes = read_text(path)
    # Lines may be one text or many: which it was has to be said.
    said = f"{path.name} is read as one text; several go into a table, one a row, in a column {fields[0].name!r}"
    return replace(given_rows([text], fields), notes=(*notes, said))


def _from_folder(folder: Path, column: str, kind: str) -> Given:
    """Return one row per image or sound below `folder`, by name."""
    import pyarrow as pa

    listing = list_media(folder)
    taken = list(listing.files(kind))
    others = len(list(listing.files("audio" if kind == "image" else "image")))
    if not taken:
        got = listing.left_out() or (f"{others} files of another kind" if others else "an empty folder")
        raise DataError(f"no {kind} files in this folder", file=folder, got=got, fix="name the folder that holds them")
    left = [f"files left out: {listing.left_out()}"] if listing.left_out() else []
    left += [f"files left out, of another kind: {others}"] if others else []
    names = [path.relative_to(folder).as_posix() for path in taken]
    return Given(
        table=pa.table({column: pa.array(names, pa.string())}),
        root=folder.resolve(),
        notes=tuple(left),
    )


def _media_kind(fields: Sequence[Field]) -> str | None:
    """Return the kind of the only field where that is an image or a sound."""
    return fields[0].signal.kind if len(fields) == 1 and fields[0].signal.kind in MEDIA else None


def _reads_text(fields: Sequence[Field]) -> bool:
    """Tell whether the model reads one text and nothing else."""
    return len(fields) == 1 and fields[0].signal.kind == "text"


def _is_words(text: str, fields: Sequence[Field]) -> bool:
    """Tell whether `text` is what a model of one text is to read, not the name of a file."""
    if len(fields) != 1 or fields[0].signal.kind not in ("text", "words"):
        return False
    if not text.strip():
        return True
    try:
        path = Path(text).expanduser()
        # A word may be called as a folder is; nobody writes a slash in one.
        there = path.is_file() or (path.exists() and "/" in text)
    except (OSError, ValueError, RuntimeError):  # too long for a path, a zero byte, ~ of nobody
        return True
    suffixes = {suffix.lstrip(".").lower() for suffix in Path(text).suffixes[-2:]}
    return not there and not suffixes & set(EXTENSIONS)
