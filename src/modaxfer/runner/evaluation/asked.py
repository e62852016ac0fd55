"""What a split asks of a model: the true answers, those it cannot know among them, and which rows belong together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modaxfer.contracts import Answers, TaskData
from modaxfer.data.clusters import Clusters, clusters_of
from modaxfer.metrics.intervals import FEWEST_UNITS
from modaxfer.registry import problem_of
from modaxfer.spec import Field, TaskSpec

__all__ = ["Asked", "asked", "group_values", "resampled_over", "too_few_groups"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The true answers of a split, for `modaxfer.metrics`."""

    references: np.ndarray
    """As `TaskData.targets`, but every class that train lacks has its own number, or for multi-label its own column,
    behind the known ones: no model says it, so each counts as a class that is never found."""
    known: np.ndarray
    """bool ``[rows]``: all labels of the row are among the task's classes."""
    strange: tuple[str, ...]
    """Classes that train lacks, by alphabet."""
    answers: Answers
    """The same as they were stored, with the names of those classes."""
    clusters: Clusters | None
    """Rows that belong together; None where each stands alone."""
    groups: np.ndarray | None = None
    """str ``[rows]``: the group of each row, for metrics that compare groups; None where none are asked for."""

    @property
    def units(self) -> np.ndarray | None:
        """The clusters' numbers, as `modaxfer.metrics` takes them."""
        return None if self.clusters is None else self.clusters.numbers

    def only(self, rows: np.ndarray) -> Asked:
        """Return what these rows ask, without the clusters that their intervals would need."""
        place = {int(row): number for number, row in enumerate(rows)}
        unseen = {place[row]: names for row, names in self.answers.unseen.items() if row in place}
        return Asked(
            references=self.references[rows],
            known=self.known[rows],
            strange=self.strange,
            answers=Answers(targets=self.answers.targets[rows], unseen=unseen),
            clusters=None,
            groups=None if self.groups is None else self.groups[rows],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return how the split's intervals were drawn, as stored in ``data.resampled``."""
        return resampled_over(len(self.references), self.clusters)

    @property
    def too_few(self) -> tuple[str, ...]:
        """Say, on one line, that the split has too few groups of rows for intervals to rely on; empty where not."""
        return too_few_groups(self.clusters)


def resampled_over(rows: int, clusters: Clusters | None) -> dict[str, Any]:
    """Return what intervals of `rows` rows are drawn over: ``rows``, ``units``, and what rows of one share, ``by``."""
    if clusters is None:
        return {"rows": rows, "units": rows, "by": ""}
    return {"rows": rows, "units": clusters.count, "by": clusters.by}


def too_few_groups(clusters: Clusters | None) -> tuple[str, ...]:
    """Return one line where `clusters` are too few for a bootstrap interval to rely on."""
    if clusters is None or clusters.count >= FEWEST_UNITS:
        return ()
    return (
        f"intervals are drawn over {clusters.count} groups of rows with {clusters.by}: fewer than {FEWEST_UNITS} make"
        " them too narrow to rely on",
    )


def asked(data: TaskData, task: TaskSpec, fields: Sequence[Field], split: str, *, group_by: str | None = None) -> Asked:
    """Return what `split` of `data` asks; see `Asked`. Where it is sealed, the seal is broken here.

    Args:
        data: Of the task.
        task: The task.
        fields: That it has.
        split: One of its splits.
        group_by: Column that tells the groups of rows; None = no groups.

    Raises:
        RunFailedError: It has been asked before.
    """
    sealed = data.sealed.get(split)
    answers = _given(data, split) if sealed is None else sealed.unseal()
    targets, unseen = answers.targets, answers.unseen
    strange = tuple(sorted({name for names in unseen.values() for name in names}))
    known = np.ones(len(targets), bool)
    known[list(unseen)] = False
    return Asked(
        references=problem_of(task.target.problem).labels.references(targets, unseen, strange, len(data.classes))
        if unseen
        else targets,
        known=known,
        strange=strange,
        answers=answers,
        clusters=clusters_of(data, task.splits, fields, split),
        groups=None if group_by is None else group_values(data.splits[split][group_by]),
    )


def group_values(values: Iterable[Any]) -> np.ndarray:
    """Return `values` of a column as the groups that metrics read: str ``[rows]``, empty where a row has no value."""
    return np.array(["" if value is None else str(value) for value in values], dtype=object)


def _given(data: TaskData, split: str) -> Answers:
    return Answers(targets=data.targets[split], unseen=data.unseen.get(split, {}))
