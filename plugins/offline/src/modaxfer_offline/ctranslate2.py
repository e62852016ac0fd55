"""Reads the variables of a CTranslate2 model file (binary version 6): names, shapes, little-endian numbers.

Layout, all integers unsigned: version (4 bytes); name of the model's class; its revision (4); count of variables (4);
for each its name, rank (1), sizes (4 each), number type (1), count of bytes (4), bytes. A name is its length (2), a
closing zero byte counted, and its characters. What follows
the variables (aliases) is not read. See ``python/ctranslate2/specs/model_spec.py`` in the CTranslate2 sources.
"""

from __future__ import annotations

import struct
from math import prod
from pathlib import Path

import numpy as np
import torch

from modaxfer.errors import CheckpointUnavailableError

__all__ = ["read_variables"]

VERSION = 6
NUMBERS = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}


class _Reader:
    """Reads a byte string from its start."""

    def __init__(self, data: bytes) -> None:
        self.data, self.position = data, 0

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def name(self) -> str:
        return self.take(self.number(2)).rstrip(b"\0").decode()

    def take(self, size: int) -> bytes:
        taken = self.data[self.position : self.position + size]
        if len(taken) != size:
            raise struct.error(f"ends after {len(self.data)} bytes")
        self.position += size
        return taken


def read_variables(path: Path) -> dict[str, torch.Tensor]:
    """Return every variable in the file by name.

    Raises:
        CheckpointUnavailableError: The file is of another version or format, or cut short.
    """
    reader = _Reader(path.read_bytes())
    try:
        version = reader.number(4)
        if version != VERSION:
            raise CheckpointUnavailableError(
                f"{path} is not a CTranslate2 model of a known version", got=version, allowed=VERSION
            )
        reader.name()
        reader.number(4)
        return dict(_variable(reader) for _ in range(reader.number(4)))
    except (struct.error, KeyError, ValueError) as error:
        raise CheckpointUnavailableError(f"{path} is damaged", got=error, fix="install its package again") from error


def _variable(reader: _Reader) -> tuple[str, torch.Tensor]:
    name = reader.name()
    shape = [reader.number(4) for _ in range(reader.number(1))]
    numbers = np.dtype(NUMBERS[reader.number(1)])
    data = reader.take(reader.number(4))
    if prod(shape) * numbers.itemsize != len(data):
        raise ValueError(f"{name}: {len(data)} bytes for shape {shape} of {numbers}")
    return name, torch.from_numpy(np.frombuffer(data, numbers).reshape(shape).copy())
