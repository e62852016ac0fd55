"""Transferability scores: the encoded rows that they are given, and what they make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from modaxfer.errors import DataError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Encoded", "Judged", "Transferability"]


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """Labelled rows as one frozen encoder sees them. They are of train and validation; no test row is among them.

    Raises:
        DataError: The arrays do not have the same rows.
    """

    layers: np.ndarray
    """float32 ``[layers, rows, width]``: the pooled vector after each layer, that of the embeddings first."""
    targets: np.ndarray
    """As in `TaskData.targets`: class numbers int64 ``[rows]``, none unseen; 0/1 ``[rows, labels]``; or numbers."""
    problem: str
    """Registered name of what the target asks for."""
    classes: Sequence[str] = ()
    """Class or label names; empty for a regression."""
    metric: str = ""
    """Name of the metric that decides, by which settings are chosen; empty = the first one of the problem."""
    cost: tuple[tuple[float, ...], ...] = ()
    """``[classes, classes]``, true classes down: what mistakes cost, for a metric that reads it."""
    groups: np.ndarray | None = None
    """int ``[rows]``: rows that belong together (one sentence, one speaker) share a fold; None = each stands alone."""
    seed: int = 0
    """Of the folds."""
    source_outputs: np.ndarray | None = None
    """float ``[rows, source classes]``: probabilities that the checkpoint's own head gives; None where it has none."""

    def __post_init__(self) -> None:
        rows = self.layers.shape[1] if self.layers.ndim == 3 else -1
        sizes = {"targets": self.targets, "groups": self.groups, "source_outputs": self.source_outputs}
        off = {name: len(array) for name, array in sizes.items() if array is not None and len(array) != rows}
        if rows < 1 or off:
            raise DataError(
                "encoded rows and what is said of them do not match",
                got=f"layers {tuple(self.layers.shape)}" + "".join(f", {name} of {n} rows" for name, n in off.items()),
                allowed="layers [layers, rows, width], and the same rows in targets, groups and source_outputs",
                fix="encode the rows that the targets belong to",
            )


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a score makes of an encoder on a task."""

    value: float
    """Greater is better; comparable between encoders on the same rows, not between tasks."""
    layers: tuple[int, ...]
    """The layers that it was read from; several = their mean. Empty where it reads none."""
    by_layers: Mapping[tuple[int, ...], float] = field(default_factory=dict)
    """The value of each reading that was tried, where several were; the best of these promises too much."""
    predictions: np.ndarray | None = None
    """What is predicted of each row by a fit to other folds, as `modaxfer.contracts.Criterion.decode` gives it; None
    where nothing is predicted."""
    scores: np.ndarray | None = None
    """Probabilities beside `predictions`; None where there are none."""
    report: Mapping[str, Any] = field(default_factory=dict)
    """How it came about, as plain JSON types."""


class Transferability(Protocol):
    """Judges how well frozen features will serve a task, without training the encoder: a function."""

    def __call__(self, encoded: Encoded, /) -> Judged:
        """Return the score; the same for the same `encoded`.

        Raises:
            RefusedError: Rows like these have none; says why. What the spec says of it was checked before.
        """
        ...
