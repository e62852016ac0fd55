"""Deep CORAL: the covariances of two domains are drawn together (Sun & Saenko 2016)."""

from __future__ import annotations

import torch
from torch import nn

from modaxfer.contracts import LossContext, Step
from modaxfer.losses.roles import of_role, require_roles
from modaxfer.plan import Role

__all__ = ["DeepCoral", "coral", "covariance"]


class DeepCoral(nn.Module):
    """Draw the second moments of source and target rows together; a joint loss that needs no target's label.

    Args:
        context: Of at least one stream of each role, source and target.
        on: ``pooled``, what the head is given, or ``outputs``, what it says, as Sun & Saenko 2016 have it.
        means: Whether their means are drawn together as well.

    Raises:
        RefusedError: A role is missing.
    """

    def __init__(self, context: LossContext, on: str = "pooled", means: bool = False) -> None:
        super().__init__()
        require_roles(context, "coral")
        self.on, self.means = on, means

    def forward(self, step: Step) -> torch.Tensor:
        """Return the distance of the step's source rows from its target rows, ``[]``."""
        source, target = (
            torch.cat([getattr(stream, self.on) for stream in of_role(step, role)])
            for role in (Role.SOURCE, Role.TARGET)
        )
        return coral(source, target, means=self.means)


def covariance(features: torch.Tensor) -> torch.Tensor:
    """Return the covariance ``[width, width]`` of `features` ``[rows, width]``, with n - 1; of one row it is zero."""
    centred = features - features.mean(0)
    return centred.T @ centred / max(len(features) - 1, 1)


def coral(source: torch.Tensor, target: torch.Tensor, *, means: bool = False) -> torch.Tensor:
    """Return ``||C_s - C_t||_F^2 / (4 d^2)``, the distance of two domains' second moments.

    Source: Sun & Saenko 2016, equation 1. With `means` the first moments are compared too, ``||m_s - m_t||^2 / (4 d)``:
    the sum is a quarter of the penalty of DomainBed (Gulrajani & Lopez-Paz 2021), which averages squared differences.

    Args:
        source: Features of the source rows, ``[rows, d]``.
        target: Features of the target rows, ``[other rows, d]``.
        means: Whether the domains' mean features are drawn together as well.

    Returns:
        A float32 scalar: between an identity and four times it, in three dimensions, 0.75.
    """
    width = source.shape[1]
    with torch.autocast(source.device.type, enabled=False):
        source, target = source.float(), target.float()
        apart = (covariance(source) - covariance(target)).square().sum() / (4 * width**2)
        if means:
            apart = apart + (source.mean(0) - target.mean(0)).square().sum() / (4 * width)
        return apart
