"""Versions of installed distributions, each read once: to parse a distribution's metadata takes milliseconds."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

__all__ = ["version_of"]


@cache
def version_of(distribution: str) -> str:
    """Return the version of an installed `distribution`.

    Raises:
        PackageNotFoundError: It is not installed.
    """
    return version(distribution)
