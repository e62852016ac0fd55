"""Long clips: cut into segments to learn from, and heard segment by segment to predict."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import soundfile

from modaxfer.data import Tables, file_of, read_data, require_columns
from modaxfer.errors import ConfigError, DataError

__all__ = ["POOLS", "Heard", "cut_table", "pooled", "predict_long", "read_segments", "segments"]

POOLS = ("mean", "max", "geometric")
"""How the probabilities of segments become one: their mean; the greatest of each class; the mean of their logarithms.
The last two are scaled to sum to 1. Of a sound that fills the clip the mean is best known; of a short one in a long
recording, max (McFee et al. 2018, "Adaptive Pooling Operators for Weakly Labeled Sound Event Detection")."""

_LEAST = 1e-12


class Heard(Protocol):
    """What is asked: a `modaxfer.Run` that reads one sound."""

    result: Any

    def predict_proba(self, data: Any, *, quiet: bool = False) -> np.ndarray:
        """Return probabilities ``[rows, classes]``."""
        ...


def segments(
    samples: np.ndarray, rate: int, seconds: float, hop: float | None = None
) -> list[tuple[float, np.ndarray]]:
    """Return segments of equal length with their starts in seconds; a shorter clip is one segment.

    The last one ends with the clip, and overlaps the one before where it has to.

    Args:
        samples: ``[samples]``.
        rate: Of the samples, in Hz.
        seconds: Length of a segment.
        hop: Seconds from one start to the next; None = `seconds`, without overlap.

    Raises:
        ConfigError: A length is not above 0, or there would be gaps.
    """
    step = seconds if hop is None else hop
    if not 0 < step <= seconds:
        raise ConfigError(
            "segments have a length, and follow each other without gaps",
            got=f"{seconds:g} s every {step:g} s",
            allowed="0 < hop <= seconds",
            fix="leave the hop out",
        )
    length, stride = max(1, round(seconds * rate)), max(1, round(step * rate))
    last = max(0, len(samples) - length)
    starts = [*range(0, last, stride), last]
    return [(start / rate, samples[start : start + length]) for start in starts]


def pooled(scores: np.ndarray, how: str = "mean") -> np.ndarray:
    """Return one probability per class, float64 ``[classes]``, of those of a clip's segments ``[segments, classes]``.

    Raises:
        ConfigError: `how` is not one of `POOLS`.
    """
    values = np.asarray(scores, np.float64)
    match how:
        case "mean":
            return values.mean(0)
        case "max":
            joined = values.max(0)
        case "geometric":
            joined = np.exp(np.log(values.clip(_LEAST)).mean(0))
        case _:
            raise ConfigError("no such pool", got=how, allowed=POOLS, fix="name one of these")
    return joined / joined.sum()


def predict_long(
    run: Heard, clips: Sequence[tuple[np.ndarray, int]], *, seconds: float, hop: float | None = None, pool: str = "mean"
) -> list[dict[str, Any]]:
    """Predict clips of any length by their segments.

    Args:
        run: Of classes, that reads one sound.
        clips: Samples ``[samples]`` with their rate in Hz.
        seconds: Length of a segment: best that of the clips that were learned from.
        hop: As `segments`.
        pool: One of `POOLS`.

    Returns:
        One mapping per clip: ``prediction``, ``scores`` by class, ``segments``: ``start`` in seconds, ``prediction``
        and its ``score``.

    Raises:
        DataError: A clip has no samples, or cannot be read.
    """
    classes = list(run.result.data["classes"])
    cut = [segments(samples, rate, seconds, hop) for samples, rate in clips]
    for row, (samples, _) in enumerate(clips, start=1):
        if not len(samples):
            raise DataError("a clip has no samples", row=row, fix="leave it out")
    asked = [(part, rate) for parts, (_, rate) in zip(cut, clips, strict=True) for _, part in parts]
    scores = np.asarray(run.predict_proba(asked, quiet=True), np.float64)
    if np.isnan(scores).any():
        raise DataError("a segment cannot be read", fix="look at its samples: are they finite?")
    made = []
    for parts, values in zip(cut, np.split(scores, np.cumsum([len(parts) for parts in cut])[:-1]), strict=True):
        joined = pooled(values, pool)
        heard = [
            {"start": start, "prediction": classes[int(value.argmax())], "score": float(value.max())}
            for (start, _), value in zip(parts, values, strict=True)
        ]
        by_class = dict(zip(classes, map(float, joined), strict=True))
        made.append({"prediction": classes[int(joined.argmax())], "scores": by_class, "segments": heard})
    return made


def read_segments(folder: Path, *, column: str = "audio", seconds: float = 5.0, hop: float | None = None) -> Tables:
    """Return the rows in `folder`, each clip cut into segments; a reader for tasks, with `seconds` as they are.

    Raises:
        DataError: There is no such column, or a clip cannot be read.
    """
    return {split: cut_table(table, column, seconds, hop) for split, table in read_data(folder).items()}


def cut_table(table: pa.Table, column: str, seconds: float, hop: float | None = None) -> pa.Table:
    """Return a row per segment: what stood beside the clip, its `column` cut, ``clip`` and ``start`` in seconds.

    Group by ``clip`` (``--group clip``): segments of one clip are no independent rows.

    Raises:
        DataError: There is no such column, it is called like one of the new ones, or a clip cannot be read.
    """
    require_columns(table, [column])
    if taken := [name for name in ("clip", "start") if name in table.column_names]:
        raise DataError("a column has the name of one that is added", column=taken[0], fix="rename it")
    place = Path(file_of(table))
    root = place if place.is_dir() else place.parent
    rows = [
        row
        for number, values in enumerate(table.to_pylist(), 1)
        for row in _cut(values, number, column, root, seconds, hop)
    ]
    return pa.Table.from_pylist(rows)


def _cut(
    values: Mapping[str, Any], number: int, column: str, root: Path, seconds: float, hop: float | None
) -> Iterator[dict[str, Any]]:
    value = values[column]
    path = value.get("path") if isinstance(value, dict) else value
    samples, rate = _read(value, number, root)
    for start, part in segments(samples, rate, seconds, hop):
        buffer = io.BytesIO()
        soundfile.write(buffer, part, rate, format="FLAC", subtype="PCM_16")
        cell = {"bytes": buffer.getvalue(), "path": None}
        yield {**values, column: cell, "clip": f"{number} {path or ''}".strip(), "start": start}


def _read(value: Any, row: int, root: Path) -> tuple[np.ndarray, int]:
    """Return samples of one channel, and their rate."""
    inside = value.get("bytes") if isinstance(value, dict) else None
    path = value.get("path") if isinstance(value, dict) else value
    if inside is None and (path is None or not (root / path).resolve().is_relative_to(root.resolve())):
        raise DataError("no sound inside the folder of the data", row=row, got=path, fix="copy it there")
    try:
        samples, rate = soundfile.read(io.BytesIO(inside) if inside is not None else root / path, dtype="float32")
    except (soundfile.SoundFileError, OSError) as error:
        raise DataError("unreadable sound", row=row, got=error, fix="replace the file or remove its row") from error
    return (samples.mean(1) if samples.ndim == 2 else samples), int(rate)
