"""Tasks on opinions, and on what is wrong with comments. Light: specs only, one module per kind of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer import hookimpl
from modaxfer_reviews import amazon, comments, films, products, tweets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modaxfer.spec import TaskSpec

MODAXFER_API = 0


@hookimpl
def modaxfer_tasks() -> Iterable[TaskSpec]:
    """Return the review tasks."""
    return (*films.TASKS, *products.TASKS, *amazon.TASKS, *tweets.TASKS, *comments.TASKS)
