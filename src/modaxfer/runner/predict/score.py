"""Labelled rows that a saved model has never seen: its scores on them, and what could not be scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.contracts import Label
from modaxfer.data.cells.columns import absence, file_columns
from modaxfer.data.cells.dotted import with_dotted
from modaxfer.data.cleaning import find_label_faults, too_coarse
from modaxfer.data.clusters import Clusters, joined, shared_values
from modaxfer.data.given import Given
from modaxfer.data.origin import file_of, path_of
from modaxfer.data.rows import Rows
from modaxfer.errors import DataError, UnknownNameError, close_matches
from modaxfer.metrics import default_metrics, needs_groups
from modaxfer.problems.labels.names import unseen
from modaxfer.registry import problem_of, problem_spec, registry
from modaxfer.result import Result
from modaxfer.runner.evaluation.asked import group_values, resampled_over, too_few_groups
from modaxfer.runner.evaluation.finished import cost_told
from modaxfer.runner.evaluation.measured import measure
from modaxfer.runner.predict.beside import calibration_on, groups_on, require_column
from modaxfer.runner.predict.given import labelled_rows
from modaxfer.runner.predict.predictor import Predictor, first_reasons
from modaxfer.runner.predict.records import Predicted
from modaxfer.runner.progress import Progress
from modaxfer.spec import SplitPolicy, Target, TaskSpec

if TYPE_CHECKING:
    pass

__all__ = ["score_rows"]


def score_rows(
    run: Path,
    data: Any,
    *,
    label: str | Sequence[str] | None = None,
    group_by: str | None = None,
    predictor: Predictor | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Score the saved model of `run` on other labelled rows.

    Rows without a label or without a prediction are left out and counted. A class that the model does not know counts
    as an error: whatever it predicts there is wrong.

    Args:
        run: A run's folder.
        data: `modaxfer.data.given.Given` rows, or what
            `modaxfer.runner.predict.given.labelled_rows` takes.
        label: Column of the labels, or columns of 0 and 1; None = as in training.
        group_by: Column by whose values the primary score is shown, the worst named.
        predictor: The run's model, where it is loaded already.
        progress: Where to tell how far it is.

    Returns:
        ``metrics``, ``intervals``, ``calibration`` and ``stored`` as of `modaxfer.runner.predict.evaluate.evaluate`;
        with `group_by` ``groups``, as a result has them; ``rows`` (scored), ``resampled`` (what intervals are drawn
        over, as in a result), ``dropped`` (reason to number), ``dropped_rows`` and ``warnings`` (lines).

    Raises:
        DataError: There is no model, no label column or no column `group_by`, or not one row can be scored.
    """
    stored = Result.load(run)
    predictor = predictor or Predictor(run)
    target = _target(run, predictor, label)
    fields = predictor.described.fields
    given = data if isinstance(data, Given) else labelled_rows(data, fields, target.column)
    named = [*target.read_from, *([group_by] if group_by else ()), *file_columns(fields, predictor.described.types)]
    given = replace(given, table=with_dotted(given.table, named))
    _require_labels(given, target.read_from)
    require_column(given.table, group_by)
    kind = problem_of(target.problem).labels
    labels = kind.read(given.table, target, kind.learn(given.table, target, settled=True))
    unlabelled = _unlabelled(labels)
    if len(unlabelled) == len(labels):
        reasons = first_reasons({row: detail for row, (_, detail) in unlabelled.items()})
        raise DataError("not one row has a label", column=target.column, got=reasons, fix="name another with --label")
    made = predictor.predict_rows(given, progress, raw=True)
    faults = {row: ("unreadable", reason) for row, reason in made.reasons.items()} | unlabelled
    faults |= _unequal(made, labels, faults) if problem_spec(target.problem).ragged else {}
    kept = np.array([row for row in range(len(labels)) if row not in faults], np.int64)
    if not len(kept):
        reasons = first_reasons({row: detail for row, (_, detail) in faults.items()})
        raise DataError("not one row can be scored", got=reasons, fix="repair the rows")
    asked = _Asked(labels=[labels[row] for row in kept], rows=kept, clusters=_clusters(run, predictor, given, kept))
    scored, strange = _scores(stored, predictor, made, asked, group_by)
    return {
        "stored": dict(stored.metrics.get("test") or {}),
        **scored,
        "rows": len(kept),
        "resampled": resampled_over(len(kept), asked.clusters),
        "dropped": dict(Counter(reason for reason, _ in faults.values())),
        "dropped_rows": [f"row {row + 1}: {detail}" for row, (_, detail) in sorted(faults.items())],
        "warnings": [
            *_learned_from(run, stored, given),
            *made.warnings,
            *_unlabelled_line(unlabelled, len(labels)),
            *strange,
        ],
    }


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """The rows that are scored."""

    labels: Sequence[Label]
    rows: np.ndarray
    """Their positions among the rows given."""
    clusters: Clusters | None
    """Rows that are drawn together; None where each stands alone."""


def _scores(
    stored: Result, predictor: Predictor, made: Predicted, asked: _Asked, group_by: str | None
) -> tuple[dict[str, Any], list[str]]:
    """Return ``metrics``, ``intervals``, ``calibration`` and ``groups`` of `score_rows`, and warnings."""
    problem, classes = predictor.described.problem, predictor.described.classes
    kind, strange = problem_of(problem).labels, unseen(asked.labels, classes)
    names = tuple(sorted({name for own in strange.values() for name in own}))
    table = made.given.table.take(asked.rows)
    groups = None if group_by is None else group_values(table.column(group_by).to_pylist())
    common: dict[str, Any] = {
        "problem": problem,
        "cost": cost_told(stored),
        "groups": groups,
        # A class that the model does not know stands behind the known ones, as in a run's own test split.
        "references": kind.encode(asked.labels, (*classes, *names)),
        "predictions": kind.parse([made.predictions[row] for row in asked.rows], classes),
        "scores": made.scores[asked.rows] if made.scores is not None else None,
    }
    wanted = list(stored.metrics.get("test") or default_metrics(problem))
    lines = [] if groups is not None else _without_groups(wanted)
    needed = str(stored.metrics.get("primary", wanted[0]))
    units = None if asked.clusters is None else asked.clusters.numbers
    found = measure(wanted, common, needed=needed, seed=stored.seed, units=units, warnings=lines)
    lines += too_few_groups(asked.clusters)
    if strange:
        lines.append(
            f"{len(strange)} of {len(asked.labels)} rows have a class that the model does not know "
            f"({', '.join(names)}): they count as errors"
        )
    calibrated = None if made.calibrated is None else made.calibrated[asked.rows]
    return {
        "metrics": found.metrics,
        "intervals": {name: list(ends) for name, ends in found.intervals.items()},
        **calibration_on(common, calibrated),
        **groups_on(groups, group_by, needed, common, seed=stored.seed, units=units),
    }, lines


def _without_groups(wanted: list[str]) -> list[str]:
    """Take metrics that compare groups out of `wanted`; return a line that says so where there were any."""
    grouped = [name for name in wanted if needs_groups(name)]
    wanted[:] = [name for name in wanted if name not in grouped]
    if not grouped:
        return []
    return [f"left out, for no column tells groups of rows: {', '.join(grouped)}; name it with --group-by COL"]


def _unequal(made: Predicted, labels: Sequence[Label], faults: Mapping[int, Any]) -> dict[int, tuple[str, str]]:
    """Return the rows that have more or fewer tags than parts."""
    both = ((row, made.predictions[row], label) for row, label in enumerate(labels) if row not in faults)
    return {
        row: ("words_and_tags_differ", f"{len(said)} words or other parts, and {len(label)} tags")
        for row, said, label in both
        if isinstance(label, tuple) and len(said) != len(label)
    }


def _clusters(run: Path, predictor: Predictor, given: Given, kept: np.ndarray) -> Clusters | None:
    """Join rows with equal inputs, and those that the task keeps together where the table has its columns.

    Drawn one by one, they would narrow the intervals.
    """
    fields = predictor.described.fields
    columns = file_columns(fields, predictor.described.types)
    table = given.table.take(kept)
    there = table.select([name for name in columns if name in table.column_names])
    keys = [repr(row).encode() for row in there.to_pylist()]
    policy = _splits(run)
    named = {
        " and ".join(names): shared_values([table.column(name).to_pylist() for name in names])
        for names in dict.fromkeys((policy.group, policy.disjoint))
        if names and set(names) <= set(table.column_names)
    }
    return joined(named, None if too_coarse(keys, fields) else keys)


def _learned_from(run: Path, stored: Result, given: Given) -> tuple[str, ...]:
    """Say so where the rows are those that the run's own splits were made from."""
    data, file = build(RunConfig, read_yaml(run / "config.yaml")).data, path_of(given.table)
    if not (data and file) or Path(data).resolve() != Path(file).resolve():
        return ()
    learned = stored.data["rows"]["train"]
    return (
        f"this is what the run was made from: it has learned from {learned:,} of these rows, and they say nothing of"
        f" new ones; `modaxfer evaluate {run}` scores its test rows alone",
    )


def _splits(run: Path) -> SplitPolicy:
    """Return how the run's task keeps rows together; as if it did not where its plugin is not installed here."""
    config = build(RunConfig, read_yaml(run / "config.yaml"))
    if config.data is not None or not config.task:
        return SplitPolicy(group=config.group)
    try:
        spec: TaskSpec = registry().get("task", config.task[0]).spec
    except UnknownNameError:
        return SplitPolicy()
    return spec.splits


def _target(run: Path, predictor: Predictor, label: str | Sequence[str] | None) -> Target:
    """Return the target of new rows: the columns named, else those of the run's task."""
    config = build(RunConfig, read_yaml(run / "config.yaml"))
    problem, classes = predictor.described.problem, predictor.described.classes
    if label is None and config.data is None and config.task:
        try:
            known: Target = registry().get("task", config.task[0]).spec.target
            return replace(known, classes=classes)
        except UnknownNameError:
            pass  # Its plugin is not installed here; new rows can be scored all the same.
    columns = ((label,) if isinstance(label, str) else tuple(label or ())) or config.label or (Target().column,)
    several = columns if len(columns) > 1 else ()
    return Target(column=", ".join(columns), columns=several, problem=problem, classes=classes)


def _require_labels(given: Given, columns: Sequence[str]) -> None:
    absent = [name for name in columns if name not in given.table.column_names]
    if not absent:
        return
    close = [match for name in absent for match in close_matches(name, given.table.column_names)]
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    raise DataError(
        absence("label column", absent),
        file=file_of(given.table) or None,
        allowed=given.table.column_names,
        fix=f"{meant}Name it with --label; `modaxfer predict` takes rows without labels",
    )


def _unlabelled(labels: Sequence[Label]) -> dict[int, tuple[str, str]]:
    import pyarrow as pa

    numbers = np.arange(1, len(labels) + 1)
    return find_label_faults(Rows(table=pa.table({}), labels=labels, numbers=numbers, split="", file="", media={}), ())


def _unlabelled_line(faults: Mapping[int, tuple[str, str]], rows: int) -> list[str]:
    if not faults:
        return []
    reasons = first_reasons({row: detail for row, (_, detail) in faults.items()})
    return [f"{len(faults)} of {rows} rows have no label that can be scored: {reasons}"]
