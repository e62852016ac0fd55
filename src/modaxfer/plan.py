"""Declarative transfer plans. A strategy writes one; the runner reads it and never asks who wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from modaxfer.spec import Problem, Rates

__all__ = [
    "AdapterSpec",
    "After",
    "Fusion",
    "Part",
    "Phase",
    "Plan",
    "PlanContext",
    "Sharing",
    "Solver",
]


class Part(StrEnum):
    """A part of the model under a plan, by what can be trained separately."""

    BRIDGE = "bridge"
    EMBEDDINGS = "embeddings"
    BODY = "body"
    NORM = "norm"
    """Layer norms of the body, where it has any; they move with the body, and can move alone."""
    ADAPTER = "adapter"
    HEAD = "head"


@dataclass(frozen=True, kw_only=True)
class AdapterSpec:
    """What peft attaches, and where. `options` go to the peft config of `method` as they are."""

    method: str = "lora"
    targets: tuple[str, ...] = ()
    """Module names inside the body; at least one must match."""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Solver:
    """A head fitted in closed form instead of by gradient.

    `target` names ``fit(features, targets, problem, classes, seed, options) -> modaxfer.heads.classical.Fitted``.
    """

    target: str
    options: Any = None


@dataclass(frozen=True, kw_only=True)
class Fusion:
    """How the features of several encoders become one prediction.

    `head` names a registered head, built as ``target(widths=, outputs=, dropout=, options=)``, that takes ``[batch, n +
    sum(widths)]``: first one number per encoder, 1 where its fields are there and 0 where they are missing, then their
    features.
    """

    head: str = "modaxfer/fusion"
    options: Mapping[str, Any] = field(default_factory=dict)
    segments: int = 0
    """0: one pooled vector per encoder. k: the mean of each k-th part of its real tokens, ``[k * hidden]``."""


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """How several tasks share one encoder."""

    temperature: float = 2.0
    """A task of n rows is drawn with a chance in proportion to ``n ** (1 / temperature)``; 1 = by size."""
    weighting: str = "sum"
    """``sum`` (all losses count alike) or ``uncertainty`` (learned weights, Kendall et al. 2018)."""
    alone: bool = True
    """Whether each task is trained by itself as well, to say what sharing gained or harmed."""


@dataclass(frozen=True, kw_only=True)
class After:
    """What becomes of the weights when all phases are done.

    `target` names ``choose(ends, options) -> modaxfer.contracts.Chosen``, with `modaxfer.contracts.Ends`.
    """

    name: str
    target: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One stretch of training with a fixed set of moving parts."""

    trainable: frozenset[Part]
    name: str = "train"
    epochs: float = 1.0
    learning_rates: Mapping[Part, float] = field(default_factory=dict)
    """Peak learning rate of each trainable part."""
    layer_decay: float = 1.0
    """Layer i learns at rate times ``layer_decay ** (depth - 1 - i)``; embeddings count as one below layer 0."""
    from_layer: int = 0
    """Layers below this one stay frozen even where the body is trainable (embeddings too, unless it is 0)."""
    keep: int = 1
    """Best epochs whose weights are kept, at most, for what comes after the last phase."""
    solver: Solver | None = None

    def __post_init__(self) -> None:
        missing = self.trainable - set(self.learning_rates) if self.solver is None else set()
        if missing:
            raise ValueError(f"phase {self.name!r}: no learning rate for {sorted(missing)}")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything the runner needs to know of a strategy."""

    phases: tuple[Phase, ...]
    adapter: AdapterSpec | None = None
    head: str = "modaxfer/linear"
    """A registered head for the features of a single encoder; see `modaxfer.spec.HeadSpec`."""
    head_options: Mapping[str, Any] = field(default_factory=dict)
    """Keywords for the head beside width, outputs and dropout."""
    after: tuple[After, ...] = ()
    """Ends in weight space, one after the other; a plan of one task that is trained by gradient may have them."""
    fusion: Fusion | None = None
    """Set by a strategy of several encoders."""
    sharing: Sharing | None = None
    """Set by a strategy of several tasks."""


@dataclass(frozen=True, kw_only=True)
class PlanContext:
    """What a strategy may know when it writes its plan: sizes and safe rates, no names, no files."""

    rates: Rates
    depth: int
    """Layers of the encoder's body."""
    lora_targets: tuple[str, ...]
    problem: Problem
    rows: int
    """Training rows."""
    batch_size: int
    epochs: float | None = None
    """The user's wish; None leaves it to the strategy."""
    learning_rate: float | None = None
    """The user's wish for the main peak rate; None leaves it to the strategy."""
    trained_bridge: bool = False
    """Whether a bridge has weights that must be trained."""
    pretrained: bool = True
    """Whether the encoder's weights are pretrained; a random body has nothing worth freezing."""
