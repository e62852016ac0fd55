"""What labelled rows say of a saved model beside its scores: whether these mean what they say, and whom it fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.data.origin import file_of
from modaxfer.errors import DataError, close_matches
from modaxfer.registry import applicable_metrics, problem_spec
from modaxfer.runner.evaluation.beside_scores import CALIBRATION, calibration_of
from modaxfer.runner.evaluation.groups import by_group

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["calibration_on", "groups_on", "require_column"]


def calibration_on(given: Mapping[str, Any], calibrated: np.ndarray | None) -> dict[str, Any]:
    """Return ``calibration`` of an evaluation: scores of ``raw`` and ``calibrated`` probabilities.

    Empty without any, and for problems to whose scores the metrics of probabilities do not apply.

    Args:
        given: ``problem``, ``references`` and ``scores`` (raw) of rows, as for `modaxfer.metrics.compute`.
        calibrated: Scores of outputs divided by the temperature that the run's validation rows chose.
    """
    apply = {entry.spec.name for entry in applicable_metrics(given["problem"])}
    if given["scores"] is None or problem_spec(given["problem"]).ragged or not apply.issuperset(CALIBRATION):
        return {}
    return {"calibration": calibration_of(given["problem"], given["references"], given["scores"], calibrated)}


def require_column(table: pa.Table, column: str | None) -> None:
    """Check that rows can be grouped by `column`; None asks for no groups.

    Raises:
        DataError: They have no such column.
    """
    if column is None or column in table.column_names:
        return
    close = close_matches(column, table.column_names)
    raise DataError(
        f"--group-by names a column that the rows do not have: {column!r}",
        file=file_of(table) or None,
        allowed=table.column_names,
        fix=f"did you mean {' or '.join(close)}?" if close else "name a column of the rows",
    )


def groups_on(
    groups: np.ndarray | None,
    column: str | None,
    metric: str,
    given: Mapping[str, Any],
    *,
    seed: int,
    units: np.ndarray | None,
) -> dict[str, Any]:
    """Return ``groups`` of an evaluation, as a result has them; empty where no column is asked for.

    Args:
        groups: Of the rows that are scored, str ``[rows]``.
        column: What tells them.
        metric: By which groups are compared.
        given: ``problem``, ``cost``, ``references``, ``predictions`` and ``scores``, as for `modaxfer.metrics.compute`.
        seed: Of the resamples.
        units: Numbers of the clusters that are drawn together; None where each row stands alone.
    """
    if column is None or groups is None:
        return {}
    own = {name: given[name] for name in ("references", "predictions", "scores")}
    shared: dict[str, Any] = {"problem": given["problem"], "cost": given["cost"]}
    found = by_group(groups.tolist(), metric, own, seed=seed, units=units, **shared)
    return {"groups": {"by": column, "metric": metric, **found}}
