"""What a solver by optimal transport is told by its strategy."""

from __future__ import annotations

from dataclasses import dataclass

from modaxfer.heads.search_options import SearchOptions

__all__ = ["TransportOptions"]


@dataclass(frozen=True, kw_only=True)
class TransportOptions:
    """Weights of the plan, and what is done where the classes' shares have moved."""

    search: SearchOptions
    entropy: float
    """Weight of the entropy of the plan, in medians of the cost."""
    classes: float
    """Weight of the group lasso by class, in the same unit."""
    largest_shift: float
    """How far the classes' shares may have moved, 0 ... 1."""
    refuse: bool
    """Whether more than that is refused; else it is a warning."""
