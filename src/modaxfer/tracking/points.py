"""What trackers are told, as plain names and numbers: parameters, points of curves, scores at the end."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["Curves", "final_scores", "parameters"]

_UNUSUAL = re.compile(r"[^\w ./-]")
"""Letters that MLflow takes in no name."""

ENDING = ("baselines", "transfer_gain", "parameters", "time_s", "examples_per_s", "model_flops", "peak_memory_mb")
"""Keys of a result whose numbers are told at the end, beside its metrics."""


class Curves:
    """Turns lines of log.jsonl into points over one axis of steps: each phase goes on where the last one ended."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}
        self._phase: dict[str, Any] = {}
        self._last: dict[str, int] = {}

    @property
    def last(self) -> int:
        """The last step of the run so far."""
        return max(self._last.values(), default=0)

    def read(self, log: Path) -> None:
        """Go on behind the lines of a run that is resumed; a torn line, which a kill leaves, counts for nothing."""
        for text in log.read_text(encoding="utf-8").splitlines() if log.is_file() else ():
            try:
                self.point(json.loads(text))
            except ValueError:
                continue

    def point(self, line: Mapping[str, Any]) -> tuple[dict[str, float], int]:
        """Return the values of `line` by curve, and their step.

        A run that searches over learning rates has curves of its own for each: ``rate-3/train/loss``.
        """
        apart = f"rate-{line['rate']:g}/" if "rate" in line else ""
        if self._phase.get(apart) != line.get("phase"):
            self._before[apart], self._phase[apart] = self._last.get(apart, 0), line.get("phase")
        step = self._before[apart] + int(line.get("step") or 0)
        self._last[apart] = step
        return {_name(f"{apart}{name}"): value for name, value in _values(line)}, step


def parameters(config: Mapping[str, Any]) -> dict[str, bool | int | float | str]:
    """Return the settings of a run by name, options of ``--set`` among them; what is not set is left out."""
    told = {**{key: value for key, value in config.items() if key != "set"}, **config.get("set", {})}
    return {_name(key): _plain(value) for key, value in told.items() if value not in (None, "", (), {})}


def final_scores(result: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a result: ``final/test/accuracy``, ``final/baselines/majority``, ..."""
    kept = {**result.get("metrics", {}), **{key: result.get(key) for key in ENDING}}
    return {_name(name): value for name, value in _numbers("final", kept)}


def _values(line: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key in ("loss", "learning_rate", "epoch", "terms"):
        yield from _numbers(f"train/{key}", line.get(key))
    yield from _numbers("validation", line.get("validation"))
    yield from _numbers("validation/judged", line.get("score"))
    yield from _numbers("measured", line.get("measured"))


def _numbers(name: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(f"{name}/{key}", inner)
    elif isinstance(value, int | float) and math.isfinite(value):
        yield name, value


def _plain(value: Any) -> bool | int | float | str:
    if isinstance(value, bool | int | float | str):
        return value
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _name(text: str) -> str:
    return _UNUSUAL.sub("_", text)
