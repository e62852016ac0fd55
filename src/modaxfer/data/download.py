"""Files from the network, fetched once into the user's cache and checked by their SHA-256."""

from __future__ import annotations

import hashlib
import os
import threading
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modaxfer.spec import RemoteFile

__all__ = ["UnavailableError", "cache_folder", "fetch", "offline", "within"]

CONNECT_SECONDS = 4.0
"""How long an answer may take before the network counts as absent."""

_CHUNK = 1 << 20


class UnavailableError(Exception):
    """A source has nothing to give here; the message says why. Never leaves this room."""


def cache_folder() -> Path:
    """Return where downloads are kept: ``MODAXFER_CACHE``, else ``~/.cache/modaxfer``."""
    given = os.environ.get("MODAXFER_CACHE")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "modaxfer"


def offline() -> bool:
    """Tell whether the user has forbidden the network with ``HF_HUB_OFFLINE``."""
    return os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")


def fetch(files: Mapping[str, RemoteFile]) -> Path:
    """Bring `files` into the cache and return the folder that holds exactly them.

    A file that is there with the right checksum is not fetched again. Each file gets its name only when it is
    complete and its checksum is right.

    Raises:
        UnavailableError: No network, no answer in time, or a wrong checksum.
    """
    identity = repr(sorted((name, file.sha256) for name, file in files.items()))
    folder = cache_folder() / "downloads" / hashlib.sha256(identity.encode()).hexdigest()[:16]
    for name, file in files.items():
        path = folder / name
        if not (path.is_file() and _sha256(path) == file.sha256):
            _download(file, path)
    return folder


def within(seconds: float, answer: Callable[[], object]) -> object:
    """Return ``answer()``, which must come within `seconds`; a name look-up alone can hang far longer.

    Raises:
        UnavailableError: It did not come in time, or failed; the message says which.
    """
    outcome: list[object] = []
    failure: list[BaseException] = []

    def ask() -> None:
        try:
            outcome.append(answer())
        except Exception as error:  # Handed to the caller's thread below.
            failure.append(error)

    # A daemon, so that one that hangs in the name look-up cannot keep the program from ending.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise UnavailableError(f"{type(failure[0]).__name__}: {failure[0]}") from failure[0]
    if not outcome:
        raise UnavailableError(f"no answer within {seconds:g} s")
    return outcome[0]


def _download(file: RemoteFile, path: Path) -> None:
    if offline():
        raise UnavailableError("not in the cache, and HF_HUB_OFFLINE forbids the network")
    path.parent.mkdir(parents=True, exist_ok=True)
    response = within(CONNECT_SECONDS, lambda: _answer(file.url))
    digest = hashlib.sha256()
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    with temporary.open("xb") as target:
        try:
            with response:  # type: ignore[attr-defined]
                while block := response.read(_CHUNK):  # type: ignore[attr-defined]
                    digest.update(block)
                    target.write(block)
            if digest.hexdigest() != file.sha256:
                raise UnavailableError(f"{file.url} has SHA-256 {digest.hexdigest()}, expected {file.sha256}")
            temporary.replace(path)
        except OSError as error:
            raise UnavailableError(f"{file.url} broke off: {error}") from error
        finally:
            temporary.unlink(missing_ok=True)


def _answer(url: str) -> object:
    try:
        return urllib.request.urlopen(url, timeout=CONNECT_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        raise


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
