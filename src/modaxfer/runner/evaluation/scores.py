"""Where test scores are made; the test split's seal is broken here, once. Intervals, and what a model must beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from modaxfer.runner.evaluation.asked import Asked, asked
from modaxfer.runner.evaluation.bars import measure_bars, needs_scores
from modaxfer.runner.evaluation.measured import measure, metrics_of
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import Predictions, TaskSession
from modaxfer.runner.training.features import is_known, predict_known
from modaxfer.spec import SPLITS

__all__ = ["Findings", "examine"]

LEAST_TRAIN, MOST_TRAIN = 64, 256
"""Training rows that a trained body is scored on are as many as those of test, which they stand beside, within these:
enough to see overfitting, and a second instead of minutes."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Scores of a trained model on all splits, with intervals and baselines."""

    metrics: dict[str, Any]
    intervals: dict[str, tuple[float, float]]
    baselines: dict[str, dict[str, Any]]
    test: Predictions
    asked: Asked
    """What the test split asks."""
    validation: Predictions
    validation_asked: Asked
    unseen: dict[str, Any] = field(default_factory=dict)
    """By split with rows of classes that train lacks: ``rows``, ``classes`` and ``metrics_without``, the scores on the
    other rows."""
    vectors: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    """By split: numbers of the rows that were scored, and what the head was given of them, float32 ``[rows, width]``;
    only where rows were encoded for their scores."""
    scored: dict[str, int]
    """By split: rows behind its scores; of train, a sample where all would have to be encoded again."""
    warnings: tuple[str, ...]


def examine(session: TaskSession, resolved: ResolvedTask) -> Findings:
    """Score the trained model of `session` on train (a sample of it where it is large), validation and test.

    Private training rows are not scored: what is said of them has to be hidden in noise.

    Only the primary metric has to succeed: any other metric, interval or baseline that fails is left out, with a
    warning.
    """
    warnings: list[str] = []
    hidden = {"train"} if resolved.plan.privacy is not None else set()
    drawn = {name: _drawn(session, name) for name in session.splits if name in SPLITS and name not in hidden}
    made = {name: session.decided(_said(session, name, rows)) for name, rows in drawn.items()}
    asks = {name: _asked(resolved, name, rows) for name, rows in drawn.items()}
    given = {name: _given(session, asks[name], said) for name, said in made.items()}
    primary = resolved.primary
    scored = {
        name: metrics_of(resolved.metrics, each, needed=primary, warnings=warnings, what=f"{name}: the metric")
        for name, each in given.items()
        if name != "test"
    }
    unseen = {
        name: _unseen(session, resolved, ask, made[name], name) for name, ask in asks.items() if not ask.known.all()
    }
    test, ask = made["test"], asks["test"]
    measured = measure(
        resolved.metrics,
        given["test"],
        needed=primary,
        seed=session.seed,
        units=ask.units,
        warnings=warnings,
        what="test: the metric",
    )
    scored = {name: measured.metrics if name == "test" else scored[name] for name in made}
    warnings += [_both(name, found, scored[name], resolved, asks[name]) for name, found in unseen.items()]
    warnings += ask.too_few
    return Findings(
        metrics={**scored, "primary": primary},
        intervals=measured.intervals,
        baselines=measure_bars(session, resolved, ask, test, warnings),
        test=test,
        asked=ask,
        validation=made["validation"],
        validation_asked=asks["validation"],
        unseen=unseen,
        vectors=_given_to_heads(session, drawn, made),
        scored={name: len(ask.known) for name, ask in asks.items()},
        warnings=tuple(warnings),
    )


def _said(session: TaskSession, name: str, rows: np.ndarray | None) -> Predictions:
    """Return what the model says of a split; of validation rows it has been asked when its decision was chosen."""
    known = session.validated if name == "validation" else None
    return predict_known(session, name, rows) if known is None else known


def _given_to_heads(
    session: TaskSession, drawn: Mapping[str, np.ndarray | None], made: Mapping[str, Predictions]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return numbers and vectors of rows that were encoded to be scored, by split."""
    found = {}
    for name, said in made.items():
        if said.vectors is not None:
            rows = drawn[name]
            numbers = np.arange(len(session.splits[name].lengths)) if rows is None else rows
            found[name] = (numbers, said.vectors.numpy())
    return found


def _drawn(session: TaskSession, name: str) -> np.ndarray | None:
    """Return which training rows are scored, in order, where the model would have to encode many again; None = all."""
    total, tested = len(session.splits[name].lengths), len(session.splits["test"].lengths)
    wanted = min(MOST_TRAIN, max(LEAST_TRAIN, tested))
    if name != "train" or total <= wanted or is_known(session, name):
        return None
    return np.sort(np.random.default_rng(session.seed).choice(total, wanted, replace=False))


def _asked(resolved: ResolvedTask, name: str, rows: np.ndarray | None) -> Asked:
    whole = asked(resolved.data, resolved.task, resolved.fields, name, group_by=resolved.config.group_by)
    return whole if rows is None else whole.only(rows)


def _given(session: TaskSession, ask: Asked, made: Predictions) -> dict[str, Any]:
    shown = {"references": ask.references, "predictions": made.predictions, "scores": made.scores}
    return {"problem": session.problem, "cost": session.cost, "groups": ask.groups, **shown}


def _unseen(session: TaskSession, resolved: ResolvedTask, ask: Asked, made: Predictions, split: str) -> dict[str, Any]:
    """Return how many rows are of classes that train lacks, which, and the scores on the others."""
    without: dict[str, float] = {}
    if ask.known.any():
        rows = Predictions(
            predictions=made.predictions[ask.known],
            scores=None if made.scores is None else made.scores[ask.known],
        )
        known = replace(ask.only(np.flatnonzero(ask.known)), references=ask.answers.targets[ask.known])
        without = metrics_of(resolved.metrics, _given(session, known, rows), warnings=[])
    return {"rows": int((~ask.known).sum()), "classes": list(ask.strange), "metrics_without": without}


def _both(
    split: str, unseen: Mapping[str, Any], scored: Mapping[str, float], resolved: ResolvedTask, ask: Asked
) -> str:
    """Say the primary score with and without the rows of classes that train lacks."""
    count, primary = unseen["rows"], resolved.primary
    said = f"{split}: {primary} is {scored[primary]:.3f} with the {count:,} rows of a class that no training row has"
    without = unseen["metrics_without"].get(primary)
    if without is not None:
        said += f", {without:.3f} on the other {len(ask.known) - count:,}"
    ranked = [name for name in resolved.metrics if needs_scores(name)]
    return f"{said}; {' and '.join(ranked)} rank{'s' * (len(ranked) == 1)} the known classes only" if ranked else said
