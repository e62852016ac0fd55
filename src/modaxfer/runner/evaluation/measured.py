"""Scores of a split and how sure they are: written once for a run's own test split and for rows scored later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modaxfer.metrics import bootstrap, compute, why_undefined
from modaxfer.metrics.faultless import without_error
from modaxfer.metrics.one_answer import one_answer
from modaxfer.runner.attempts import each_apart

__all__ = ["Measured", "measure", "metrics_of"]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What is known of a model on labelled rows."""

    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    """Of 95 %, by metric."""


def measure(
    names: Sequence[str],
    given: Mapping[str, Any],
    *,
    needed: str,
    seed: int,
    units: np.ndarray | None,
    warnings: list[str],
    what: str = "the metric",
) -> Measured:
    """Return metrics and intervals; one that fails is left out, and what is undefined explained.

    Args:
        names: Metrics.
        given: ``problem``, ``cost``, ``groups``, ``references``, ``predictions`` and ``scores``, as for
            `modaxfer.metrics.compute`.
        needed: The metric that has to succeed.
        seed: Of the draws.
        units: Numbers of the clusters that are drawn together; None where each row stands alone.
        warnings: Where it is noted.
        what: Is left out, for people.
    """
    metrics = metrics_of(names, given, needed=needed, warnings=warnings, what=what)
    drawn = each_apart(
        "the interval of", names, lambda some: bootstrap(some, seed=seed, clusters=units, **given), warnings
    )
    warnings += why_undefined(metrics, given["references"])
    warnings += without_error(given["references"], given["predictions"], units)
    warnings += one_answer(given["references"], given["predictions"])
    return Measured(
        metrics=metrics, intervals={name: (interval.low, interval.high) for name, interval in drawn.items()}
    )


def metrics_of(
    names: Sequence[str],
    given: Mapping[str, Any],
    *,
    needed: str | None = None,
    warnings: list[str],
    what: str = "the metric",
) -> dict[str, float]:
    """Return metric name to value, see `measure`."""
    return each_apart(what, names, lambda some: compute(some, **given), warnings, needed=needed)
