"""What judges, as plain data: metrics, validators, transferability scores; plugins import them from `spec`."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["MetricSpec", "TransferabilitySpec", "ValidatorSpec"]


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """A score: `target(references, predictions, scores)` returns a float."""

    name: str
    target: str
    problems: tuple[str, ...]
    """Problems that it applies to; further ones may name it themselves."""
    greater_is_better: bool = True
    needs_scores: bool = False
    needs_cost: bool = False
    """Whether `target` takes a fourth argument, `cost`: what mistakes cost, a `modaxfer.metrics.CostMatrix`."""
    needs_groups: bool = False
    """Whether `target` takes a keyword `groups`: str ``[rows]``, the value of the column of ``--group-by`` in each row.

    Such a metric never decides: a model that says the same of every row treats all groups alike."""
    threshold: tuple[str, ...] = ()
    """Problems in which decisions for it are made at a threshold that validation rows choose, where it decides."""
    bounds: tuple[float, float] = (-math.inf, math.inf)
    """The least and the greatest value that it can have; what is expected of it is never said to lie beyond."""
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


@dataclass(frozen=True, kw_only=True)
class TransferabilitySpec:
    """What judges an encoder for a task before anything is trained: a `modaxfer.contracts.Transferability`.

    `target(encoded)` is given `modaxfer.contracts.Encoded` and returns `modaxfer.contracts.Judged`.
    """

    name: str
    target: str
    links: tuple[str, ...]
    """Links of the outputs that it can judge, see `ProblemSpec.link`."""
    default: bool = False
    """Whether a recommendation asks it where no score is named."""
    predicts: bool = False
    """Whether its value is the metric that decides, on rows that were not fitted: a promise, and not a rank alone."""
    needs_source_head: bool = False
    """Whether it reads what the checkpoint's own head says of the rows, `modaxfer.contracts.Encoded.source_outputs`."""
    summary: str = ""
