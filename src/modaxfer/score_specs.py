"""What judges, as plain data: metrics and validators; plugins import both from `modaxfer.spec`."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MetricSpec", "ValidatorSpec"]


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """A score: `target(references, predictions, scores)` returns a float."""

    name: str
    target: str
    problems: tuple[str, ...]
    """Problems that it applies to; further ones may name it themselves."""
    greater_is_better: bool = True
    needs_scores: bool = False
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class ValidatorSpec:
    """What chooses the best epoch of a phase: a `modaxfer.contracts.Validator`.

    Strategies that adapt offer it by name, ``--set validator=NAME``, and every run of theirs is judged by all of them;
    it is built as ``target(context)`` with `modaxfer.contracts.ValidatorContext`.
    """

    name: str
    target: str
    needs_labels: bool = False
    """Whether it needs labels of the source, as its class says too."""
    summary: str = ""
