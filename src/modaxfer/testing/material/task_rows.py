"""Rows of a task, made by rule: fields of every kind, as files hold them."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from modaxfer.contracts import Row
from modaxfer.spec import Field, Signal
from modaxfer.testing.material.raw_inputs import RATE
from modaxfer.testing.material.tiny_models import WORDS

__all__ = ["fields_of", "rows_of"]

_NAMES = {
    "table": ("amount", "colour"),
    "text": ("note",),
    "words": ("words",),
    "image": ("photo",),
    "audio": ("clip",),
}


def fields_of(kinds: Sequence[str]) -> tuple[Field, ...]:
    """Return fields of these kinds: of ``table`` a number and a word, of every other kind one.

    A kind that is named again has fields of other names: ``note``, ``note_2``.
    """
    return tuple(
        Field(name=name, signal=Signal(kind=kind), unit="metres" if name.startswith("amount") else "")
        for kind, names in _named(kinds)
        for name in names
    )


def rows_of(kinds: Sequence[str], count: int = 12, seed: int = 0) -> list[Row]:
    """Return rows with values for `fields_of` these kinds, all different; of a table some cells are blank."""
    rng = np.random.default_rng(seed)
    names = [name for _, group in _named(kinds) for name in group]
    return [{name: _value(name.partition("_")[0], row, rng) for name in names} for row in range(count)]


def _named(kinds: Sequence[str]) -> list[tuple[str, list[str]]]:
    made = []
    for place, kind in enumerate(kinds):
        again = kinds[:place].count(kind)
        made.append((kind, [f"{name}_{again + 1}" if again else name for name in _NAMES.get(kind, (kind,))]))
    return made


def _value(name: str, row: int, rng: np.random.Generator) -> Any:
    if name == "amount":
        return None if row % 7 == 5 else round(float(rng.normal(3, 1)), 3)
    if name == "colour":
        return None if row % 7 == 6 else str(rng.choice(("red", "green", "blue")))
    if name == "note":
        return " ".join(rng.choice(WORDS, size=2 + row))
    if name == "words":
        return [str(word) for word in rng.choice(WORDS, size=2 + row % 5)]
    return {"bytes": _picture(rng) if name == "photo" else _sound(rng, 0.1 + 0.02 * row), "path": None}


def _picture(rng: np.random.Generator) -> bytes:
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


def _sound(rng: np.random.Generator, seconds: float) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(RATE)
        written.writeframes((rng.normal(0, 3000, int(RATE * seconds))).astype("<i2").tobytes())
    return file.getvalue()
