"""Validation scores of a comparison's cells while they trained, over the rows that each had seen, in one drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modaxfer.reports.compare.summary import Combination, TaskSummary
from modaxfer.reports.log import Point, read_log
from modaxfer.reports.scores import number
from modaxfer.runner.compare.grid import label
from modaxfer.runner.compare.ledger import CellRecord

__all__ = ["Curve", "Overlay", "overlay"]

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 180, 12, 40
"""Pixels around the plot; names of curves stand on the right."""
APART = 15
"""Pixels between two names."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One cell's validation scores."""

    name: str
    role: str
    """``chosen`` by validation, ``next`` to it, or ``other``."""
    points: tuple[Point, ...]
    """Rows seen, and score."""
    drawn: str
    """The same as points of a polyline."""
    named_at: float | None
    """Pixels from above, where its name is written; None where another of its name stands."""


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """All curves of a task, and what its axes say."""

    curves: tuple[Curve, ...]
    across: tuple[tuple[float, str], ...]
    """Place and words of the marks below."""
    up: tuple[tuple[float, str], ...]
    width: int = WIDTH - RIGHT + 8
    """Without the names, which stand beyond it; on a narrow page those of `marked` stand below."""
    with_names: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM

    @property
    def marked(self) -> list[tuple[str, str]]:
        """Roles and names of the curves with a colour of their own: who is chosen, then the next."""
        named = {curve.role: curve.name for curve in self.curves}
        return [(role, named[role]) for role in ("chosen", "next") if role in named]


def overlay(folder: Path, summary: TaskSummary) -> Overlay | None:
    """Return the curves of the cells of `summary`, whose runs lie below `folder`; None where no cell has logged any.

    A head that is solved in closed form has no curve. Who is chosen is drawn last, over the others.
    """
    ranked = summary.by_validation
    roles = {id(each): role for each, role in zip(ranked, ("chosen", "next"), strict=False)} if summary.best else {}
    found = [
        (each, roles.get(id(each), "other"), points)
        for each in reversed(ranked)
        for cell in each.completed
        if (points := _seen(folder, cell))
    ]
    if not any(len(points) > 1 for _, _, points in found):
        return None
    most = max(across for _, _, points in found for across, _ in points)
    scores = [up for _, _, points in found for _, up in points]
    low, high = min(scores), max(scores)
    span = high - low or 1.0

    def place(point: Point) -> tuple[float, float]:
        across = LEFT + point[0] / most * (WIDTH - LEFT - RIGHT)
        return across, HEIGHT - BOTTOM - (point[1] - low) / span * (HEIGHT - BOTTOM - TOP)

    ends = _names([(each, place(points[-1])[1]) for each, _, points in found])
    curves = tuple(
        Curve(
            name=f"{label(each.encoder)} {each.strategy}",
            role=role,
            points=points,
            drawn=" ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, points)),
            named_at=ends.pop(id(each), None),
        )
        for each, role, points in found
    )
    return Overlay(
        curves=curves,
        across=tuple((place((most * share, low))[0], f"{most * share:,.0f}") for share in (0, 0.5, 1)),
        up=tuple((place((0, low + span * share))[1], number(low + span * share)) for share in (0, 0.5, 1)),
    )


def _seen(folder: Path, cell: CellRecord) -> tuple[Point, ...]:
    """Return rows seen and validation score of each epoch that was judged; nothing where epochs are not logged."""
    rows = int((cell.data.get("rows") or {}).get("train") or 0)
    log = read_log(folder / cell.run, cell.primary or "") if cell.run and rows else None
    if log is None or log.axis != "epoch":
        return ()
    return tuple((epoch * rows, score) for epoch, score in log.score)


def _names(ends: Sequence[tuple[Combination, float]]) -> dict[int, float]:
    """Return by combination where its name is written: at the end of its curve, moved down where another stands."""
    places: dict[int, float] = {}
    free = float(TOP)
    for each, end in sorted(ends, key=lambda pair: pair[1]):
        if id(each) not in places:
            places[id(each)] = free = max(end, free)
            free += APART
    over = free - APART - (HEIGHT - 4)
    return {key: place - max(0.0, over) for key, place in places.items()}
