"""What a file is by its first bytes, whatever its name says: a workbook, an archive, a web page."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from modaxfer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["require_kind"]

_WORKBOOK = "open it and save the sheet as \"CSV UTF-8\", or run `python -c \"import pandas; pandas.read_excel('{name}').to_csv('{stem}.csv', index=False)\"`"  # noqa: E501
_UNPACK = "unpack it and name the file or folder inside"
_OTHER = "export the data as csv or parquet"
_PAGE = "this is what a browser saves in place of a file that needs a login or is gone; download the data again"

_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"PAR1", "a parquet file", "rename it to {stem}.parquet"),
    (b"\x1f\x8b", "a gzip archive", "rename it to {name}.gz"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (xls)", _WORKBOOK),
    (b"ARROW1", "an Arrow file (feather)", "export it as parquet, `pandas.read_feather(...).to_parquet(...)`"),
    (b"SQLite format 3\0", "an SQLite database", "export the table as csv"),
    (b"%PDF-", "a PDF document", _OTHER),
    (b"BZh", "a bzip2 archive", "unpack it with `bunzip2 {name}`"),
    (b"\xfd7zXZ\0", "an xz archive", "unpack it with `xz -d {name}`"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it with `zstd -d {name}`"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "a rar archive", _UNPACK),
    (b"\x93NUMPY", "a NumPy array", _OTHER),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _OTHER),
    (b"\x80\x04\x95", "a Python pickle, which can run code and is never read", _OTHER),
    (b"\x80\x05\x95", "a Python pickle, which can run code and is never read", _OTHER),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", "give pictures as a folder, one folder inside per class"),
    (b"\xff\xd8\xff", "a JPEG picture", "give pictures as a folder, one folder inside per class"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the data", "fetch the data with `git lfs pull`"),
)

_OWN = {"parquet": b"PAR1", "gz": b"\x1f\x8b"}
"""First bytes that a file of this extension should have."""


def require_kind(path: Path, extension: str) -> None:
    """Check that what `path` holds is what its extension says.

    Raises:
        DataError: It is something else; says what, and what to do.
    """
    with path.open("rb") as stream:
        head = stream.read(512)
    if not head or head.startswith(_OWN.get(extension, b"\0\0\0")):
        return
    found = _zipped(path) if head.startswith(b"PK\x03\x04") else _signed(head) or _markup(head, extension)
    if found:
        what, fix = found
        name, stem = path.name, path.name.split(".", 1)[0]
        raise DataError(f"the file is {what}", file=path, fix=fix.format(name=name, stem=stem))


def _signed(head: bytes) -> tuple[str, str] | None:
    return next(((what, fix) for start, what, fix in _SIGNATURES if head.startswith(start)), None)


def _zipped(path: Path) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return "a zip archive that is cut off", "download or copy it again"
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook (xlsx)", _WORKBOOK
    if "content.xml" in names:
        return "an OpenDocument file (ods)", 'open it and save the sheet as "CSV UTF-8"'
    return f"a zip archive with {len(names)} files", _UNPACK


def _markup(head: bytes, extension: str) -> tuple[str, str] | None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML)", _PAGE
    if start.startswith(b"<?xml"):
        return "an XML document", _OTHER
    if extension in ("csv", "tsv") and start.startswith((b'{"', b"[{")):
        return "JSON", "rename it to {stem}.jsonl" if start.startswith(b"{") else "rename it to {stem}.json"
    if extension in ("json", "jsonl", "ndjson") and (start[:1].isalnum() or start[:1] == b'"'):
        return "no JSON, which begins with a bracket", "if it is csv, rename it to {stem}.csv"
    return None
