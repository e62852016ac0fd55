"""A decision is chosen on validation rows: a temperature, and thresholds where the primary metric asks for them.

Test rows have no part in it: it is stored with the model before they are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from modaxfer.metrics import CostMatrix, needs_cost
from modaxfer.metrics.temperature import fit_temperature
from modaxfer.metrics.thresholds import HALF, choose_threshold, too_few
from modaxfer.registry import problem_spec, registry
from modaxfer.runner.evaluation.asked import Asked, asked
from modaxfer.runner.model.decision import Decision
from modaxfer.runner.request.asked_scores import AUTO, cost_of
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.features import predict_known

__all__ = ["Thresholds", "asks_for_threshold", "decide", "thresholds_of"]

SHARED = ("f1_micro",)
"""Metrics that count the decisions of all labels together: one threshold is for all of them."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Thresholds with how they came about."""

    values: tuple[float, ...] = ()
    """Empty where none is kept: the likeliest class, one half."""
    told: Mapping[str, Any] = field(default_factory=dict)


def decide(session: TaskSession, resolved: ResolvedTask, told: Mapping[str, Any]) -> dict[str, Any]:
    """Choose what is made of the outputs of the trained model in `session`, and put it there.

    Args:
        session: Of the trained model.
        resolved: Its task.
        told: What a result says under ``training``: a head in closed form may be calibrated already.

    Returns:
        ``calibration`` and ``decision``, as a result has them but for what the test split says; empty where targets are
        no classes, or rows have parts.
    """
    problem = problem_spec(session.problem)
    if problem.link not in ("softmax", "sigmoid") or problem.ragged:
        return {}
    cost = cost_of(resolved.config, resolved.task, resolved.data.classes)
    asked_for = _asked_for(resolved.config.threshold, cost)
    if resolved.hidden:
        why = "labels of the task are hidden from training, those of its validation rows too"
        session.decision = Decision(thresholds=() if asked_for is None else asked_for.values, cost=cost)
        decided = {} if asked_for is None else _with_cost(asked_for.told, session)
        return {"calibration": {"by": "none", "why": why}, "decision": decided}
    session.validated = made = predict_known(session, "validation")
    ask = asked(resolved.data, resolved.task, resolved.fields, "validation")
    temperature, calibration = _temperature(made.outputs[ask.known], ask.references[ask.known], resolved, told)
    decision = Decision(temperature=temperature)
    scores = decision.apply(session.criterion, made.outputs).calibrated
    assert scores is not None, "it has a link"
    chosen = thresholds_of(session, resolved, ask, scores) if asked_for is None else asked_for
    session.decision = replace(decision, thresholds=chosen.values, cost=cost)
    return {"calibration": calibration, "decision": _with_cost(chosen.told, session)}


def _with_cost(told: Mapping[str, Any], session: TaskSession) -> dict[str, Any]:
    """Return what is told of a decision, with the costs that a metric reads, whatever decides."""
    read = any(map(needs_cost, session.metrics))
    return {**told, "cost": [list(row) for row in session.cost]} if read else dict(told)


def asks_for_threshold(metric: str, problem: str) -> bool:
    """Tell whether decisions for `metric` are made at a threshold of their own in `problem`."""
    return not metric.startswith("evaluate:") and problem in registry().get("metric", metric).spec.threshold


def thresholds_of(session: TaskSession, resolved: ResolvedTask, ask: Asked, scores: np.ndarray) -> Thresholds:
    """Return the thresholds that validation rows choose for the primary metric.

    Args:
        session: Of a model.
        resolved: Its task.
        ask: What the validation split asks.
        scores: Calibrated, ``[rows, classes]``.
    """
    metric = resolved.primary
    if not asks_for_threshold(metric, session.problem):
        return Thresholds()
    known = ask.known
    given = {"seed": session.seed, "clusters": None if ask.units is None else ask.units[known]}
    references, values = ask.references[known], scores[known]
    if references.ndim == 1:
        return _of_two(metric, session.problem, references, values[:, 1], given)
    references = references[:, : values.shape[1]]
    if metric.rpartition("/")[2] in SHARED:
        return _shared(metric, session.problem, references, values, given)
    return _of_each(metric, session.problem, references, values, resolved.data.classes, given)


def _temperature(
    outputs: Any, references: np.ndarray, resolved: ResolvedTask, told: Mapping[str, Any]
) -> tuple[float, dict[str, Any]]:
    """Return the temperature, and what is said of it."""
    phases: Sequence[Mapping[str, Any]] = told.get("phases") or ({},)
    if resolved.plan.correct is not None:
        return 1.0, {"by": "correction", "why": "outputs were corrected at the end, which calibrates them"}
    if phases[-1].get("calibrated"):
        why = "the head in closed form was scaled by training rows that it was not fitted to"
        return 1.0, {"by": "head", "why": why}
    found = fit_temperature(
        outputs.float().numpy(), references[:, : outputs.shape[1]] if references.ndim == 2 else references
    )
    base = {"rows": found.rows, "validation": {"raw": found.before, "calibrated": found.after}}
    if not found.pays:
        other = "" if (shown := f"{found.value:.3g}") == "1" else f" of {shown}"
        why = f"{found.rows:,} validation rows do not show that a temperature{other} would help"
        return 1.0, {"by": "none", "why": why, "tried": found.value, **base}
    return found.value, {"by": "temperature", "temperature": found.value, **base}


def _asked_for(threshold: str, cost: CostMatrix) -> Thresholds | None:
    """Return what was given instead of a choice; None where validation rows are to choose."""
    if cost:
        return Thresholds(told={"by": "cost", "cost": [list(row) for row in cost]})
    if threshold == AUTO:
        return None
    value = float(threshold)
    return Thresholds(values=() if value == HALF else (value,), told={"by": "given", "thresholds": [value]})


def _of_two(
    metric: str, problem: str, references: np.ndarray, scores: np.ndarray, given: Mapping[str, Any]
) -> Thresholds:
    """Return the threshold of class 1 of two."""
    if why := too_few(references == 1):
        return _half(metric, why)
    choice = choose_threshold(references, scores, metric, problem=problem, **given)
    return _told(metric, [choice])


def _shared(
    metric: str, problem: str, references: np.ndarray, scores: np.ndarray, given: Mapping[str, Any]
) -> Thresholds:
    """Return the threshold that all labels share."""
    if why := too_few(references > 0):
        return _half(metric, why)
    return _told(metric, [choose_threshold(references, scores, metric, problem=problem, **given)])


def _of_each(
    metric: str,
    problem: str,
    references: np.ndarray,
    scores: np.ndarray,
    classes: Sequence[str],
    given: Mapping[str, Any],
) -> Thresholds:
    """Return a threshold for each label, chosen on its own: a mean over labels is greatest where each part is."""
    choices = {}
    for place, name in enumerate(classes):
        column = slice(place, place + 1)
        if not too_few(references[:, place] > 0):
            one = (references[:, column], scores[:, column])
            choices[name] = choose_threshold(*one, metric, problem=problem, **given)
    if not choices:
        return _half(metric, "no label has enough validation rows with and without it")
    values = tuple(choices[name].threshold if name in choices else HALF for name in classes)
    kept = {name: choice.threshold for name, choice in choices.items() if choice.kept}
    told = {"by": "threshold" if kept else "half", "metric": metric, "labels": len(classes), "chosen_for": len(kept)}
    return Thresholds(values=values if kept else (), told={**told, "thresholds": list(values)})


def _told(metric: str, choices: Sequence[Any]) -> Thresholds:
    (choice,) = choices
    gain = {"value": choice.gain.value, "interval": [choice.gain.low, choice.gain.high]}
    told = {"metric": metric, "thresholds": [choice.threshold], "tried": choice.tried, "validation_gain": gain}
    if choice.kept:
        return Thresholds(values=(choice.threshold,), told={"by": "threshold", **told})
    why = f"{choice.tried:.3g} is not evidently better on validation rows"
    return Thresholds(told={"by": "half", "why": why, **told})


def _half(metric: str, why: str) -> Thresholds:
    return Thresholds(told={"by": "half", "metric": metric, "thresholds": [HALF], "why": why})
