"""Successive halving (Jamieson & Talwalkar 2016): all cells run briefly, the better half longer, until one is left."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

from modaxfer.runner.recommend.affordable import rungs_of
from modaxfer.runner.recommend.tries import Tried

__all__ = ["halve"]

Cell = TypeVar("Cell", bound=Hashable)


def halve(cells: Sequence[Cell], box: float, run: Callable[[Cell, int, float], Tried]) -> Mapping[Cell, Tried]:
    """Return the longest run of each cell.

    Each rung may take an equal share of what is left of the box, and its cells share that. A cell that has been run for
    as long as its plan says is not run again; nor are others where all have.

    Args:
        cells: In the order in which they are run, the more promising first.
        box: Seconds for all of them.
        run: Runs a cell: ``run(cell, rung, seconds)``.
    """
    found: dict[Cell, Tried] = {}
    alive, left = list(cells), box
    rungs = rungs_of(len(cells))
    for rung in range(rungs):
        open_ones = [cell for cell in alive if cell not in found or found[cell].share < 1.0]
        for place, cell in enumerate(open_ones):
            made = run(cell, rung, left / (rungs - rung) / (len(open_ones) - place) if left > 0 else 0.0)
            left -= made.seconds
            # A second run that was too short to say anything takes nothing back.
            found[cell] = made if made.score is not None or cell not in found else found[cell]
        scored = [cell for cell in alive if found[cell].score is not None]
        alive = sorted(scored, key=lambda cell: -_score(found[cell]))[: max(1, math.ceil(len(alive) / 2))]
        if len(alive) < 2 or left <= 0:
            break
    return found


def _score(tried: Tried) -> float:
    return -math.inf if tried.score is None else tried.score
