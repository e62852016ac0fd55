"""explanation.json: every number of an explanation; its keys, shapes and units: docs/reference/explanation.md."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from modaxfer.reports.explain.given import shown_values
from modaxfer.runner.explain.gradients import TOLERANCE
from modaxfer.runner.explain.units import band_edges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modaxfer.runner.explain.explain import Explanation, Near, RowExplanation, ScoreExplanation
    from modaxfer.runner.explain.part import Part

__all__ = ["SCHEMA", "document"]

SCHEMA = 1

AXES = {
    "tokens": ("token",),
    "patches": ("patch",),
    "picture": ("row", "column"),
    "sound": ("band", "stretch"),
    "spectrum": ("band", "stretch"),
}
"""By kind of a part, what the axes of its units are; the lowest band comes first."""


def document(made: Explanation) -> dict[str, Any]:
    """Return an explanation in plain JSON types."""
    result = made.result
    return {
        "schema": SCHEMA,
        "run": {
            "task": result.task,
            "encoder": result.encoder,
            "bridge": result.bridge,
            "strategy": result.strategy,
        },
        "rows": [_row(row, made.kinds) for row in made.rows],
        "score": None if made.score is None else _score(made.score),
        "training_rows_looked_at": made.seen,
        "notes": list(made.notes),
    }


def _row(row: RowExplanation, kinds: Mapping[str, str]) -> dict[str, Any]:
    made = row.made
    return {
        "row": row.wanted.number,
        "split": row.wanted.split or None,
        "row_id": row.wanted.row_id or None,
        "inputs": _inputs(row.wanted.values, kinds),
        "label": row.wanted.label,
        "prediction": row.prediction,
        "asked": made.answer.name or None,
        "score": row.score,
        "unit": made.answer.unit,
        "answer": made.value,
        "method": made.method,
        "why_not_integrated_gradients": made.reason or None,
        "completeness": _completeness(row),
        "occlusion_rank_correlation": made.correlation,
        "randomised_rank_correlations": list(made.sanity),
        "randomised_beyond_distance": list(made.beyond),
        "parts": [_part(part, place, row) for place, part in enumerate(made.parts)],
        "fields": dict(row.effects),
        "neighbours": [_near(near, kinds) for near in row.near],
    }


def _completeness(row: RowExplanation) -> dict[str, Any] | None:
    found = row.made.attributed
    if found is None:
        return None
    return {
        "answer": found.answer,
        "baseline": found.baseline,
        "difference": found.answer - found.baseline,
        "sum": found.total,
        "gap": found.gap,
        "tolerance": TOLERANCE,
        "holds": found.complete,
        "steps": found.steps,
    }


def _part(part: Part, place: int, row: RowExplanation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "input": part.key,
        "kind": part.kind,
        "fields": list(part.fields),
        "axes": list(AXES[part.kind]),
        "shape": list(part.shape),
        "baseline": part.said,
        "attributions": [float(each) for each in row.made.sums[place]],
        "occlusion": [float(each) for each in row.made.occlusion[place]],
    }
    if part.labels:
        found["tokens"] = list(part.labels)
    if part.extent is not None:
        seconds, highest = part.extent
        found |= {"seconds": seconds, "band_edges_hz": band_edges(highest, part.shape[0])}
    return found


def _near(near: Near, kinds: Mapping[str, str]) -> dict[str, Any]:
    return {
        "row": near.number,
        "row_id": near.row_id,
        "label": near.label,
        "distance": near.distance,
        "inputs": _inputs(near.values, kinds),
    }


def _inputs(values: Mapping[str, Any], kinds: Mapping[str, str]) -> dict[str, str]:
    return {one.name: one.text for one in shown_values(values, kinds, None, media=False)}


def _score(score: ScoreExplanation) -> dict[str, Any]:
    return {
        "split": "validation",
        "rows": score.rows,
        "of": score.of,
        "metric": score.metric,
        "score": _finite(score.score),
        "repeats": score.repeats,
        "fields": [
            {"name": one.name, "importance": _finite(one.value), "interval": [_finite(one.low), _finite(one.high)]}
            for one in score.fields
        ],
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
