"""Files of installed distributions, checked by hash, and the cache of what was made from them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from modaxfer.errors import CheckpointUnavailableError, MissingPackageError

__all__ = ["Shipped", "converted"]

STAMP = "converted.json"


class Shipped:
    """One file that a distribution ships.

    Args:
        package: Name of the distribution.
        path: The file, relative to where distributions are installed.
        sha256: Its SHA-256.
        install: Command line that installs the distribution.
    """

    def __init__(self, package: str, path: str, sha256: str, install: str) -> None:
        self.package, self.path, self.sha256, self.install = package, path, sha256, install

    def locate(self) -> Path:
        """Find the file and check it.

        Raises:
            MissingPackageError: The distribution is not installed.
            CheckpointUnavailableError: The file is not there or not the one this plugin knows.
        """
        try:
            found = Path(str(distribution(self.package).locate_file(self.path)))
        except PackageNotFoundError:
            raise MissingPackageError(self.package, "this checkpoint", self.install) from None
        if not found.is_file():
            raise CheckpointUnavailableError(
                f"{self.package} does not hold {self.path}", got=found, fix=f"run `{self.install} --force-reinstall`"
            )
        got = sha256_of(found)
        if got != self.sha256:
            raise CheckpointUnavailableError(
                f"{found} is not the file this plugin knows",
                got=f"sha256 {got}",
                allowed=f"sha256 {self.sha256}",
                fix=f"run `{self.install} --force-reinstall`",
            )
        return found


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def converted(name: str, source: Shipped, version: int, convert: Callable[[Path, Path], None]) -> Path:
    """Return the folder that `convert` makes from `source`, made once per user and version of the conversion.

    Args:
        name: Of the folder in the cache: ``MODAXFER_CACHE``, else ``~/.cache/modaxfer``.
        source: What it is made from; checked before each use.
        version: Raised whenever the conversion changes.
        convert: ``convert(file, folder)`` writes ``model.safetensors`` and JSON files into an empty folder.

    Raises:
        MissingPackageError: The distribution is not installed.
        CheckpointUnavailableError: The source is not the file this plugin knows, or the cached result was altered.
    """
    file = source.locate()
    folder = cache() / "checkpoints" / f"{name}-v{version}-{source.sha256[:12]}"
    if not folder.is_dir():
        _make(folder, file, convert)
    _check(folder)
    return folder


def cache() -> Path:
    """Return the user's cache."""
    return Path(os.environ.get("MODAXFER_CACHE") or Path.home() / ".cache" / "modaxfer")


def _open_up(folder: Path, mode: int) -> None:
    """Give every file the mode that the user's umask asks for: safetensors and `mkdtemp` let the owner alone read."""
    for path in folder.iterdir():
        path.chmod(mode)
    folder.chmod(mode | (mode & 0o444) >> 2)


def _make(folder: Path, file: Path, convert: Callable[[Path, Path], None]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        convert(file, temporary)
        made = {path.name: sha256_of(path) for path in sorted(temporary.iterdir())}
        (temporary / STAMP).write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
        _open_up(temporary, (temporary / STAMP).stat().st_mode & 0o777)
        temporary.rename(folder)
    except OSError:
        # Another process may have been faster; what it made is checked like our own.
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check(folder: Path) -> None:
    stamp = folder / STAMP
    made = json.loads(stamp.read_text(encoding="utf-8")) if stamp.is_file() else {STAMP: ""}
    for name, sha256 in made.items():
        if not (folder / name).is_file() or sha256_of(folder / name) != sha256:
            raise CheckpointUnavailableError(
                f"{name} in {folder} was altered after it was made", fix=f"delete the folder {folder}; it is made again"
            )
