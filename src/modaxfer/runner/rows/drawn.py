"""What an encoder is given of a row, as people can see or hear it: tokens, a picture, a sound, numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from modaxfer.contracts import Example, Processor, Row, Sound
from modaxfer.data.blanks import filled
from modaxfer.runner.model.bridge import bridged
from modaxfer.runner.model.description import TowerDescription

__all__ = ["Drawn", "drawn", "drawn_row"]

UNUSED = 208
"""Grey of a grid's cell in which no patch stands."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One tensor that an encoder is given."""

    key: str
    """Of the batch, such as ``pixel_values``; of several encoders with their number in front: ``0.pixel_values``."""
    kind: str
    """``tokens``, ``picture``, ``sound`` or ``numbers``."""
    fields: tuple[str, ...]
    """Of the row, that are in it."""
    size: str
    """For people: ``224 x 224 pixels``, ``37 tokens`` ..."""
    tokens: tuple[str, ...] = ()
    pixels: np.ndarray | None = None
    """uint8 ``[height, width, 3]``."""
    samples: np.ndarray | None = None
    """float32 ``[frames]``, at most 1."""
    rate: int = 0
    """Of `samples`, in Hz."""
    numbers: np.ndarray | None = None
    """float ``[...]``."""


def drawn_row(
    towers: Sequence[TowerDescription], processors: Sequence[Processor], row: Row, root: Path | None
) -> list[Drawn]:
    """Return what each of `towers` is given of a conformed `row`.

    Args:
        towers: Bridges fitted.
        processors: One per tower.
        row: By field, as in a split of `modaxfer.contracts.TaskData`.
        root: Folder of its media.

    Raises:
        DataError: The row cannot be read.
    """
    found = []
    for place, (tower, processor) in enumerate(zip(towers, processors, strict=True)):
        rows = filled([row], tower.fields) if len(towers) > 1 else [row]
        (raw,) = bridged(tower.build_bridge(root), rows)
        prefix = f"{place}." if len(towers) > 1 else ""
        made = drawn(raw, processor([raw])[0], processor, tower)
        found += [replace(each, key=prefix + each.key) for each in made]
    return found


def drawn(raw: Any, example: Example, processor: Processor, tower: TowerDescription) -> list[Drawn]:
    """Return what an encoder is given of one row.

    Args:
        raw: What the bridge made of the row.
        example: What `processor` made of that.
        processor: Of the bridge, or of the encoder.
        tower: Says the encoder's layout, and which fields there are.
    """
    given = _Given(raw=raw, processor=processor, tower=tower)
    return [
        replace(_DRAWERS[last](key, np.asarray(values), given), fields=tuple(one.name for one in tower.fields))
        for key, values in example.items()
        for last in [key.rpartition(".")[2]]
        if last in _DRAWERS
    ]


@dataclass(frozen=True, kw_only=True)
class _Given:
    raw: Any
    processor: Any
    tower: TowerDescription

    @property
    def sound(self) -> Sound | None:
        """The row's only sound."""
        raw = self.raw[0] if isinstance(self.raw, tuple) and len(self.raw) == 1 else self.raw
        return raw if isinstance(raw, Sound) else None


def _tokens(key: str, values: np.ndarray, given: _Given) -> Drawn:
    tokenizer = getattr(given.processor, "tokenizer", None)
    named = [str(number) for number in values.tolist()]
    if tokenizer is not None:
        named = [str(piece) for piece in tokenizer.convert_ids_to_tokens(values.tolist())]
    return _made(key, "tokens", f"{len(named)} tokens", tokens=tuple(named))


def _picture(key: str, values: np.ndarray, given: _Given) -> Drawn:
    pixels = np.ascontiguousarray(values.transpose(1, 2, 0)).astype(np.uint8)
    return _made(key, "picture", f"{pixels.shape[1]} x {pixels.shape[0]} pixels", pixels=pixels)


def _patches(key: str, values: np.ndarray, given: _Given) -> Drawn:
    layout = given.tower.layout
    columns = (layout.image_size or 0) // (layout.patch_size or 1) or math.isqrt(max(1, layout.max_tokens - 1))
    size = f"{len(values)} patches of {values.shape[1]} x {values.shape[2]} pixels, in lines of {columns}"
    return _made(key, "picture", size, pixels=_laid_out(values.astype(np.uint8), columns))


def _embedded_picture(key: str, values: np.ndarray, given: _Given) -> Drawn:
    side, grid = math.isqrt(values.shape[1] // 3), max(1, math.isqrt(len(values)))
    patches = values.reshape(len(values), side, side, 3).astype(np.uint8)
    size = f"{len(values)} patches of {side} x {side} pixels"
    return _made(key, "picture", size, pixels=_laid_out(patches, grid))


def _wave(key: str, values: np.ndarray, given: _Given) -> Drawn:
    rate = int(getattr(given.processor, "rate", 16_000))
    samples = values.astype(np.float32).reshape(-1)
    return _heard(key, samples, rate, f"{len(samples):,} samples, {len(samples) / rate:.3g} s at {rate:,} Hz")


def _bands(key: str, values: np.ndarray, given: _Given) -> Drawn:
    size = f"{len(values)} frames of {values.shape[1]} mel bands"
    if given.sound is not None:
        return _heard(key, given.sound.samples, given.sound.rate, size)
    return _made(key, "picture", size, pixels=_grey(values.T[::-1]))


def _values(key: str, values: np.ndarray, given: _Given) -> Drawn:
    extractor = getattr(given.processor, "extractor", None)
    wave = int(getattr(extractor, "feature_size", 1) or 1) == 1
    return _wave(key, values, given) if wave else _bands(key, values, given)


def _numbers(key: str, values: np.ndarray, given: _Given) -> Drawn:
    return _made(key, "numbers", f"numbers of shape {list(values.shape)}", numbers=values.astype(float))


def _made(key: str, kind: str, size: str, **what: Any) -> Drawn:
    return Drawn(key=key, kind=kind, fields=(), size=size, **what)


def _heard(key: str, samples: np.ndarray, rate: int, size: str) -> Drawn:
    loudest = max(float(np.abs(samples).max(initial=0.0)), 1e-9)
    return _made(key, "sound", size, samples=(samples / max(1.0, loudest)).astype(np.float32), rate=rate)


def _laid_out(patches: np.ndarray, columns: int) -> np.ndarray:
    """Lay patches ``[patches, side, side, 3]`` out in lines of `columns`, ``[height, width, 3]``."""
    count, side = patches.shape[:2]
    rows = math.ceil(count / columns)
    cells = np.full((rows * columns, side, side, 3), UNUSED, np.uint8)
    cells[:count] = patches
    return cells.reshape(rows, columns, side, side, 3).swapaxes(1, 2).reshape(rows * side, columns * side, 3)


def _grey(values: np.ndarray) -> np.ndarray:
    """Return numbers as a grey picture, the greatest white."""
    low, high = float(values.min()), float(values.max())
    scaled = np.rint(255 * (values - low) / max(high - low, 1e-9)).astype(np.uint8)
    return np.repeat(scaled[..., None], 3, axis=-1)


_DRAWERS: Mapping[str, Callable[[str, np.ndarray, _Given], Drawn]] = {
    "input_ids": _tokens,
    "ids": _tokens,
    "pixel_values": _picture,
    "patches": _patches,
    "pixels": _embedded_picture,
    "input_values": _wave,
    "input_features": _bands,
    "frames": _bands,
    "values": _values,
    "numbers": _numbers,
    "codes": _numbers,
}
"""By the last name of an example's key."""
