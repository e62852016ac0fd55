"""What is known of a candidate before a row is read: its size, what it was pretrained on, how it did on other tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from statistics import mean
from typing import Any

from modaxfer.runner.recommend.candidates import Candidate

__all__ = ["Prior", "priors", "recorded", "recorded_places"]


@dataclass(frozen=True, kw_only=True)
class Prior:
    """One candidate beside the others."""

    rank: float
    """Mean of its places, in shares of the candidates, by the three below; smaller is better."""
    native: bool
    log_parameters: float
    recorded: float | None
    """Mean place among the encoders that were measured on other tasks of the same signals, 0 best to 1; None where it
    was measured on none."""


def priors(candidates: Sequence[Candidate], task: str, kinds: Sequence[str]) -> dict[str, Prior]:
    """Return what is known of each candidate by its name.

    Args:
        candidates: All of them.
        task: Name of the task that is asked for: what was recorded of it is left out.
        kinds: Signal kinds of its fields.
    """
    known = recorded_places(task, kinds)
    sizes = [candidate.log_parameters for candidate in candidates]
    found = {}
    for candidate in candidates:
        size = mean(other > candidate.log_parameters for other in sizes)
        place = known.get(candidate.encoder.checkpoint)
        rank = mean([0.0 if candidate.native else 1.0, size, 0.5 if place is None else place])
        found[candidate.name] = Prior(
            rank=rank, native=candidate.native, log_parameters=candidate.log_parameters, recorded=place
        )
    return found


def recorded_places(
    task: str, kinds: Sequence[str], table: Sequence[Mapping[str, Any]] | None = None
) -> dict[str, float]:
    """Return by checkpoint its mean place on recorded tasks of the same signals, 0 best to 1, `task` left out."""
    places: dict[str, list[float]] = {}
    wanted = sorted(set(kinds))
    for row in recorded() if table is None else table:
        if row["task"] == task.rpartition("/")[2] or sorted(row["signals"]) != wanted or len(row["scores"]) < 2:
            continue
        scores = row["scores"]
        for checkpoint, score in scores.items():
            better = sum(other > score for other in scores.values())
            places.setdefault(checkpoint, []).append(better / (len(scores) - 1))
    return {checkpoint: mean(found) for checkpoint, found in places.items()}


@cache
def recorded() -> tuple[Mapping[str, Any], ...]:
    """Return what our result pages know: per task and strategy the score of each checkpoint, greater is better."""
    text = files("modaxfer.runner.recommend").joinpath("recorded.json").read_text(encoding="utf-8")
    return tuple(json.loads(text)["rows"])
