"""A head that blends class means with the training rows near a row (Tip-Adapter, Zhang et al. 2022)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from modaxfer.contracts import Features

__all__ = ["TipHead"]

SCALE = 10.0
"""Of cosines to class means, as logits; held-out rows scale the sum again."""


class TipHead(nn.Module):
    """``slope * (10 cos(x, mean_k) + blend * sum_i exp(-sharpness (1 - cos(x, x_i))) y_ik / n_k)``.

    The second term is Tip-Adapter's cache of training rows; in place of CLIP's classifier of class names the first is
    that of class means, for encoders that have no names. Inputs are standardised and scaled to unit length.

    Args:
        width: Size of the pooled vector.
        rows: Training rows kept.
        outputs: Classes.
        blend: Weight of the cache, the paper's alpha.
        sharpness: How fast a row's say falls with its distance, the paper's beta.
        slope: Turns the sum into logits.
    """

    mean: torch.Tensor
    scale: torch.Tensor
    bank: torch.Tensor
    shares: torch.Tensor
    prototypes: torch.Tensor

    def __init__(
        self, width: int, rows: int, outputs: int, *, blend: float, sharpness: float, slope: float = 1.0
    ) -> None:
        super().__init__()
        self.blend, self.sharpness, self.slope = blend, sharpness, slope
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.register_buffer("bank", torch.zeros(rows, width))
        self.register_buffer("shares", torch.zeros(rows, outputs))
        self.register_buffer("prototypes", torch.zeros(outputs, width))

    @classmethod
    def from_rows(
        cls,
        rows: torch.Tensor,
        columns: torch.Tensor,
        *,
        mean: torch.Tensor,
        scale: torch.Tensor,
        blend: float,
        sharpness: float,
        slope: float = 1.0,
    ) -> TipHead:
        """Return a head that remembers `rows` ``[rows, width]`` of classes `columns`, one-hot ``[rows, classes]``.

        Args:
            rows: Raw features.
            columns: May be weighted.
            mean: Of each feature ``[width]``.
            scale: Deviation of each feature ``[width]``.
            blend: See the class.
            sharpness: See the class.
            slope: See the class.
        """
        head = cls(rows.shape[1], len(rows), columns.shape[1], blend=blend, sharpness=sharpness, slope=slope)
        bank = functional.normalize((rows - mean) / scale, dim=1)
        shares = columns / columns.sum(0).clamp_min(1e-12)
        prototypes = functional.normalize(shares.T @ bank, dim=1)
        head.load_state_dict({"mean": mean, "scale": scale, "bank": bank, "shares": shares, "prototypes": prototypes})
        return head

    def forward(self, features: Features) -> torch.Tensor:
        """Map pooled vectors ``[batch, width]`` to float32 ``[batch, outputs]``, outside any autocast."""
        pooled = features.pooled
        with torch.autocast(pooled.device.type, enabled=False):
            unit = functional.normalize((pooled.float() - self.mean) / self.scale, dim=1)
            near = (self.sharpness * (unit @ self.bank.T - 1)).exp() @ self.shares
            return self.slope * (SCALE * unit @ self.prototypes.T + self.blend * near)

    def config(self) -> dict[str, Any]:
        """Return the keywords that make an empty twin."""
        return {
            "width": self.bank.shape[1],
            "rows": self.bank.shape[0],
            "outputs": self.shares.shape[1],
            "blend": self.blend,
            "sharpness": self.sharpness,
            "slope": self.slope,
        }
