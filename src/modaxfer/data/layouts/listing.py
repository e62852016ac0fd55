"""What stands in a folder of images or sounds. Hidden and system files are never seen, at any depth."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from modaxfer.data.media import kind_by_content
from modaxfer.data.media.paths import is_regular
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AUDIO_SUFFIXES", "IMAGE_SUFFIXES", "Listing", "list_media"]

IMAGE_SUFFIXES = (".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm",
                  ".tga", ".tif", ".tiff", ".webp")  # fmt: skip
AUDIO_SUFFIXES = (".aif", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav")

_DOCUMENTS = (".cfg", ".csv", ".db", ".doc", ".docx", ".gz", ".html", ".ini", ".ipynb", ".json", ".jsonl", ".log",
              ".md", ".npy", ".npz", ".parquet", ".pdf", ".pkl", ".py", ".rst", ".tar", ".toml", ".tsv", ".txt", ".xls",
              ".xlsx", ".xml", ".yaml", ".yml", ".zip")  # fmt: skip
"""Not even opened."""

UNOPENED = (".3gp", ".aac", ".ac3", ".amr", ".ape", ".arw", ".cr2", ".cr3", ".dcm", ".dng", ".heic", ".heif", ".m4a",
            ".mkv", ".mov", ".mp4", ".nef", ".psd", ".svg", ".webm", ".wma", ".wmv")  # fmt: skip
"""Images and sounds for people that neither Pillow nor libsndfile opens."""

_DEEPEST = 64
"""Folders within one another."""

_SYSTEM = frozenset({
    "#recycle", "$recycle.bin", "@eadir", "__macosx", "__pycache__", "desktop.ini", "ehthumbs.db", "ehthumbs_vista.db",
    "icon\r", "lost+found", "system volume information", "thumbs.db",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Listing:
    """One folder with all that is below it, names sorted."""

    path: Path
    images: tuple[str, ...]
    """Names of the files right here that are images; so for `sounds`."""
    sounds: tuple[str, ...]
    rest: tuple[str, ...]
    """Files that are neither, links to folders elsewhere, pipes and devices."""
    folders: tuple[Listing, ...]

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.name

    @property
    def direct(self) -> int:
        """Images and sounds right here."""
        return len(self.images) + len(self.sounds)

    @cached_property
    def count(self) -> int:
        """Images and sounds here and below."""
        return self.direct + sum(folder.count for folder in self.folders)

    @property
    def flat(self) -> bool:
        """Whether images or sounds stand right here, more than a stray one beside folders full of them."""
        return self.direct > 0 and 2 * self.direct >= self.count

    @property
    def holders(self) -> tuple[Listing, ...]:
        """The folders right here that hold images or sounds, at any depth."""
        return tuple(folder for folder in self.folders if folder.count)

    def files(self, kind: str) -> Iterator[Path]:
        """Yield every file of `kind` (``image``, ``audio`` or ``rest``), here and below."""
        names = {"image": self.images, "audio": self.sounds, "rest": self.rest}[kind]
        yield from (self.path / name for name in names)
        for folder in self.folders:
            yield from folder.files(kind)

    def left_out(self) -> str:
        """Return how many files are neither image nor sound, by extension, and one of them; empty where none is."""
        rest = list(self.files("rest"))
        if not rest:
            return ""
        suffixes = Counter(_called(path) for path in rest)
        kinds = ", ".join(f"{count} {suffix}" for suffix, count in suffixes.most_common(3))
        return f"{kinds}{', ...' if len(suffixes) > 3 else ''}, e.g. {rest[0].name}{_advice(rest)}"

    def unopened(self) -> bool:
        """Tell whether an image or a sound that cannot be opened stands here or below."""
        return any(path.suffix.lower() in UNOPENED for path in self.files("rest"))


def list_media(folder: Path) -> Listing:
    """Look through `folder` once.

    A file is an image or a sound by its extension, or where that is unknown because Pillow or libsndfile can open it.
    A linked folder is followed while it leads neither out of `folder` nor in a circle.

    Raises:
        OSError: A folder may not be looked into.
        DataError: A name is not UTF-8, or folders stand in one another without end.
    """
    return _listing(folder, os.path.realpath(folder), frozenset())


def _listing(folder: Path, root: str, above: frozenset[str]) -> Listing:
    with os.scandir(folder) as entries:
        seen = sorted((entry for entry in entries if not _hidden(entry.name)), key=lambda entry: entry.name)
    _refuse_odd(folder, [entry.name for entry in seen], len(above))
    inside = above | {os.path.realpath(folder)}
    folders = {entry.name: entry for entry in seen if entry.is_dir() and _followed(entry, root, inside)}
    kinds: dict[str, list[str]] = {"image": [], "audio": [], "rest": []}
    for entry in seen:
        if entry.name not in folders:
            kinds[_kind(entry)].append(entry.name)
    return Listing(
        path=folder,
        images=tuple(kinds["image"]),
        sounds=tuple(kinds["audio"]),
        rest=tuple(kinds["rest"]),
        folders=tuple(_listing(folder / name, root, inside) for name in folders),
    )


def _refuse_odd(folder: Path, names: list[str], depth: int) -> None:
    if depth > _DEEPEST:
        raise DataError(f"folders are more than {_DEEPEST} deep", file=folder, fix="point --data further inside")
    for name in names:
        if not name.isascii() and any("\udc80" <= letter <= "\udcff" for letter in name):
            raise DataError(
                "a name is not UTF-8", file=folder, got=ascii(name),
                fix="rename it, for example with `convmv -f latin1 -t utf8 -r --notest FOLDER`",
            )  # fmt: skip


def _hidden(name: str) -> bool:
    return name.startswith((".", "~$")) or name.lower() in _SYSTEM


def _followed(entry: os.DirEntry[str], root: str, above: frozenset[str]) -> bool:
    if not entry.is_symlink():
        return True
    real = os.path.realpath(entry.path)
    return real not in above and os.path.commonpath((real, root)) == root


def _kind(entry: os.DirEntry[str]) -> str:
    suffix = os.path.splitext(entry.name)[1].lower()
    if not is_regular(path := Path(entry.path)):
        return "rest"
    if suffix in IMAGE_SUFFIXES:
        return "image"
    if suffix in AUDIO_SUFFIXES:
        return "audio"
    return "rest" if suffix in _DOCUMENTS else kind_by_content(path) or "rest"


def _called(path: Path) -> str:
    if not is_regular(path):
        return "no file of its own (a pipe, a device, a link that leads nowhere or out)"
    return path.suffix.lower() or "without extension"


def _advice(rest: list[Path]) -> str:
    suffixes = {path.suffix.lower() for path in rest}
    if suffixes & {".heic", ".heif"}:
        return "; Pillow cannot open HEIC: save the pictures as JPEG"
    if suffixes & {".3gp", ".aac", ".amr", ".m4a", ".mp4", ".wma"}:
        return "; libsndfile cannot open these: convert them, for example with `ffmpeg -i in.m4a out.flac`"
    return ""
