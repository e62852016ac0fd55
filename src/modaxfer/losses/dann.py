"""Domain-adversarial training: features from which nobody can tell a row's domain (Ganin et al. 2016)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from modaxfer.contracts import LossContext, LossOutput, Step
from modaxfer.losses.adversary import Discriminator, reversed_gradient
from modaxfer.losses.roles import require_roles
from modaxfer.plan import Ramp, Role

__all__ = ["Dann"]


class Dann(nn.Module):
    """A discriminator learns to tell source from target rows, and the gradient that reaches the features is reversed.

    With the mean over each stream's rows the sum over both streams is equation 9 of Ganin et al. 2016. The weight
    lambda acts on the way back into the features alone: the discriminator learns at full strength from the first step.

    Args:
        context: Of at least one stream of each role, source and target.
        strength: Largest lambda.
        ramp: Whether lambda rises as ``2 / (1 + exp(-10 p)) - 1`` (section 5.2.2) over the phase; else it is constant.
        hidden: Units of each hidden layer of the discriminator.

    Raises:
        RefusedError: A role is missing.
    """

    def __init__(self, context: LossContext, strength: float = 1.0, ramp: bool = True, hidden: int = 256) -> None:
        super().__init__()
        require_roles(context, "dann")
        self._strength = Ramp(start=0.0 if ramp else strength, end=strength)
        self.discriminator = Discriminator(context.width, hidden)

    def forward(self, step: Step) -> LossOutput:
        """Return each row's domain loss, ``[rows]``, and whether the discriminator was right, as ``accuracy``."""
        stream = step.only
        logits = self.discriminator(reversed_gradient(stream.pooled, self._strength(step.progress)))
        domain = torch.full_like(logits, float(stream.role is Role.TARGET))
        losses = functional.binary_cross_entropy_with_logits(logits, domain, reduction="none")
        # Several views of a row are one row, which counts once.
        losses, right = (
            each.view(stream.views, -1).mean(0) for each in (losses, ((logits > 0) == (domain > 0)).float())
        )
        return LossOutput(losses=losses, numbers={"accuracy": right})
