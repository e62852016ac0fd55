"""curve.json: scores by number of labels of each combination, the law through them, what is said of more labels."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from modaxfer.errors import DataError
from modaxfer.metrics import greater_is_better, score_bounds, student_interval
from modaxfer.metrics.power_law import FEWEST, fit_power_law, power_law_interval, why_no_power_law
from modaxfer.result import defined, write_atomically
from modaxfer.runner.compare.curve import Size
from modaxfer.runner.compare.ledger import CellRecord, read_cells

__all__ = ["CURVE", "CurvePoint", "LearningCurve", "curves_of", "read_curves", "write_curves"]

CURVE = "curve.json"
SCHEMA = 1

FEW_DRAWS = 3
"""So many draws say how far draws lie apart; two are off by a factor of thirteen too easily."""

WIDTH = 3.92
"""Standard deviations between the ends of a 95 % interval."""


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One number of labels."""

    shots: int | None
    """Rows per class; None = all, or not counted by class."""
    rows: int
    """Labelled training rows."""
    scores: tuple[float, ...]
    """Test scores, one per draw that was completed."""
    mean: float
    interval: tuple[float, float] | None
    """95 %: of the mean over draws (Student's t); of fewer than three draws, the mean of their ends over test rows."""
    limit: int | None = None
    """Rows that were asked for, where they are not counted by class; None = all, or counted by class."""


@dataclass(frozen=True, kw_only=True)
class LearningCurve:
    """One encoder with one strategy on one task."""

    encoder: str
    strategy: str
    task: str
    metric: str
    greater_is_better: bool
    points: tuple[CurvePoint, ...]
    law: Mapping[str, Any] = field(default_factory=dict)
    """``limit``, ``scale``, ``exponent``; empty where there are too few points."""
    doubled: Mapping[str, Any] = field(default_factory=dict)
    """``rows``, twice the most there were; ``gain`` (positive is better) and ``score`` there, each with its 95 %
    ``gain_interval`` and ``score_interval``; empty where nothing is said."""
    said: str = ""
    """One sentence."""


def curves_of(sizes: Sequence[Size]) -> tuple[LearningCurve, ...]:
    """Return the curves of all combinations that have scores, in the order of the grid."""
    cells = [(size, read_cells(size.folder)) for size in sizes]
    keys = dict.fromkeys((cell.encoder, cell.strategy, cell.task) for _, found in cells for cell in found)
    made = (_curve(key, cells) for key in keys)
    return tuple(curve for curve in made if curve is not None)


def _curve(key: tuple[str, str, str], cells: Sequence[tuple[Size, Sequence[CellRecord]]]) -> LearningCurve | None:
    points, metric, deviations = [], "", {}
    for size, found in cells:
        own = [
            each
            for each in found
            if (each.encoder, each.strategy, each.task) == key and each.status == "completed" and each.score is not None
        ]
        if own:
            metric = str(own[0].primary)
            points.append(_point(size, own, metric))
            deviations[float(points[-1].rows)] = _deviation(own[0], metric)
    if not points:
        return None
    points.sort(key=lambda point: point.rows)
    rising = greater_is_better(metric)
    told = _told({float(point.rows): point.scores for point in points}, deviations, metric, rising=rising)
    encoder, strategy, task = key
    return LearningCurve(
        encoder=encoder,
        strategy=strategy,
        task=task,
        metric=metric,
        greater_is_better=rising,
        points=tuple(points),
        **told,
    )


def _point(size: Size, cells: Sequence[CellRecord], metric: str) -> CurvePoint:
    scores = tuple(float(cell.score) for cell in cells if cell.score is not None)
    own = [ends for cell in cells if (ends := cell.intervals.get(metric)) and None not in ends]
    interval = tuple(sum(end) / len(own) for end in zip(*own, strict=True)) if own else None
    if len(scores) >= FEW_DRAWS:
        interval = tuple(student_interval(scores, bounds=score_bounds(metric)))
    return CurvePoint(
        shots=size.shots,
        limit=size.limit,
        rows=int(cells[0].data["rows"]["train"]),
        scores=scores,
        mean=sum(scores) / len(scores),
        interval=None if interval is None else (float(interval[0]), float(interval[1])),
    )


def _deviation(cell: CellRecord, metric: str) -> float:
    low, high = cell.intervals.get(metric) or (None, None)
    return 0.0 if low is None or high is None else (high - low) / WIDTH


def _told(
    points: Mapping[float, Sequence[float]], deviations: Mapping[float, float], metric: str, *, rising: bool
) -> dict[str, Any]:
    law = fit_power_law(points, rising=rising) if len(points) >= FEWEST else None
    found = {} if law is None else {"limit": law.limit, "scale": law.scale, "exponent": law.exponent}
    why = why_no_power_law(points, law)
    if why or law is None:
        return {"law": found, "said": f"Nothing is said of more labels: {why}."}
    most = max(points)
    gain, score = power_law_interval(points, most, rising=rising, deviations=deviations)
    doubled = {
        "rows": int(2 * most),
        "gain": law.gain(most),
        "gain_interval": [gain.low, gain.high],
        "score": law.at(2 * most),
        "score_interval": [score.low, score.high],
    }
    sign = 1 if rising else -1
    ends = sorted((sign * gain.low, sign * gain.high))
    said = (
        f"Twice the labels ({int(2 * most):,} rows) would bring about {sign * law.gain(most):+.3f} {metric} "
        f"[{ends[0]:+.3f}, {ends[1]:+.3f}]{'' if rising else ', of which less is better'}."
    )
    return {"law": found, "doubled": doubled, "said": said}


def write_curves(folder: Path, curves: Iterable[LearningCurve]) -> Path:
    """Write curve.json atomically and return its path."""
    path = folder / CURVE
    written = defined({"schema": SCHEMA, "curves": [asdict(curve) for curve in curves]})
    write_atomically(path, json.dumps(written, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return path


def read_curves(folder: Path) -> tuple[LearningCurve, ...]:
    """Read curve.json in `folder`; nothing where it has not got that far.

    Raises:
        DataError: The file is of another schema.
    """
    path = folder / CURVE
    if not path.is_file():
        return ()
    stored = json.loads(path.read_text(encoding="utf-8"))
    if stored.get("schema") != SCHEMA:
        raise DataError("curve of another schema", file=path, got=stored.get("schema"), allowed=SCHEMA)
    return tuple(LearningCurve(**{**curve, "points": tuple(map(_read, curve["points"]))}) for curve in stored["curves"])


def _read(point: Mapping[str, Any]) -> CurvePoint:
    ends = point["interval"]
    return CurvePoint(**{**point, "scores": tuple(point["scores"]), "interval": None if ends is None else tuple(ends)})
