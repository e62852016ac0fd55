"""What each of several encoders can do by itself: the search for a classical head, once for each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from modaxfer.heads.classical.calibration import Calibration
from modaxfer.heads.classical.search import fit_best, search
from modaxfer.heads.fusion.solved import scores_of
from modaxfer.threads import suitable_threads

if TYPE_CHECKING:
    from torch import nn

    from modaxfer.contracts import LayerFeatures
    from modaxfer.heads.classical.sample import Sample
    from modaxfer.heads.classical.trial import Trial
    from modaxfer.heads.search_options import SearchOptions

__all__ = ["PartFound", "find_part"]


@dataclass(frozen=True, kw_only=True)
class PartFound:
    """The best head of one encoder, and what it says of rows that it was not fitted on."""

    best: Trial
    head: nn.Module
    """Fitted on all training rows that have the encoder's fields."""
    slope: float
    """Its outputs times this are logits."""
    there: np.ndarray
    """bool ``[rows]`` of the sample."""
    outputs: torch.Tensor
    """Held-out logits or values ``[rows, outputs]``; zero where the encoder has nothing to read."""
    rows: int
    """Training rows that the head was fitted on."""
    converged: bool

    def scores(self, link: str) -> torch.Tensor:
        """Return held-out scores ``[rows, outputs]``, see `modaxfer.heads.fusion.solved.scores_of`."""
        return scores_of(self.outputs, link)

    def to_dict(self) -> dict[str, Any]:
        """Return a row of the report's table."""
        return {**self.best.to_dict(), "rows": self.rows, "converged": self.converged}


def find_part(
    features: LayerFeatures, sample: Sample, options: SearchOptions, left_out: list[str]
) -> tuple[PartFound, list[Trial]]:
    """Search layers, poolings, reductions and heads of one encoder, on the rows that have its fields.

    Returns:
        What was found, and all that was tried.

    Raises:
        DataError: No head can be fitted.
    """
    held_out = sample.held_out(features, options.components)
    there = sample.there(features)
    fitted_on = features.there.get("train", np.ones(len(features.train), bool))
    with suitable_threads(len(held_out.references), 2 * features.train.shape[3]):
        trials = search(held_out, features.layers, options, left_out)
        labels = sample.train_labels[torch.from_numpy(np.flatnonzero(fitted_on))]
        train = features.train[fitted_on]
        best, head, converged = fit_best(trials, lambda view: view.read(train), labels, held_out, left_out)
        said = held_out.outputs_of(best)
        slope = 1.0
        if best.calibration is None and held_out.link == "softmax":
            training = slice(0, sum(held_out.sizes[:-1]))
            slope = float(Calibration.fit(said[training], held_out.labels[training], held_out.link).slope[0])
    outputs = torch.zeros(len(there), said.shape[1])
    outputs[torch.from_numpy(there)] = said * slope
    rows = int(fitted_on.sum())
    found = PartFound(best=best, head=head, slope=slope, there=there, outputs=outputs, rows=rows, converged=converged)
    return found, trials
