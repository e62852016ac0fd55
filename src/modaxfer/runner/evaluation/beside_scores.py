"""What the test split says beside its scores: of calibration, of the decision that was chosen, of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modaxfer.metrics import bootstrap, compute
from modaxfer.metrics.costs import costs_of_rows
from modaxfer.runner.evaluation.groups import by_group
from modaxfer.runner.evaluation.scores import Findings
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import TaskSession

__all__ = ["CALIBRATION", "beside_scores", "calibration_of", "per_class"]

CALIBRATION = ("log_loss", "brier_score", "ece")
OF_ALL = ("rows", "precision", "recall", "f1")


def beside_scores(
    session: TaskSession, resolved: ResolvedTask, findings: Findings, decided: Mapping[str, Any]
) -> dict[str, Any]:
    """Return ``calibration``, ``decision`` and ``per_class`` of a result.

    Args:
        session: With the trained model.
        resolved: Its task.
        findings: Of its splits.
        decided: What was chosen on validation rows.
    """
    if not decided:
        return _grouped(session, resolved, findings)
    outputs, references = findings.test.outputs, findings.asked.references
    said = session.decision.apply(session.criterion, outputs)
    calibration = {
        **decided["calibration"],
        "test": calibration_of(session.problem, references, said.raw, said.calibrated),
    }
    decision = dict(decided["decision"])
    if session.decision.thresholds or session.decision.cost:
        plain = session.criterion.decode(outputs)[0]
        given: dict[str, Any] = {"problem": session.problem, "cost": session.cost, "references": references}
        decision["test"] = {"at_half": _primary(resolved, predictions=plain, scores=said.raw, **given)}
    if session.decision.cost:
        decision["test"] |= _cost_on(session, findings, plain, session.decision.cost)
    names = (*resolved.data.classes, *findings.asked.strange)
    table = per_class(names, references, findings.test.predictions, findings.test.scores)
    return {
        "calibration": calibration,
        "decision": decision,
        "per_class": table,
        **_grouped(session, resolved, findings),
    }


def _primary(resolved: ResolvedTask, **given: Any) -> float:
    return compute([resolved.primary], **given)[resolved.primary]


def _grouped(session: TaskSession, resolved: ResolvedTask, findings: Findings) -> dict[str, Any]:
    """Return ``groups`` of a result: the primary test score by the values of the column asked for."""
    column = resolved.config.group_by
    if column is None:
        return {}
    assert findings.asked.groups is not None, "rows are asked for with their groups"
    values = findings.asked.groups.tolist()
    given = {
        "references": findings.asked.references,
        "predictions": findings.test.predictions,
        "scores": findings.test.scores,
    }
    units = findings.asked.units
    of_run: dict[str, Any] = {"problem": session.problem, "cost": session.cost, "seed": session.seed}
    found = by_group(values, resolved.primary, given, units=units, **of_run)
    return {"groups": {"by": column, "metric": resolved.primary, **found}}


def _cost_on(
    session: TaskSession, findings: Findings, plain: np.ndarray, cost: Sequence[Sequence[float]]
) -> dict[str, Any]:
    """Return the mean cost of test rows whose class has one: of what is said, of the likeliest, of one class for all.

    Args:
        session: With the seed of the resamples.
        findings: Of the test split.
        plain: The likeliest classes of the test rows.
        cost: ``[classes, classes]``, true classes down.
    """
    matrix, known = np.array(cost), findings.asked.known
    references, units = findings.asked.references[known], findings.asked.units
    costs = costs_of_rows(references, findings.test.predictions[known], session.decision.cost)
    # The mean of costs, none of which is negative, is their mean absolute distance from nothing.
    drawn = bootstrap(
        ["mae"],
        problem="regression",
        references=np.zeros(len(costs)),
        predictions=costs,
        seed=session.seed,
        clusters=None if units is None else units[known],
    )["mae"]
    return {
        "cost": float(costs.mean()),
        "cost_interval": [drawn.low, drawn.high],
        "cost_of_likeliest": float(matrix[references, plain[known]].mean()),
        "cost_of_one_class": float(matrix[references].mean(0).min()),
    }


def calibration_of(
    problem: str, references: np.ndarray, raw: np.ndarray | None, calibrated: np.ndarray | None
) -> dict[str, dict[str, float]]:
    """Return the scores of probabilities, ``raw`` and ``calibrated``, on rows with these references."""
    found = {}
    for name, scores in (("raw", raw), ("calibrated", calibrated)):
        given: dict[str, Any] = {"references": references, "predictions": references, "scores": scores}
        found[name] = compute(CALIBRATION, problem=problem, **given)
    return found


def per_class(
    names: tuple[str, ...], references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None
) -> dict[str, dict[str, float | None]]:
    """Return precision, recall, F1 and the areas of each class against the rest, by its name.

    What no row can say is None, as a precision of what was never predicted; an area without a row of both kinds is left
    out.

    Args:
        names: Of the classes; those behind the columns of `scores` are none of train's.
        references: As for `modaxfer.metrics.compute`.
        predictions: As for `modaxfer.metrics.compute`.
        scores: As for `modaxfer.metrics.compute`.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    table: dict[str, dict[str, float | None]] = {}
    for place, name in enumerate(names):
        true, said = (_column(each, place) for each in (references, predictions))
        hits, rows, claims = int((true & said).sum()), int(true.sum()), int(said.sum())
        values = (_share(hits, claims), _share(hits, rows), _share(2 * hits, rows + claims))
        table[name] = dict(zip(OF_ALL, (rows, *values), strict=True))
        if scores is not None and place < scores.shape[1] and 0 < rows < len(true):
            column = scores[:, place]
            table[name] |= {
                "roc_auc": float(roc_auc_score(true, column)),
                "average_precision": float(average_precision_score(true, column)),
            }
    return table


def _column(labels: np.ndarray, place: int) -> np.ndarray:
    if labels.ndim == 1:
        found: np.ndarray = labels == place
        return found
    return labels[:, place] > 0 if place < labels.shape[1] else np.zeros(len(labels), bool)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
