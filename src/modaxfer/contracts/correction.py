"""Corrections of what a trained model says: what they are given, and what they give back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from modaxfer.contracts.problems import Criterion
    from modaxfer.contracts.training import Seen

__all__ = ["Corrected", "CorrectionContext"]


@dataclass(frozen=True, kw_only=True)
class CorrectionContext:
    """What a correction is fitted from. No test row is among it, nor a label that the plan hides."""

    seen: Mapping[str, Seen]
    """What the trained model says of the rows of each of its streams, by name, with targets where these are given."""
    head: nn.Module
    """The trained head, from `modaxfer.contracts.Features` to outputs, in evaluation mode."""
    problem: str
    """Registered name of what the target asks for."""
    criterion: Criterion
    """How outputs become predictions and scores."""
    classes: Sequence[str] = ()
    """Class or label names, in the order of the outputs; empty for a regression."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """A head that corrects, and how it came about."""

    head: nn.Module
    """Stands where the trained one stood, which it holds: a registered head, so that a run can save it."""
    report: Mapping[str, Any] = field(default_factory=dict)
    """What was estimated and decided, as plain JSON types."""
    told: str = ""
    """The same in a line, for people."""
    warnings: Sequence[str] = ()
    """What a reader of the scores should know."""
