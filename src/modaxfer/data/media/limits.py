"""How much of one picture or sound is decoded. Environment variables raise the caps."""

from __future__ import annotations

import os

from modaxfer.errors import ConfigError

__all__ = ["PIXELS", "SECONDS", "most_pixels", "most_seconds"]

PIXELS, SECONDS = "MODAXFER_MAX_PIXELS", "MODAXFER_MAX_SECONDS"
"""Names of the variables."""

_MOST_PIXELS = 100_000_000
"""300 MB as RGB; a larger picture is refused, but for a JPEG, which is decoded at a fraction of its size."""

_MOST_SECONDS = 600.0
"""What lies beyond is not read: no encoder looks further unless asked to."""


def most_pixels() -> int:
    """Return the most pixels that a picture may have when decoded.

    Raises:
        ConfigError: ``MODAXFER_MAX_PIXELS`` is no number above 0.
    """
    return int(_number(PIXELS, _MOST_PIXELS))


def most_seconds() -> float:
    """Return how many seconds of a sound are read at most.

    Raises:
        ConfigError: ``MODAXFER_MAX_SECONDS`` is no number above 0.
    """
    return _number(SECONDS, _MOST_SECONDS)


def _number(name: str, default: float) -> float:
    text = os.environ.get(name, "")
    try:
        value = float(text or default)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ConfigError(f"the environment variable {name} is no number above 0", got=text, fix=f"try {default:g}")
    return value
