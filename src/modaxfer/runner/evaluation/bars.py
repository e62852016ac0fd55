"""What a model has to beat, scored on the same rows: chance, the majority, a simple model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from modaxfer.baselines.chance import Scorer, chance
from modaxfer.contracts import Simple
from modaxfer.errors import RefusedError
from modaxfer.metrics import Scored, bootstrap, compute, paired_difference
from modaxfer.runner.attempts import attempt, each_apart
from modaxfer.runner.evaluation.asked import Asked, asked
from modaxfer.runner.evaluation.decide import thresholds_of
from modaxfer.runner.evaluation.kept_bars import kept_scores, kept_simple
from modaxfer.runner.evaluation.taught import taught_rows
from modaxfer.runner.model.decision import Decision
from modaxfer.runner.request.asked_scores import AUTO
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import Predictions, TaskSession

__all__ = ["measure_bars", "needs_scores"]


def measure_bars(
    session: TaskSession, resolved: ResolvedTask, ask: Asked, test: Predictions, warnings: list[str]
) -> dict[str, dict[str, Any]]:
    """Return the baselines by name; one that fails is left out and noted in `warnings`.

    Args:
        session: Of the trained model.
        resolved: Its task.
        ask: What the test split asks.
        test: What the model answers.
        warnings: Where failures are noted.
    """
    if not resolved.labelled or resolved.plan.privacy is not None:
        # What is fitted to private rows without noise would tell of them.
        return _of_what_came_before(session, resolved, ask, test, warnings)
    classes, train = len(resolved.data.classes), resolved.taught_by.data.targets["train"]
    guess = partial(_chance, session=session, ask=ask, train=train, classes=classes)

    def constant(names: Sequence[str]) -> Mapping[str, float]:
        said = session.labels.constant(ask.references, train, classes)
        return _scorer(session, ask, names)(ask.references, *said)

    def kept(baseline: str, make: Callable[[Sequence[str]], Mapping[str, float]]) -> dict[str, float]:
        def scores(names: Sequence[str]) -> Mapping[str, float]:
            return kept_scores(session, resolved, baseline, names, lambda: make(names))

        return each_apart(f"baseline {baseline}:", resolved.metrics, scores, warnings)

    found = {
        "chance": kept("chance", guess),
        "majority": kept("majority", constant),
        "simple": attempt("baseline simple", lambda: _simple(session, resolved, ask, test, warnings), warnings),
    }
    return {name: values for name, values in found.items() if values}


def _of_what_came_before(
    session: TaskSession, resolved: ResolvedTask, ask: Asked, test: Predictions, warnings: list[str]
) -> dict[str, dict[str, Any]]:
    """Return the bars that need no label: guesses among classes, and the run that was gone on with, as it was."""
    classes, none = len(resolved.data.classes), ask.references[:0]
    found: dict[str, dict[str, Any] | None] = {}
    if classes:
        guess = partial(_chance, session=session, ask=ask, train=none, classes=classes)
        found["chance"] = each_apart("baseline chance:", resolved.metrics, guess, warnings)
    if session.before is not None:
        bar = partial(_before, session, resolved, ask, test, session.before, warnings)
        found["source_only"] = attempt("the run before on the same rows", bar, warnings)
    return {name: values for name, values in found.items() if values}


def _before(
    session: TaskSession,
    resolved: ResolvedTask,
    ask: Asked,
    test: Predictions,
    before: Predictions,
    warnings: list[str],
) -> dict[str, Any]:
    """Return the scores of the model as it came, their interval, and that of the difference from what became of it."""
    rival, metric = Scored(predictions=before.predictions, scores=before.scores), resolved.primary
    said: dict[str, Any] = {"predictions": rival.predictions, "scores": rival.scores}

    def run(names: Sequence[str]) -> Mapping[str, float]:
        return _scorer(session, ask, names)(ask.references, rival.predictions, rival.scores)

    given = {"problem": session.problem, "cost": session.cost, "references": ask.references, **said}
    drawn = bootstrap([metric], seed=session.seed, clusters=ask.units, **given)[metric]
    trained: Mapping[str, Any] = resolved.towers[0].encoder.trained or {}
    return {
        **each_apart("baseline source_only:", resolved.metrics, run, warnings),
        "interval": {metric: [drawn.low, drawn.high]},
        "difference": {metric: _difference(session, resolved, ask, test, rival)},
        "run": trained.get("run", ""),
    }


def _chance(
    names: Sequence[str], *, session: TaskSession, ask: Asked, train: np.ndarray, classes: int
) -> dict[str, float]:
    """Score guesses: what the scores per class decide once, since they are all equal, the rest guess by guess."""
    decided = [name for name in names if not needs_scores(name)]
    ranked = [name for name in names if needs_scores(name)]
    values = chance(
        _scorer(session, ask, decided, quick=True),
        ask.references,
        session.labels.guesses(ask.references, train, classes, np.random.default_rng(session.seed)),
        rank=_scorer(session, ask, ranked, quick=True) if ranked else None,
    )
    return {name: values[name] for name in names if name in values}


def _simple(
    session: TaskSession, resolved: ResolvedTask, ask: Asked, test: Predictions, warnings: list[str]
) -> dict[str, Any] | None:
    try:
        simple = kept_simple(session, resolved, partial(_fitted, session, resolved))
    except RefusedError as refusal:
        warnings.append(f"no simple baseline: {refusal}")
        return None
    rival = Scored(predictions=_decided(session, resolved, simple), scores=simple.scores["test"])

    def run(names: Sequence[str]) -> Mapping[str, float]:
        return _scorer(session, ask, names)(ask.references, rival.predictions, rival.scores)

    taught = f", trained on {resolved.taught_by.task_id}" if resolved.hidden else ""
    found: dict[str, Any] = {
        "name": simple.name + taught, **each_apart("baseline simple:", resolved.metrics, run, warnings)
    }  # fmt: skip
    difference = attempt(
        "the difference from the simple baseline", lambda: _difference(session, resolved, ask, test, rival), warnings
    )
    return found if difference is None else {**found, "difference": {resolved.primary: difference}}


def _decided(session: TaskSession, resolved: ResolvedTask, simple: Simple) -> np.ndarray:
    """Return what the simple model says of test rows, decided by the rules of the run: a bar is not made of half."""
    validation, test = simple.scores["validation"], simple.scores["test"]
    if validation is None or test is None or resolved.hidden or resolved.config.threshold != AUTO:
        return simple.predictions["test"]
    cost = session.decision.cost
    ask = asked(resolved.data, resolved.task, resolved.fields, "validation")
    values = () if cost else thresholds_of(session, resolved, ask, validation).values
    return Decision(thresholds=values, cost=cost).predicted(simple.predictions["test"], test)


def _fitted(session: TaskSession, resolved: ResolvedTask) -> Simple:
    return session.labels.simple(taught_rows(resolved), resolved.fields, seed=session.seed, judge=session.judge)


def _difference(
    session: TaskSession, resolved: ResolvedTask, ask: Asked, test: Predictions, rival: Scored
) -> list[float]:
    difference = paired_difference(
        ask.references,
        Scored(predictions=test.predictions, scores=test.scores),
        rival,
        resolved.primary,
        problem=session.problem,
        cost=session.cost,
        seed=session.seed,
        clusters=ask.units,
    )
    return [difference.low, difference.high]


def _scorer(session: TaskSession, ask: Asked, names: Sequence[str], quick: bool = False) -> Scorer:
    scored = partial(compute, quick=True) if quick else compute

    def score(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None) -> dict[str, float]:
        given = [name for name in names if scores is not None or not needs_scores(name)]
        said: dict[str, Any] = {"references": references, "predictions": predictions, "scores": scores}
        return scored(given, problem=session.problem, cost=session.cost, groups=ask.groups, **said)

    return score


def needs_scores(name: str) -> bool:
    """Tell whether metric `name` looks at the scores per class."""
    from modaxfer.registry import registry

    return not name.startswith("evaluate:") and registry().get("metric", name).spec.needs_scores
