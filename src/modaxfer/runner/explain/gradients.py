"""Integrated gradients (Sundararajan et al. 2017), with as many steps as it takes for them to add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from modaxfer.errors import MissingPackageError

__all__ = ["INSTALL", "MOST_STEPS", "STEPS", "TOLERANCE", "Attributed", "attribute", "require_captum"]

INSTALL = "pip install 'modaxfer[explain]'"

STEPS, MOST_STEPS = 32, 512
"""Points of the path that are tried first, and at most; they are doubled until the sum is right."""

TOLERANCE = 0.01
"""Share of f(x) - f(x₀) that the sum of attributions may be off."""


@dataclass(frozen=True, kw_only=True)
class Attributed:
    """What each number of an input adds to the answer."""

    parts: tuple[torch.Tensor, ...]
    """float, each of the shape of its input, without a batch dimension."""
    answer: float
    """f(x)."""
    baseline: float
    """f(x₀)."""
    steps: int

    @property
    def total(self) -> float:
        """Sum of all attributions, which is to be ``f(x) - f(x₀)`` (completeness, ib., section 3)."""
        return float(sum(part.double().sum() for part in self.parts))

    @property
    def gap(self) -> float:
        """What the sum is off."""
        return self.total - (self.answer - self.baseline)

    @property
    def complete(self) -> bool:
        """Whether the sum is right to `TOLERANCE`."""
        return abs(self.gap) <= TOLERANCE * abs(self.answer - self.baseline)


def require_captum() -> None:
    """Check that captum is there.

    Raises:
        MissingPackageError: It is not.
    """
    try:
        import captum  # noqa: F401 - looked for
    except ImportError:
        raise MissingPackageError("captum", "an explanation", INSTALL) from None


def attribute(
    function: Callable[..., torch.Tensor],
    values: Sequence[torch.Tensor],
    baselines: Sequence[torch.Tensor],
    *,
    batch: int,
    steps: int = STEPS,
    most: int = MOST_STEPS,
) -> Attributed:
    """Integrate the gradient of `function` on the straight way from `baselines` to `values` (Gauss-Legendre).

    Args:
        function: From inputs ``[n, ...]``, one per part, to float ``[n]``.
        values: x, each ``[...]``.
        baselines: x₀, of the same shapes.
        batch: Rows of one forward pass.
        steps: Points of the path to begin with.
        most: Points at most; where the sum is not right with them either, that is what `Attributed.complete` says.
    """
    from captum.attr import IntegratedGradients

    method = IntegratedGradients(function)
    x, x0 = (tuple(each.unsqueeze(0) for each in side) for side in (values, baselines))
    with torch.no_grad():
        ends = [float(function(*side)[0]) for side in (x, x0)]
    while True:
        made = method.attribute(x, x0, n_steps=steps, method="gausslegendre", internal_batch_size=min(batch, steps))
        found = Attributed(
            parts=tuple(part[0].detach() for part in made), answer=ends[0], baseline=ends[1], steps=steps
        )
        if found.complete or 2 * steps > most:
            return found
        steps *= 2
