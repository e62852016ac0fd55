"""From regression outputs to probabilities, by scaling that held-out rows decide (Platt 1999; Guo et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

from modaxfer.heads.classical.cut import AffineMaps, FitTargets

__all__ = ["Calibration"]

STEPS, ENOUGH = 50, 1e-3
PRIOR = 1e-3
"""Weight, per row, of the penalty that keeps the scale finite where held-out rows are separated."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """``logits = outputs * slope + offset``."""

    slope: torch.Tensor
    """``[outputs]``; one shared value for single-label problems, where it never changes the chosen class."""
    offset: torch.Tensor
    """``[outputs]``; zero for single-label problems."""

    @classmethod
    def fit(cls, outputs: torch.Tensor, labels: FitTargets, link: str) -> Calibration:
        """Fit by Newton's method on held-out `outputs` ``[rows, outputs]`` and their `labels`.

        Behind a softmax there is one temperature; labels with a sigmoid each have a slope and an offset of their own,
        so that probability 0.5 is the threshold that its (weighted) frequency asks for.
        """
        if link == "sigmoid":
            return cls._per_label(outputs, labels)
        return cls._temperature(outputs, labels)

    def apply(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return logits for `outputs` ``[rows, outputs]``."""
        return outputs * self.slope + self.offset

    def fold(self, maps: AffineMaps) -> AffineMaps:
        """Return `maps` that give logits."""
        return AffineMaps(weight=maps.weight * self.slope, bias=self.apply(maps.bias))

    @classmethod
    def _temperature(cls, outputs: torch.Tensor, labels: FitTargets) -> Calibration:
        outputs = outputs.double()
        weights = labels.weights.double() / labels.weights.sum()
        chosen = (outputs * labels.columns).sum(1)
        slope = torch.ones((), dtype=torch.float64)
        for _ in range(STEPS):
            chances = functional.softmax(outputs * slope, 1)
            mean = (chances * outputs).sum(1)
            spread = (chances * outputs.square()).sum(1) - mean.square()
            gradient = (weights * (mean - chosen)).sum() + PRIOR * slope
            step = (gradient / ((weights * spread).sum() + PRIOR)).clamp(-5, 5)
            slope = (slope - step).clamp_min(0.1)
            if step.abs() < ENOUGH * slope:
                break
        count = outputs.shape[1]
        return cls(slope=slope.float().expand(count), offset=torch.zeros(count))

    @classmethod
    def _per_label(cls, outputs: torch.Tensor, labels: FitTargets) -> Calibration:
        outputs, columns = outputs.double(), labels.columns.double()
        weights = labels.label_weights.double().expand_as(outputs)
        weights = weights / weights.sum(0)
        share = (weights * columns).sum(0).clamp(1e-4, 1 - 1e-4)
        centre = (weights * outputs).sum(0)
        centred = outputs - centre
        scale = (weights * centred.square()).sum(0).sqrt().clamp_min(1e-6)
        design = torch.stack([centred / scale, torch.ones_like(outputs)], 2)
        values = torch.stack([torch.ones_like(share), share.logit()], 1)
        prior = torch.tensor([PRIOR, PRIOR * 1e-2], dtype=torch.float64)
        for _ in range(STEPS):
            chances = torch.einsum("nol,ol->no", design, values).sigmoid()
            gradient = torch.einsum("no,nol->ol", weights * (chances - columns), design) + prior * values
            curve = torch.einsum("no,nol,nok->olk", weights * chances * (1 - chances), design, design)
            step = torch.linalg.solve(curve + prior.diag(), gradient)
            values = values - step.clamp(-2, 2)
            if step.abs().max() < ENOUGH:
                break
        slope = values[:, 0].clamp_min(0) / scale
        return cls(slope=slope.float(), offset=(values[:, 1] - slope * centre).float())
