"""Ways to make one prediction of several encoders, each judged on rows that it was not fitted on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from modaxfer.heads.classical.cut import Cut
from modaxfer.heads.classical.family import head_named
from modaxfer.heads.classical.features import View
from modaxfer.heads.classical.reduction import reduce_blocks
from modaxfer.heads.classical.space import Space, UnsolvableError
from modaxfer.heads.fusion.vote import vote

if TYPE_CHECKING:
    from modaxfer.heads.classical.cut import FitTargets
    from modaxfer.heads.classical.sample import Sample
    from modaxfer.heads.classical.trial import Trial
    from modaxfer.heads.fusion.parts import PartFound

__all__ = ["BESIDE", "STACKED", "Way", "best_part", "complete_rows", "joined", "joint_space", "voted"]

Grids = Mapping[str, Sequence[float]]
Blocks = tuple[Sequence[int], int]
"""Columns of each encoder, and components that are left of each, at most."""

STACKED = {"logistic": (1e-3, 1e-2, 1e-1, 1.0), "ridge": (1.0, 10.0, 100.0, 1000.0), "lda": (0.05, 0.2, 0.5, 0.8)}
"""Heads that are tried on scores, and their values; scores are few, so that they bear weaker penalties."""

BESIDE = ("lda", "ridge", "logistic")
"""Heads that are tried on features side by side."""

NOWHERE = View(layers=(), weights=(), pooling="")
"""What a head reads that is given no layer."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way, and what it says of held-out rows."""

    name: str
    """One of `modaxfer.heads.search_options.WAYS`."""
    outputs: torch.Tensor
    """Held-out logits or values ``[rows, outputs]``."""
    score: float
    trial: Trial | None = None
    """The head of ``stack`` or ``concat``."""

    def to_dict(self) -> dict[str, Any]:
        """Return a row of the report's table."""
        head = {} if self.trial is None else {"head": self.trial.head, "reduction": self.trial.reduction}
        value = {} if self.trial is None else {head_named(self.trial.head).setting: self.trial.value}
        return {"how": self.name, **head, **value, "score": self.score}


def best_part(parts: Sequence[PartFound], order: Sequence[int], sample: Sample) -> Way:
    """Take what the first encoder of `order` says that has something to read."""
    outputs = torch.zeros_like(parts[0].outputs)
    for number in reversed(order):
        there = torch.from_numpy(parts[number].there)
        outputs[there] = parts[number].outputs[there]
    return Way(name="part", outputs=outputs, score=_score(outputs, sample))


def voted(parts: Sequence[PartFound], sample: Sample) -> Way:
    """Average what all encoders say that have something to read."""
    present = torch.from_numpy(np.stack([part.there for part in parts], 1))
    scores = torch.stack([part.scores(sample.problem.link) for part in parts], 1)
    outputs = vote(scores, present, sample.problem.link)
    return Way(name="vote", outputs=outputs, score=_score(outputs, sample))


def joined(
    name: str,
    known: torch.Tensor,
    parts: Sequence[PartFound],
    sample: Sample,
    grids: Grids,
    rest: Way,
    blocks: Blocks | None = None,
) -> list[Way]:
    """Fit heads to what is known of rows that have all encoders' fields, and judge them where they were not fitted.

    ``stack`` fits to what the encoders' heads say of rows that they were not fitted on (Wolpert 1992), ``concat`` to
    principal components of each encoder's features, side by side.

    Args:
        name: ``stack`` or ``concat``.
        known: ``[rows, width]``.
        parts: Of each encoder.
        sample: Rows.
        grids: Heads to try, and their values.
        rest: Says the rows that lack an encoder's fields.
        blocks: Of ``concat``, which columns are of which encoder.
    """
    complete = complete_rows(parts)
    if min(sample.sizes(complete)[:-1]) == 0:
        return []
    held_out = sample.judged([known[torch.from_numpy(complete)].numpy()], complete, 1)
    space = joint_space(known[torch.from_numpy(complete)], held_out.labels, held_out.sizes, blocks)
    found = []
    for head, grid in grids.items():
        try:
            trial = held_out.best(NOWHERE, space, head, grid=grid)
        except UnsolvableError:
            continue
        outputs = rest.outputs.clone()
        outputs[torch.from_numpy(complete)] = held_out.outputs_of(trial, space)
        found.append(Way(name=name, outputs=outputs, score=_score(outputs, sample), trial=trial))
    return found


def joint_space(known: torch.Tensor, labels: FitTargets, sizes: Sequence[int], blocks: Blocks | None) -> Space:
    """Return what a joint head is fitted to: scores as they are, features as components of each encoder's."""
    space = Space.standardised(Cut.of(known, labels, sizes))
    return space if blocks is None else reduce_blocks(space, *blocks)


def complete_rows(parts: Sequence[PartFound]) -> np.ndarray:
    """Return bool ``[rows]``: whether every encoder has something to read."""
    found: np.ndarray = np.logical_and.reduce([part.there for part in parts])
    return found


def _score(outputs: torch.Tensor, sample: Sample) -> float:
    score = float(sample.judge(sample.references, *sample.criterion.decode(outputs)))
    return score if math.isfinite(score) else -math.inf
