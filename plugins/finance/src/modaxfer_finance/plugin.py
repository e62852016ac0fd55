"""Tasks on credit, income and financial news. Light: specs only, one module per kind of data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer import hookimpl
from modaxfer_finance import census, credit, lending, news

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modaxfer.spec import TaskSpec

MODAXFER_API = 0


@hookimpl
def modaxfer_tasks() -> Iterable[TaskSpec]:
    """Return the finance tasks."""
    return (*credit.TASKS, *lending.TASKS, *census.TASKS, *news.TASKS)
