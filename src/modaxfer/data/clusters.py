"""Rows that are not independent of each other: of one group, or with equal inputs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.data.cleaning import too_coarse
from modaxfer.data.splits import group_rows

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from typing import Any

    from modaxfer.contracts import TaskData
    from modaxfer.spec import Field, SplitPolicy

__all__ = ["Clusters", "clusters_of", "joined", "shared_values"]


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """Which rows of a split belong together."""

    numbers: np.ndarray
    """int64 ``[rows]``, from 0 as clusters first appear."""
    count: int
    by: str
    """What rows of one cluster share, for people: ``the same sentence or equal inputs``."""


def joined(named: Mapping[str, Sequence[Hashable]], digests: Sequence[Hashable] | None) -> Clusters | None:
    """Return the clusters of rows that agree in one of the keys; None where every row stands alone.

    Args:
        named: By what a key is, for people: one value per row, None where the row has no twin.
        digests: Of the inputs; None where equal inputs are separate observations.
    """
    keys = [*named.values(), *([] if digests is None else [digests])]
    rows = len(keys[0]) if keys else 0
    numbers = group_rows(keys, rows)
    count = int(numbers.max()) + 1 if rows else 0
    if count == rows:
        return None
    by = [f"the same {name}" for name, key in named.items() if _repeats(key)]
    by += ["equal inputs"] if digests is not None and _repeats(digests) else []
    return Clusters(numbers=numbers, count=count, by=" or ".join(by))


def clusters_of(data: TaskData, policy: SplitPolicy, fields: Sequence[Field], split: str) -> Clusters | None:
    """Return the clusters of `split`; None where every row stands alone.

    Rows belong together by what keeps them on one side when splits are carved: the task's columns `group` and
    `disjoint`, and equal inputs, but for a table so coarse that equal rows are separate observations.

    Args:
        data: The task's rows.
        policy: Of the task.
        fields: Input fields.
        split: Its name.
    """
    rows, digests = data.splits[split], data.digests[split]
    named = [columns for columns in dict.fromkeys((policy.group, policy.disjoint)) if columns]
    keys = {" and ".join(columns): shared_values([rows[name] for name in columns]) for columns in named}
    coarse = too_coarse(list(chain.from_iterable(data.digests.values())), fields)
    return joined(keys, None if coarse else digests)


def shared_values(columns: Sequence[Sequence[Any]]) -> list[Hashable]:
    """Return one value per row; None where every column is null, which makes a row nobody's twin."""
    values = zip(*columns, strict=True)
    return [None if all(part is None for part in value) else value for value in values]


def _repeats(key: Sequence[Hashable]) -> bool:
    known = [value for value in key if value is not None]
    return len(set(known)) < len(known)
