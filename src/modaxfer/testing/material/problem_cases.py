"""Problems to look at: labels as files hold them, read as a task reads them, and outputs that say what they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from modaxfer.contracts import Label
from modaxfer.data.origin import stamp
from modaxfer.errors import ModaxferError
from modaxfer.spec import ProblemSpec, Target
from modaxfer.testing.check import skip
from modaxfer.testing.subject import Subject

__all__ = ["STRANGE", "ProblemCase", "alike", "problem_case"]

STRANGE = "strange"
"""A class that no training row has."""

_COLUMN = "label"
_NAMES = ("high", "low", "middle")
_SETS: tuple[list[str], ...] = (["red"], ["blue", "red"], [], ["blue"])
_TAGS = (["O", "B-court", "I-court"], ["O"], ["B-judge", "O", "O", "B-court"])
_ROWS = 12

_WRITTEN: dict[str, list[Any]] = {
    "classes": [_NAMES[row % 3] for row in range(_ROWS)],
    "two classes": [_NAMES[row % 2] for row in range(_ROWS)],
    "sets": [_SETS[row % 4] for row in range(_ROWS)],
    "tags": [_TAGS[row % 3] for row in range(_ROWS)],
    "numbers": [10.0 + 0.75 * row * (-1) ** row for row in range(_ROWS)],
}
"""Labels of a training split, by the kind that they are."""


@dataclass(frozen=True, kw_only=True)
class ProblemCase:
    """A problem with the labels of some training rows."""

    spec: ProblemSpec
    problem: Any
    written: Sequence[Any]
    """Labels as a file holds them."""
    labels: Sequence[Label]
    classes: tuple[str, ...]
    targets: np.ndarray
    criterion: Any

    def read(self, written: Sequence[Any]) -> list[Label]:
        """Return labels as the problem's label type reads them from a table."""
        table, target = _table(written), _target(self.spec)
        return list(self.problem.labels.read(table, target, self.problem.labels.learn(_table(self.written), target)))

    def outputs(self, seed: int | None = None) -> torch.Tensor:
        """Return outputs of all rows, drawn or 0: ``[rows, outputs]``, of a ragged problem ``[rows, parts, outputs]``.

        Their gradient is asked for.
        """
        shape: tuple[int, ...] = (len(self.targets), self.criterion.outputs)
        if self.spec.ragged:
            shape = (len(self.targets), max(map(len, self.targets)), self.criterion.outputs)
        if seed is None:
            return torch.zeros(shape, requires_grad=True)
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed), requires_grad=True)

    def fitted(self) -> torch.Tensor:
        """Return the outputs of least loss, found by gradient alone, as far as float32 goes."""
        outputs, targets = self.outputs(), self.criterion.batch(self.targets)
        optimiser = torch.optim.LBFGS([outputs], max_iter=60, line_search_fn="strong_wolfe")

        def loss() -> torch.Tensor:
            optimiser.zero_grad()
            summed: torch.Tensor = self.criterion.loss(outputs, targets).sum()
            summed.backward()  # type: ignore[no-untyped-call]
            return summed

        optimiser.step(loss)  # type: ignore[no-untyped-call]
        return outputs.detach()

    def decoded(self, outputs: torch.Tensor, criterion: Any = None) -> tuple[Any, Any]:
        """Return predictions and scores of all rows, as `decode` is given the outputs of a split."""
        given: Any = outputs.detach()
        if self.spec.ragged:
            given = [row[: len(own)] for row, own in zip(given, self.targets, strict=True)]
        predictions, scores = (criterion or self.criterion).decode(given)
        return predictions, scores


def problem_case(subject: Subject) -> ProblemCase:
    """Return the problem with the first of the kit's labels that it reads, and finds enough to learn from."""
    problem = subject.target()()
    found = next(
        filter(None, (_case(subject.spec, problem, name) for name in _order(subject.spec, problem.labels))), None
    )
    if found is None:
        skip(f"its labels are none of those that the kit has: {', '.join(_WRITTEN)}")
    return found


def _case(spec: ProblemSpec, problem: Any, name: str) -> ProblemCase | None:
    """Return the problem with labels of the kind `name`; None where these are not its labels."""
    written, target = _WRITTEN[name], _target(spec)
    try:
        labels = list(problem.labels.read(_table(written), target, problem.labels.learn(_table(written), target)))
    except ModaxferError:  # Where no kind of labels is its own, that is said.
        return None
    classes = tuple(problem.labels.class_names(labels, target))
    if any(map(_is_absent, labels)) or problem.labels.shortage(labels, classes, parted=False):
        return None
    targets = problem.labels.encode(labels, classes)
    return ProblemCase(
        spec=spec,
        problem=problem,
        written=written,
        labels=labels,
        classes=classes,
        targets=targets,
        criterion=problem.criterion(len(classes), targets),
    )


def alike(one: Any, other: Any) -> bool:
    """Return whether two arrays hold the same row by row; numbers but for rounding."""
    return len(one) == len(other) and all(map(_equal, one, other))


def _equal(one: Any, other: Any) -> bool:
    first, second = np.asarray(one), np.asarray(other)
    if first.shape != second.shape:
        return False
    if first.dtype.kind in "fiub" and second.dtype.kind in "fiub":
        return bool(np.allclose(first, second, rtol=1e-5, atol=1e-6, equal_nan=True))
    return bool((first == second).all())


def _order(spec: ProblemSpec, labels: Any) -> Iterator[str]:
    """Yield kinds of labels, those first that what the label type says of itself speaks for."""
    likely = (
        ("tags",)
        if spec.ragged
        else ("sets",)
        if labels.many_columns
        else ("classes", "two classes")
        if labels.one_class
        else ("numbers",)
    )
    yield from likely
    yield from (name for name in _WRITTEN if name not in likely)


def _is_absent(label: Label) -> bool:
    return label is None or label != label


def _table(written: Sequence[Any]) -> pa.Table:
    return stamp(pa.table({_COLUMN: pa.array(written)}), file="rows.parquet")


def _target(spec: ProblemSpec) -> Target:
    return Target(column=_COLUMN, problem=spec.name)
