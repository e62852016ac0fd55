"""The shift report of a pair of tasks, and the distance that transports one onto the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from modaxfer.transferability.shift.concept import concept_part
from modaxfer.transferability.shift.covariate import components, covariate_part
from modaxfer.transferability.shift.domains import target_shares
from modaxfer.transferability.shift.effects import Part
from modaxfer.transferability.shift.labels import label_part
from modaxfer.transferability.shift.pair import PairOfTasks

if TYPE_CHECKING:
    from modaxfer.contracts import Encoded

__all__ = ["ShiftReport", "dataset_distance", "shift_report"]

TRANSPORTED, COMPONENTS = 500, 32
"""Rows of each task that are transported, and the components that they are compared by."""


@dataclass(frozen=True, kw_only=True)
class ShiftReport:
    """What differs between a source and a target, as one encoder sees them."""

    covariate: Part
    """The inputs."""
    label: Part
    """How often there is which class."""
    concept: Part
    """What the inputs mean."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {name: part.to_dict() for name, part in self._parts().items()}

    def lines(self) -> list[str]:
        """Return it for people, a line for each number."""
        found = []
        for name, part in self._parts().items():
            found.append(f"{name}: {part.left_out}" if part.left_out else f"{name}:")
            found += [f"  {each}: {each.meaning}" for each in part.effects]
            found += [f"  {note}" for note in part.notes]
        return found

    def _parts(self) -> dict[str, Part]:
        return {"covariate": self.covariate, "label": self.label, "concept": self.concept}


def shift_report(source: Encoded, target: Encoded) -> ShiftReport:
    """Describe what differs between two tasks: inputs, classes, and what inputs mean.

    Features are the mean of all layers. Of each task as many rows are compared, 1,000 at most. Intervals are percentile
    bootstraps over rows, or groups of them, at 95 %; classifiers are not fitted again.

    Args:
        source: Labelled rows of the source.
        target: Labelled rows of the target, by the same encoder; not those of its test split.

    Raises:
        RefusedError: They are not by one encoder, or too few, or say the same of every row.
    """
    pair = PairOfTasks.of(source, target)
    shares = target_shares(pair)
    return ShiftReport(
        covariate=covariate_part(pair, shares), label=label_part(pair), concept=concept_part(pair, shares)
    )


def dataset_distance(source: Encoded, target: Encoded) -> float:
    """Return the optimal transport dataset distance (Alvarez-Melis & Fusi 2020), squared.

    Of 500 rows of each task, by 32 principal components of the mean of all layers in which the variance of all inputs
    is 1. Labels are compared by their rows as Gaussians, so that they need not be the same; numbers as ten groups of
    equal size. See `modaxfer.bridges.embed.align.otdd`.

    Raises:
        MissingPackageError: POT is not installed.
        RefusedError: They are not by one encoder, or too few.
    """
    from modaxfer.bridges.embed.align import discrete_labels, otdd, require_transport

    require_transport("the optimal transport dataset distance")
    pair = PairOfTasks.of(source, target)
    rows = components(pair.compared, min(COMPONENTS, pair.compared.shape[1]))
    sides = []
    for side, encoded in enumerate((source, target)):
        labels = torch.from_numpy(np.asarray(discrete_labels(encoded.targets)[pair.drawn[side]], np.int64))
        kept = np.sort(np.random.default_rng(source.seed).permutation(len(labels))[:TRANSPORTED])
        sides += [torch.from_numpy(rows[pair.domain == side][kept]), labels[torch.from_numpy(kept)]]
    return float(otdd(*sides))
