"""Weights that change while a phase is trained; `modaxfer.plan` has them for plugins."""

from __future__ import annotations

import math
from dataclasses import dataclass

from modaxfer.errors import RefusedError

__all__ = ["Ramp"]


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """A weight that changes as a phase goes on, from `start` to `end`.

    With p in 0 ... 1, how much of the phase is done, it is ``start + (end - start) * f(p)``, where f is by `shape`:
    ``sigmoid`` 2 / (1 + exp(-gamma p)) - 1 (Ganin et al. 2016), ``linear`` p, ``cosine`` (1 - cos(pi p)) / 2. With
    `until` it has reached its end after that share of the phase, and stays there; epochs before that are no candidates
    for the best one, since they learned something else.

    >>> Ramp(gamma=10.0)(0.5) > 0.98
    True
    """

    shape: str = "sigmoid"
    start: float = 0.0
    end: float = 1.0
    gamma: float = 10.0
    until: float = 1.0

    def __post_init__(self) -> None:
        if self.shape not in _SHAPES:
            raise RefusedError("a ramp has no such shape", got=self.shape, allowed=_SHAPES, fix="correct the plan")
        if not 0 < self.until <= 1:
            raise RefusedError(
                "a ramp cannot end there", got=self.until, allowed="above 0 to 1", fix="correct the plan"
            )

    def __call__(self, progress: float) -> float:
        """Return the weight after a share `progress` of the phase, 0 ... 1."""
        return self.start + (self.end - self.start) * self._shaped(min(progress / self.until, 1.0))

    def _shaped(self, progress: float) -> float:
        if self.shape == "sigmoid":
            return 2 / (1 + math.exp(-self.gamma * progress)) - 1
        if self.shape == "cosine":
            return (1 - math.cos(math.pi * progress)) / 2
        return progress


_SHAPES = ("sigmoid", "linear", "cosine")
