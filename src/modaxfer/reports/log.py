"""The training log of a run: one JSON object per line with `step`, `epoch`, `loss`, `learning_rate` or scores."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Log", "Point", "read_log"]

Point = tuple[float, float]
"""Epoch (or step) and value."""


@dataclass(frozen=True, kw_only=True)
class Log:
    """The curves that a learning-curve figure draws."""

    axis: str = "epoch"
    """``epoch``, or ``step`` where epochs were not logged."""
    loss: tuple[Point, ...] = ()
    validation_loss: tuple[Point, ...] = ()
    score: tuple[Point, ...] = ()
    """The primary metric on the validation split."""
    learning_rate: tuple[Point, ...] = ()
    unreadable: int = 0
    """Lines that are no JSON object: a killed run leaves a torn one."""

    def __bool__(self) -> bool:
        """Say whether there is a curve to draw."""
        return any(len(points) > 1 for points in (self.loss, self.validation_loss, self.score))


def read_log(folder: Path, metric: str, rate: float | None = None) -> Log:
    """Read the log of the run in `folder`; a run without one gives an empty log.

    A resumed run logs some steps twice; the later line counts.

    Args:
        folder: A run.
        metric: Name of the primary metric, looked for under ``validation_NAME``, ``validation/NAME``, in a
            ``validation`` object and under its bare name.
        rate: Where several learning rates were tried, the factor on them whose lines count; None = all lines.
    """
    path = folder / "log.jsonl"
    if not path.is_file():
        return Log()
    parsed = [_parse(line) for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    lines = [line for line in parsed if line is not None and (rate is None or line.get("rate", rate) == rate)]
    axis = "epoch" if any("epoch" in line for line in lines) else "step"
    return Log(
        axis=axis,
        loss=_curve(lines, axis, ("loss", "train_loss")),
        validation_loss=_curve(lines, axis, _validation("loss")),
        score=_curve(lines, axis, (*_validation(metric), metric)),
        learning_rate=_curve(lines, axis, ("learning_rate",)),
        unreadable=parsed.count(None),
    )


def _parse(line: str) -> dict[str, Any] | None:
    try:
        values = json.loads(line)
    except json.JSONDecodeError:
        return None
    if not isinstance(values, dict):
        return None
    nested = values.get("validation")
    return (
        values | {f"validation_{name}": value for name, value in nested.items()}
        if isinstance(nested, Mapping)
        else values
    )


def _validation(name: str) -> tuple[str, ...]:
    return (f"validation_{name}", f"validation/{name}", f"validation.{name}")


def _curve(lines: Sequence[Mapping[str, Any]], axis: str, keys: Sequence[str]) -> tuple[Point, ...]:
    points: dict[float, float] = {}
    for line in lines:
        value = next((line[key] for key in keys if key in line), None)
        place = line.get(axis)
        if _finite(value) and _finite(place):
            points[float(place)] = float(value)
    return tuple(sorted(points.items()))


def _finite(value: Any) -> TypeGuard[Real]:
    return not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value)
