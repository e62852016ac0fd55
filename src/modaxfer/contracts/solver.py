"""Solvers: what they are given to fit a head in closed form, and what they give back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modaxfer.errors import RefusedError

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from modaxfer.contracts.model import Readout
    from modaxfer.contracts.problems import Criterion, Judge

__all__ = ["Fitted", "LayerFeatures", "SolverContext", "drawn_rows"]


def drawn_rows(rows: int, most: int, seed: int) -> np.ndarray:
    """Return which of so many `rows` a choice is made on, int64, rising: at most `most`, drawn at random."""
    import numpy as np

    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


@dataclass(frozen=True, kw_only=True)
class LayerFeatures:
    """One encoder's pooled vectors of every layer, 0 (embeddings) to depth, for the rows a solver may see.

    There is no test split here: what is not handed over cannot leak.
    """

    train: np.ndarray
    """float16 or float32 ``[rows, layers, 3, width]``; pools are first token, mean and deviation over real tokens."""
    rows: np.ndarray | None = None
    """int ``[rows]``: which of the training rows those of `train` are, rising; None = all of them. They are some where
    a solver chooses on a sample (`modaxfer.plan.Solver.sample_rows`) and there are more rows in a split."""
    read: Callable[[Readout], np.ndarray] | None = None
    """Where `train` holds some rows: returns what a head reads of all training rows, float32 ``[all rows, width]``,
    twice as wide for ``mean_std``. Each readout that is asked for costs a pass of the others through the encoder."""
    validation: np.ndarray | None = None
    """Of the validation split, as `train`."""
    validation_rows: np.ndarray | None = None
    """int ``[rows]``: which of the validation rows those of `validation` are, rising; None = all of them."""
    groups: np.ndarray | None = None
    """int ``[all rows]`` of train: rows that belong together (one sentence, one speaker) must share an inner fold."""
    there: Mapping[str, np.ndarray] = field(default_factory=dict)
    """By split, bool ``[rows]``: whether the row has any of the encoder's fields; what is said of another row is said
    of a blank. Empty = every row has some, as with one encoder it always has."""

    @property
    def layers(self) -> int:
        """How many layers there are, embeddings included."""
        return int(self.train.shape[1])


@dataclass(frozen=True, kw_only=True)
class SolverContext:
    """What a solver is given: frozen features and targets of its phase's streams, by their names there."""

    features: Mapping[str, tuple[LayerFeatures, ...]]
    """By stream, one of each encoder, in the order of the run; all of the same rows."""
    targets: Mapping[str, Mapping[str, np.ndarray]]
    """By stream and split, ``train`` and ``validation``, as in `modaxfer.contracts.TaskData.targets`; a stream whose
    labels are hidden has none."""
    problem: str
    """Registered name of what the target asks for."""
    classes: Sequence[str] = ()
    """Class or label names; empty for a regression."""
    seed: int = 0
    judge: Judge
    """The task's primary metric, turned so that greater is better."""
    class_weight: str | None = None
    """The user's setting ``train.class_weight``: ``balanced`` or None."""

    def only(self) -> tuple[LayerFeatures, Mapping[str, np.ndarray]]:
        """Return features and targets of the one stream and encoder, for solvers that know nothing of others.

        Raises:
            RefusedError: There are several, or its labels are hidden.
        """
        features, targets = self.only_stream()
        if len(features) != 1:
            raise RefusedError(
                "this solver fits a head to the features of one encoder",
                got=f"{len(features)} encoders",
                fix="name one --encoder, or say Solver(several=True) in the plan and read all",
            )
        return features[0], targets

    def only_stream(self) -> tuple[tuple[LayerFeatures, ...], Mapping[str, np.ndarray]]:
        """Return the features of each encoder, and the targets, of the one stream.

        Raises:
            RefusedError: There are several, or its labels are hidden.
        """
        if len(self.features) != 1 or not all(self.targets.get(name) for name in self.features):
            raise RefusedError(
                "this solver fits a head to one stream whose labels are given",
                got=[name if self.targets.get(name) else f"{name} (labels hidden)" for name in self.features],
                fix="give its phase one stream, or name another solver in the plan",
            )
        ((name, features),) = self.features.items()
        return features, self.targets[name]


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A head fitted in closed form, and how it came about."""

    readouts: tuple[Readout, ...]
    """One per encoder."""
    head: nn.Module
    """Takes raw pooled features as `readouts` ask for, see `modaxfer.contracts.Features.pooled`; a registered head, so
    that a run can save it."""
    criterion: Criterion | None = None
    """How what the head says becomes predictions; None = as the problem does, fitted on the training targets."""
    report: Mapping[str, Any] = field(default_factory=dict)
    """What was tried and chosen, as plain JSON types. ``head`` names what was chosen; what stands under ``left_out``, a
    list of lines, becomes warnings."""
