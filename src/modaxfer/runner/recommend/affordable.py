"""Which short runs have the time to say something, before the first of them begins; what is left out is told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from modaxfer.runner.recommend.candidates import Candidate
from modaxfer.runner.recommend.rows import looked_at
from modaxfer.runner.recommend.tries import BACKWARD, FEWEST_STEPS

__all__ = ["affordable", "least_seconds", "rungs_of"]

PASSES = 2
"""Over the training rows, that a short run should have time for."""

Cell = tuple[str, str]


def rungs_of(cells: int) -> int:
    """Return how many rungs successive halving has for so many cells."""
    return max(1, math.ceil(math.log2(cells))) if cells else 0


def least_seconds(candidate: Candidate, strategy: str, known: Mapping[str, Any]) -> float | None:
    """Return what the shortest run of a cell that says something takes, loading included; None where nobody knows.

    Args:
        candidate: Its encoder.
        strategy: By which it is moved.
        known: What judging its frozen features took.
    """
    if "seconds_per_row" not in known:
        return None
    resolved = looked_at(candidate.cells[strategy])
    per_pass = math.ceil(resolved.data.rows["train"] / resolved.config.batch_size)
    steps = max(FEWEST_STEPS, PASSES * per_pass)
    return float(known["load_seconds"] + steps * BACKWARD * known["seconds_per_row"] * resolved.config.batch_size)


def affordable(least: Mapping[Cell, float | None], box: float, most: float) -> tuple[Sequence[Cell], float]:
    """Return the cells that have the time to say something, and the seconds for all of them.

    Cells are left out from the last one on. The first may take more than the box, up to what is left of the time in
    which an answer is promised. Cells of which nobody knows how long they take stay.

    Args:
        least: By cell, in the order of their promise, the shortest run that says something.
        box: Seconds for all short runs.
        most: Seconds until the promised end.
    """
    timed = [cell for cell, seconds in least.items() if seconds is not None]
    unknown = len(least) - len(timed)
    for count in range(len(timed), 0, -1):
        cells = count + unknown
        # Each rung has an equal share of the box, and each cell of its rung.
        need = max(least[cell] or 0.0 for cell in timed[:count]) * cells * rungs_of(cells)
        if need <= (box if count > 1 else max(box, most)):
            left_out = timed[count:]
            return [cell for cell in least if cell not in left_out], max(box, need)
    return [cell for cell, seconds in least.items() if seconds is None], box
