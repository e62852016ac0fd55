"""Which metrics there are for a problem, found by name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

from modaxfer.errors import ConfigError
from modaxfer.metrics.costs import CostMatrix
from modaxfer.registry import BUILTIN, Entry, applicable_metrics, calling, fault, load_target, problem_spec, registry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    Score = Callable[..., float]

__all__ = [
    "Metric",
    "default_metrics",
    "direction",
    "find_metric",
    "find_metrics",
    "greater_is_better",
    "needs_cost",
    "needs_groups",
    "score_bounds",
]

EVALUATE_PREFIX = "evaluate:"
"""``evaluate:FOLDER`` names a local module of the Hugging Face library `evaluate`: code, which is run."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A score ready to be called."""

    name: str
    """As it was asked for."""
    score: Score
    """``(references, predictions, scores) -> float``, see `modaxfer.metrics.scores`."""
    greater_is_better: bool = True
    needs_scores: bool = False
    cost: CostMatrix = ()
    """That `score` reads; empty where it reads none."""
    groups: np.ndarray | None = None
    """str ``[rows]``: the group of each row, for a `score` that reads them as ``groups``; None where it reads none."""

    def on(
        self,
        references: np.ndarray,
        predictions: np.ndarray,
        scores: np.ndarray | None,
        rows: np.ndarray | None = None,
    ) -> float:
        """Return the score of these arrays, of `rows` of them where given, each row with its group."""
        if rows is not None:
            references, predictions = references[rows], predictions[rows]
            scores = None if scores is None else scores[rows]
        if self.groups is None:
            return float(self.score(references, predictions, scores))
        groups = self.groups if rows is None else self.groups[rows]
        return float(self.score(references, predictions, scores, groups=groups))


def default_metrics(problem: str) -> tuple[str, ...]:
    """Return the metrics of a problem whose task names none; the first one decides."""
    return problem_spec(problem).metrics


def greater_is_better(name: str) -> bool:
    """Tell whether a larger value of the metric `name` is the better one.

    Raises:
        UnknownNameError: No metric has this name.
    """
    return name.startswith(EVALUATE_PREFIX) or bool(registry().get("metric", name).spec.greater_is_better)


def direction(name: str) -> int:
    """Return 1 where a larger value of the metric `name` is the better one, else -1: times a value, greater is better.

    Raises:
        UnknownNameError: No metric has this name.
    """
    return 1 if greater_is_better(name) else -1


def needs_cost(name: str) -> bool:
    """Tell whether the metric `name` reads what mistakes cost.

    Raises:
        UnknownNameError: No metric has this name.
    """
    return not name.startswith(EVALUATE_PREFIX) and bool(registry().get("metric", name).spec.needs_cost)


def needs_groups(name: str) -> bool:
    """Tell whether the metric `name` reads the group of each row.

    Raises:
        UnknownNameError: No metric has this name.
    """
    return not name.startswith(EVALUATE_PREFIX) and bool(registry().get("metric", name).spec.needs_groups)


def score_bounds(name: str) -> tuple[float, float]:
    """Return the least and the greatest value that the metric `name` can have; infinite where that is not known.

    Raises:
        UnknownNameError: No metric has this name.
    """
    if name.startswith(EVALUATE_PREFIX):
        return -math.inf, math.inf
    least, greatest = registry().get("metric", name).spec.bounds
    return float(least), float(greatest)


def find_metric(
    name: str, problem: str, *, cost: CostMatrix = (), groups: np.ndarray | None = None, trust_code: bool = False
) -> Metric:
    """Return the metric `name`, its code imported, and bound to what mistakes `cost` and to `groups` where it reads it.

    Names come from results too, which anybody may have written. So a folder of code is run only where the spec of an
    installed task names it, or the caller says that it is trusted.

    Raises:
        UnknownNameError: No metric has this name.
        ConfigError: It does not apply to `problem`, needs costs or groups and there are none, is code that nobody
            vouches for, or an `evaluate` module cannot be loaded.
    """
    if name.startswith(EVALUATE_PREFIX):
        if not trust_code and not any(name in task.spec.metrics for task in registry().all("task")):
            raise ConfigError(
                "a metric that is a folder of code is run only where an installed task names it",
                got=name,
                allowed="the registered metrics (`modaxfer list metrics`), and those that installed tasks name",
                fix="a run of others may hold any code: take the name out of its result.json, or bring the metric "
                "and its task in a plugin",
            )
        from modaxfer.metrics.evaluate_adapter import load_module

        return Metric(name=name, score=load_module(name.removeprefix(EVALUATE_PREFIX)))
    entry = registry().get("metric", name)
    if entry not in (applicable := applicable_metrics(problem)):
        raise ConfigError(
            f"metric {name} does not apply to a {problem} problem",
            got=name,
            allowed=[registry().shown(other) for other in applicable],
            fix="name other metrics in the task, or correct its problem type",
        )
    read = _cost_of(entry, cost)
    return Metric(
        name=name,
        score=partial(_called(entry), cost=read) if read else _called(entry),
        greater_is_better=entry.spec.greater_is_better,
        needs_scores=entry.spec.needs_scores,
        cost=read,
        groups=_groups_of(entry, groups),
    )


def _groups_of(entry: Entry, groups: np.ndarray | None) -> np.ndarray | None:
    """Return the groups that the metric reads; None where it reads none."""
    if not entry.spec.needs_groups:
        return None
    if groups is None:
        raise ConfigError(
            f"metric {entry.name} compares groups of rows",
            got="no groups",
            fix="name the column that tells them with --group-by COL, or leave the metric out",
        )
    return groups


def _cost_of(entry: Entry, cost: CostMatrix) -> CostMatrix:
    """Return the costs that the metric reads; none where it reads none."""
    if not entry.spec.needs_cost:
        return ()
    if not cost:
        raise ConfigError(
            f"metric {entry.name} needs to know what mistakes cost",
            got="no cost matrix",
            fix="give one with --cost FILE, or name a metric without costs, such as accuracy",
        )
    return cost


def _called(entry: Entry) -> Score:
    """Return the metric's function; of a plugin's, one that tells whose it is where it fails or gives no number.

    The framework's own are known by what they are: resamples of some are added up instead of asked for again.
    """
    score: Score = load_target(entry.spec.target)
    return score if entry.plugin == BUILTIN else partial(_number, entry, score)


def _number(entry: Entry, score: Score, *said: np.ndarray | None, **read: Any) -> float:
    with calling(entry):
        found: Any = score(*said, **read)
    if isinstance(found, Real) or (getattr(found, "ndim", None) == 0 and hasattr(found, "dtype")):
        return float(found)
    shape = f" of shape {list(found.shape)}" if hasattr(found, "shape") else ""
    raise fault(entry, "returned no number", got=f"{type(found).__name__}{shape}", allowed="a float; nan if undefined")


def find_metrics(
    names: Sequence[str],
    problem: str,
    *,
    with_scores: bool,
    cost: CostMatrix = (),
    groups: np.ndarray | None = None,
    trust_code: bool = False,
) -> list[Metric]:
    """Return the metrics `names`; see `find_metric`.

    Raises:
        UnknownNameError: A name is unknown.
        ConfigError: A metric does not apply to `problem`, is code that nobody vouches for, or it needs scores, costs or
            groups and there are none.
    """
    found = [find_metric(name, problem, cost=cost, groups=groups, trust_code=trust_code) for name in names]
    hungry = [metric.name for metric in found if metric.needs_scores]
    if hungry and not with_scores:
        raise ConfigError(
            "these metrics need a score per class, not predictions alone",
            got=hungry,
            fix="leave them out, or give the scores",
        )
    return found
