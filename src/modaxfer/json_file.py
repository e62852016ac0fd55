"""JSON files of runs, which may be damaged or anybody's: read into one mapping, or refused by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modaxfer.errors import DataError, ModaxferError

__all__ = ["FIX", "read_json", "well_formed"]

FIX = "bring the file back as `modaxfer train` wrote it, or train again"
"""What to do about a damaged file of a run."""


def read_json(path: Path) -> dict[str, Any]:
    """Return the mapping that the JSON file `path` holds.

    Raises:
        DataError: It cannot be read, is not JSON, or holds something else.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError("cannot read a file of the run", file=path, got=error.strerror, fix=FIX) from None
    except (ValueError, RecursionError) as error:
        raise DataError("a file of the run is damaged", file=path, got=error, fix=FIX) from None
    if not isinstance(values, dict):
        got = type(values).__name__
        raise DataError("a file of the run is damaged", file=path, got=got, allowed="a mapping", fix=FIX)
    return values


@contextmanager
def well_formed(path: Path) -> Iterator[None]:
    """Say of which file it comes that something in it is missing or of the wrong kind, while it is taken apart.

    Raises:
        DataError: Something is.
    """
    try:
        yield
    except ModaxferError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        got = f"{type(error).__name__}: {error}"
        raise DataError("a file of the run is damaged", file=path, got=got, fix=FIX) from error
