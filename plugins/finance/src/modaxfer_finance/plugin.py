"""Tasks on credit, income and financial news. Light: specs only, one module per kind of data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer import hookimpl
from modaxfer.spec import MetricSpec
from modaxfer_finance import census, credit, lending, news

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modaxfer.spec import TaskSpec

MODAXFER_API = 0

_STATLOG_COST = MetricSpec(
    name="statlog_cost",
    target="modaxfer_finance.costs:statlog_cost",
    problems=("binary",),
    greater_is_better=False,
    threshold=("binary",),
    bounds=(0.0, 5.0),
    summary="Mean cost of a row where missing class 1, the second one, costs 5 and a false alarm 1 (UCI, Statlog).",
)


@hookimpl
def modaxfer_metrics() -> Iterable[MetricSpec]:
    """Return what credit is scored by beside the framework's own metrics."""
    return (_STATLOG_COST,)


@hookimpl
def modaxfer_tasks() -> Iterable[TaskSpec]:
    """Return the finance tasks."""
    return (*credit.TASKS, *lending.TASKS, *census.TASKS, *news.TASKS)
