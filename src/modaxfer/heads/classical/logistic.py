"""L2-penalised logistic regression for all splits at once, by preconditioned L-BFGS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.optimize import minimize
from torch.nn import functional

from modaxfer.heads.classical.cut import AffineMaps
from modaxfer.heads.classical.family import folded, outputs_of_maps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import nn

    from modaxfer.heads.classical.calibration import Calibration
    from modaxfer.heads.classical.space import Space

__all__ = ["Logistic", "LogisticFit", "solve_logistic"]

ABSENT = 30.0
"""Size of the bias of a class or label that a split never sees (or sees in every row)."""


class Logistic:
    """Penalised logistic regression; the value is scikit-learn's ``C``. Each value starts from the one before."""

    setting = "inverse_penalty"
    grid = (1e-3, 4e-3, 2e-2, 1e-1)
    scaled = False

    def held_out(self, space: Space, grid: Sequence[float], link: str) -> Iterator[tuple[float, torch.Tensor]]:
        """See `modaxfer.heads.classical.family.ClassicalHead`."""
        start: LogisticFit | None = None

        def solve(space: Space, value: float) -> AffineMaps:
            nonlocal start
            start = solve_logistic(space, value, link, start=start, exact=False)
            return start.maps

        return outputs_of_maps(space, grid, solve)

    def fit(self, space: Space, value: float, link: str, calibration: Calibration | None) -> tuple[nn.Module, bool]:
        """See `modaxfer.heads.classical.family.ClassicalHead`."""
        found = solve_logistic(space, value, link)
        return folded(space, found.maps, calibration), found.converged


@dataclass(frozen=True, kw_only=True)
class LogisticFit:
    """A solution, and where to start from for a neighbouring penalty."""

    maps: AffineMaps
    weight: torch.Tensor
    """``[splits, components, columns]`` on ``z``."""
    offset: torch.Tensor
    """``[splits, columns]``."""
    steps: int
    converged: bool


def solve_logistic(
    space: Space, inverse_penalty: float, link: str, *, start: LogisticFit | None = None, exact: bool = True
) -> LogisticFit:
    """Minimise scikit-learn's objective: sum of weighted losses plus ``|weights|^2 / (2 * inverse_penalty)``.

    Softmax for three classes and more, one logit for two (folded into a symmetric pair), one independent logit per
    label. Splits are independent problems, solved side by side: the rows pass through memory once per step for all of
    them. Substituting ``v = L^T w`` with ``L L^T`` close to the Hessian makes the problem round, so that a dozen
    steps do where plain L-BFGS takes hundreds.

    Args:
        space: Scaled and perhaps reduced features.
        inverse_penalty: ``C`` of scikit-learn, above 0.
        link: ``softmax`` over the outputs, or ``sigmoid`` of each.
        start: Solution for another penalty.
        exact: Solve to the end, in float64, or only as far as a comparison of penalties needs.
    """
    tolerance = 1e-6 if exact else 1e-3
    task = _Logistic(space.double() if exact else space, inverse_penalty, link)
    found = minimize(
        task,
        task.pack(start.weight, start.offset) if start else task.origin(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 500, "maxcor": 20, "gtol": tolerance, "ftol": 1e-15 if exact else 1e-5},
    )
    weight, offset = task.unpack(found.x)
    # Line search gives up where there are no more digits: convergence as well, unless the slope is still steep.
    converged = bool(found.success or np.abs(found.jac).max() < 100 * tolerance)
    return LogisticFit(
        maps=task.maps(weight, offset),
        weight=weight.float(),
        offset=offset.float(),
        steps=int(found.nit),
        converged=converged,
    )


class _Logistic:
    """Mean penalised loss over all splits, as a function of the preconditioned weights and the offsets."""

    def __init__(self, space: Space, inverse_penalty: float, link: str) -> None:
        self.space, self.rows, labels = space, space.cut.rows, space.cut.labels
        self.binary = link == "softmax" and labels.columns.shape[1] == 2
        self.softmax = link == "softmax" and not self.binary
        self.columns = labels.columns[:, 1:] if self.binary else labels.columns
        totals = space.totals[:, 1:] if self.binary else space.totals
        self.splits, self.outputs = totals.shape
        splits = range(self.splits)
        self.mask = torch.stack([space.cut.training(split) for split in splits], 1)[:, :, None].to(self.rows.dtype)
        self.row_weights = self.mask * labels.label_weights[:, None, :]
        self.counts = self.mask.sum(0)
        self.penalty = 1 / inverse_penalty
        seen = self._seen()
        self.varies = ((seen > 0) & (seen < self.counts)).float()
        self.prior = self._prior(totals, seen)
        self.factor = self._factor(totals)

    def _seen(self) -> torch.Tensor:
        return torch.einsum("ns,no->so", self.mask[:, :, 0], self.columns)

    def _prior(self, totals: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        share = ((totals + 0.5) / (self.space.weight[:, None] + 1)).clamp(1e-6, 1 - 1e-6)
        prior = share.log() if self.softmax else share.logit()
        prior = torch.where(seen == 0, torch.full_like(prior, -ABSENT), prior)
        return torch.where(seen == self.counts, torch.full_like(prior, ABSENT), prior)

    def _factor(self, totals: torch.Tensor) -> torch.Tensor:
        share = totals / self.space.weight[:, None]
        curvature = (share * (1 - share)).mean(1).clamp_min(0.02)
        hessian = curvature[:, None, None] * self.space.gram + self.penalty * torch.eye(self.space.components)
        factor: torch.Tensor = torch.linalg.cholesky(hessian / self.counts[:, :, None])
        return factor

    def origin(self) -> np.ndarray:
        return self.pack(torch.zeros(self.splits, self.space.components, self.outputs), self.prior)

    def pack(self, weight: torch.Tensor, offset: torch.Tensor) -> np.ndarray:
        round_weight = self.factor.mT @ weight.to(self.rows.dtype)
        return torch.cat([round_weight.flatten(), offset.flatten()]).double().numpy()

    def unpack(self, values: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        flat = torch.from_numpy(values).to(self.rows.dtype)
        edge = self.splits * self.space.components * self.outputs
        round_weight = flat[:edge].reshape(self.splits, self.space.components, self.outputs)
        return torch.linalg.solve_triangular(self.factor.mT, round_weight, upper=True), flat[edge:].reshape(
            self.splits, -1
        )

    def __call__(self, values: np.ndarray) -> tuple[float, np.ndarray]:
        weight, offset = self.unpack(values)
        maps = self.space.lift(weight, offset)
        logits = self.rows @ maps.weight.transpose(0, 1).flatten(1)
        logits = logits.reshape(len(self.rows), self.splits, self.outputs) + maps.bias
        losses, slope = self._softmax(logits) if self.softmax else self._sigmoid(logits)
        loss = ((losses * self.row_weights).sum((0, 2), dtype=torch.float64) / self.counts[:, 0]).sum()
        return self._penalised(loss, slope * (self.row_weights / self.counts), weight)

    def _softmax(self, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logs = logits.log_softmax(2)
        columns = self.columns[:, None]
        return -(logs * columns).sum(2, keepdim=True), logs.exp() - columns

    def _sigmoid(self, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        columns = self.columns[:, None].expand_as(logits)
        losses = functional.binary_cross_entropy_with_logits(logits, columns, reduction="none")
        return losses, logits.sigmoid() - columns

    def _penalised(self, loss: torch.Tensor, slope: torch.Tensor, weight: torch.Tensor) -> tuple[float, np.ndarray]:
        offset_slope = slope.sum(0) * self.varies
        rows_slope = (self.rows.T @ slope.flatten(1)).reshape(-1, self.splits, self.outputs).transpose(0, 1)
        rows_slope = rows_slope - torch.einsum("sw,so->swo", self.space.centre, slope.sum(0))
        shrink = self.penalty / self.counts[:, :, None]
        weight_slope = self.space.gather(rows_slope) + shrink * weight
        round_slope = torch.linalg.solve_triangular(self.factor, weight_slope, upper=False)
        loss = loss + (shrink * weight.square()).sum(dtype=torch.float64) / 2
        return float(loss), torch.cat([round_slope.flatten(), offset_slope.flatten()]).double().numpy()

    def maps(self, weight: torch.Tensor, offset: torch.Tensor) -> AffineMaps:
        maps = self.space.lift(weight, offset)
        signs = torch.tensor([-0.5, 0.5]) if self.binary else torch.ones(())
        return AffineMaps(weight=(maps.weight * signs).float(), bias=(maps.bias * signs).float())
