"""Indexes that a user adds: a file or an https address, read once, checked, and kept as a copy."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from modaxfer.errors import ConfigError
from modaxfer.registry.known import MOST_BYTES, added_folder, read_index

__all__ = ["add_index"]

SECONDS = 20.0
"""Longest wait for an address."""


def add_index(source: str) -> Path:
    """Keep a copy of the index at `source`, and return where; adding it again replaces the copy.

    Raises:
        ConfigError: It cannot be read, is no index, or the address is not https.
    """
    text = _fetched(source) if "://" in source else _read(Path(source))
    read_index(text, source)
    name = source if "://" in source else str(Path(source).resolve())
    place = added_folder() / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    scratch = place.with_suffix(".tmp")
    scratch.write_text(text, encoding="utf-8")
    return scratch.replace(place)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "the index cannot be read", got=f"{path}: {error}", fix="name a file or an https address"
        ) from error


def _fetched(address: str) -> str:
    if not address.startswith("https://"):
        raise ConfigError("an index is fetched by https only", got=address, fix="download it and add the file")
    try:
        with urlopen(address, timeout=SECONDS) as answer:  # noqa: S310 - https, see above
            content: bytes = answer.read(MOST_BYTES + 1)
        return content.decode("utf-8")
    except (URLError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "the index cannot be fetched", got=f"{address}: {error}", fix="download it and add the file"
        ) from error
