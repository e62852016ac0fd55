"""From what a cell says to the file it means: Windows paths, ``file://`` addresses, both ways to write an accent."""

from __future__ import annotations

import os
import re
import stat
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from modaxfer.data.names import normal_form
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["find_file", "is_regular", "resolve_path"]

_WEB = re.compile(r"(https?|ftp|s3|gs)://", re.IGNORECASE)


def resolve_path(path: str, root: Path | None) -> Path:
    """Return the file that `path` names below `root`, symbolic links followed.

    Raises:
        DataError: There is no root, or the file lies outside of it.
    """
    if root is None:
        raise DataError("a media path, but this data brings no folder", got=path, fix="give encoded bytes")
    full = Path(os.path.realpath(root / path))
    if not full.is_relative_to(os.path.realpath(root)):
        found = _tail(path, root)
        raise DataError(
            "a media path leads out of the data folder", file=path, allowed=f"files below {root}",
            fix=f"did you mean {found}?" if found
            else "move the file into the data folder and name it relative to it",
        )  # fmt: skip
    return full


def find_file(path: str, root: Path | None) -> Path:
    """Return the file below `root` that `path` means.

    It is taken as written; where there is no such file, as a ``file://`` address, without spaces around it, with
    backslashes between folders, with ``%20`` for a space, and with accents composed in the other way.

    Raises:
        DataError: There is no such file (names one that may be meant), it is no regular file, or lies outside `root`.
    """
    if _WEB.match(path):
        raise DataError("a web address is not fetched", file=path, fix="download the files and name those")
    places = [resolve_path(spelling, root) for spelling in _spellings(path)]
    for place in places:
        if is_regular(place):
            return place
    if root is not None and (same := _same_name(places[-1], Path(os.path.realpath(root)))):
        return resolve_path(str(same), root)
    raise _missing(path, places[-1], root)


def is_regular(path: Path) -> bool:
    """Tell whether `path` is a file that ends: no folder, no pipe, no device, nothing that is not there."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _spellings(path: str) -> Iterator[str]:
    yield path
    plain = path.strip()
    if plain[:5].lower() == "file:":
        parts = urlsplit(plain)
        host = "" if parts.netloc.lower() == "localhost" else parts.netloc
        plain = unquote(host + parts.path)
        yield plain
    # A file on Linux may have a backslash in its name; it was tried first.
    plain = plain.replace("\\", "/")
    yield plain
    if "%" in plain:
        yield unquote(plain)


def _same_name(place: Path, root: Path) -> Path | None:
    """Return the file whose path looks the same as `place`, which is not there: accents composed in another way."""
    if not place.is_relative_to(root):
        return None
    here = root
    for part in place.relative_to(root).parts:
        found = here / part
        if not found.exists():
            name = _names(here).get(normal_form(part))
            if name is None:
                return None
            found = here / name
        here = found
    return here if is_regular(here) else None


def _missing(path: str, place: Path, root: Path | None) -> DataError:
    if place.is_dir():
        return DataError("expected a media file, found a folder", file=path, fix="name a file inside it")
    if place.exists():
        return DataError("not a regular file", file=path, fix="replace it by a file or remove its row")
    meant = _alike(place, root) or _tail(path, root)
    fix = f"did you mean {meant}?" if meant else "check the path; it is taken from the data file's folder"
    return DataError("cannot read the media file", file=path, got="No such file", fix=fix)


def _alike(place: Path, root: Path | None) -> str | None:
    """Return the file beside `place` whose name differs in its extension or in capitals only."""
    names = _names(place.parent) if place.parent.is_dir() else {}
    found = names.get(_loose(place.name)) or names.get(_stem(place.name))
    return _below(place.parent / found, root) if found else None


def _tail(path: str, root: Path | None) -> str | None:
    """Return the longest end of `path` that is a file below `root`: the data folder has moved since."""
    parts = [part for part in re.split(r"[\\/]+", path) if part not in ("", ".", "..")]
    if root is None or any(ord(letter) < 32 for letter in path):
        return None
    tails = ("/".join(parts[start:]) for start in range(1, len(parts)))
    return next((tail for tail in tails if is_regular(root / tail)), None)


def _below(path: Path, root: Path | None) -> str:
    inside = root is not None and path.is_relative_to(os.path.realpath(root))
    return path.relative_to(os.path.realpath(root)).as_posix() if inside and root is not None else path.name


def _names(folder: Path) -> dict[str, str]:
    try:
        return _index(str(folder), folder.stat().st_mtime_ns)
    except OSError:
        return {}


@lru_cache(maxsize=64)
def _index(folder: str, changed: int) -> dict[str, str]:
    """Return the names in `folder` by normal form, by form without capitals, and by that without extension."""
    names = sorted(os.listdir(folder))
    loose = {_loose(name): name for name in names}
    stems = {_stem(name): name for name in names if not name.startswith(".")}
    return stems | loose | {normal_form(name): name for name in names}


def _loose(name: str) -> str:
    return "~" + normal_form(name).casefold()


def _stem(name: str) -> str:
    return "." + Path(normal_form(name).casefold()).stem
