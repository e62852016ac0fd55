"""The test split is opened here, once: scores, intervals, and what a model has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from modaxfer.baselines.chance import chance, majority
from modaxfer.baselines.simple import fit_simple
from modaxfer.errors import RefusedError
from modaxfer.metrics import Scored, bootstrap, compute, paired_difference, why_undefined
from modaxfer.runner.cells.resolve import Cell
from modaxfer.runner.session import Predictions, Session
from modaxfer.runner.training.features import predict_known

__all__ = ["Findings", "examine"]


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Scores of a trained model on all splits, with intervals and baselines."""

    metrics: dict[str, Any]
    intervals: dict[str, tuple[float, float]]
    baselines: dict[str, dict[str, Any]]
    test: Predictions
    warnings: tuple[str, ...]


def examine(session: Session, cell: Cell) -> Findings:
    """Score the trained model of `session` on train, validation and test."""
    made = {name: predict_known(session, name) for name in session.splits}
    scored = {name: session.score(session.splits[name], values) for name, values in made.items()}
    references, test = session.splits["test"].targets, made["test"]
    intervals = bootstrap(
        cell.metrics,
        problem=session.problem,
        references=references,
        predictions=test.predictions,
        scores=test.scores,
        seed=session.seed,
    )
    return Findings(
        metrics={**scored, "primary": cell.primary},
        intervals={name: (interval.low, interval.high) for name, interval in intervals.items()},
        baselines=_baselines(session, cell, test),
        test=test,
        warnings=why_undefined(scored["test"], references),
    )


def _baselines(session: Session, cell: Cell, test: Predictions) -> dict[str, dict[str, Any]]:
    references, train = session.splits["test"].targets, session.splits["train"].targets

    def score(
        targets: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None, quick: bool = False
    ) -> dict[str, float]:
        names = [name for name in cell.metrics if scores is not None or not _needs_scores(name)]
        given: dict[str, Any] = {"references": targets, "predictions": predictions, "scores": scores}
        return compute(names, problem=session.problem, quick=quick, **given)

    common: dict[str, Any] = {
        "problem": session.problem,
        "references": references,
        "train": train,
        "classes": len(cell.data.classes),
    }
    found: dict[str, dict[str, Any]] = {
        # Sixty guesses or more.
        "chance": chance(partial(score, quick=True), **common, seed=session.seed),
        "majority": majority(score, **common),
    }
    try:
        simple = fit_simple(
            cell.data, fields=cell.fields, problem=session.problem, seed=session.seed, judge=session.judge
        )
    except RefusedError as refusal:
        session.warnings.append(f"no simple baseline: {refusal}")
        return found
    rival = Scored(predictions=simple.predictions["test"], scores=simple.scores["test"])
    difference = paired_difference(
        references,
        Scored(predictions=test.predictions, scores=test.scores),
        rival,
        cell.primary,
        problem=session.problem,
        seed=session.seed,
    )
    found["simple"] = {
        "name": simple.name,
        **score(references, rival.predictions, rival.scores),
        "difference": {cell.primary: [difference.low, difference.high]},
    }
    return found


def _needs_scores(name: str) -> bool:
    from modaxfer.registry import registry

    return not name.startswith("evaluate:") and registry().get("metric", name).spec.needs_scores
