"""Files beside model.json: compared with their checksums, their tensors put where they belong, or refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import xxhash
from safetensors import SafetensorError
from safetensors.torch import load_file

from modaxfer.errors import DataError
from modaxfer.json_file import FIX
from modaxfer.result import inside

__all__ = ["check_files", "checksums", "fill"]


def checksums(folder: Path) -> dict[str, str]:
    """Return the checksum of each file below `folder`, by its path in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _sum(path) for path in files}


def check_files(folder: Path, told: Mapping[str, str]) -> None:
    """Compare the files below `folder` with the checksums that were taken when they were written.

    Raises:
        DataError: One is not there, holds something else, or is named outside `folder`.
    """
    for name, expected in told.items():
        path = inside(folder, name)
        try:
            found = "" if path.exists() and not path.is_file() else _sum(path)  # Reading a pipe might never end.
        except OSError as error:
            raise _damaged(path, error.strerror) from None
        if found != expected:
            raise _damaged(path, "its checksum is wrong")


def fill(take: Callable[[dict[str, torch.Tensor]], Any], path: Path) -> None:
    """Hand the tensors of a safetensors file to `take`.

    Raises:
        DataError: It cannot be read, or its tensors do not fit.
    """
    try:
        take(load_file(path))
    except OSError as error:
        raise _damaged(path, error.strerror or error) from None
    except (SafetensorError, RuntimeError, KeyError, ValueError) as error:
        raise _damaged(path, " ".join(str(error).split())) from error


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, xxhash.xxh3_128).hexdigest()


def _damaged(path: Path, got: object) -> DataError:
    return DataError("a file of the run is damaged", file=path, got=got, fix=FIX)
