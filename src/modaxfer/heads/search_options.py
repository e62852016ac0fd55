"""What a search for a classical head may be asked for; strategies offer it, solvers heed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.registry import registry

if TYPE_CHECKING:
    from modaxfer.registry import Entry
    from modaxfer.spec import ProblemSpec

__all__ = ["SEARCH_ROWS", "WAYS", "FusedSearch", "SearchOptions", "check_layer", "heads_for", "refuse_reduction"]

KIND = "classical head"

SEARCH_ROWS = 6000
"""Choices are made on at most this many training rows, drawn at random; the chosen head is fitted on all."""

WAYS = ("part", "vote", "stack", "concat")
"""Ways to make one prediction of several encoders, the simplest first: the best encoder's own head, the mean of all, a
head on what each says, a head on the features of all."""


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """Settings of the search; ``auto`` is decided by inner validation."""

    head: str = documented("auto", "Head fitted on the features: auto or one of `modaxfer list classical_heads`.")
    reduction: str = documented(
        "auto",
        "Reduction before the head; auto tries none and PCA.",
        choices=("auto", "none", "pca", "lda", "autoencoder"),
    )
    layer: str = documented("auto", "Layer read: auto, mix (a weighted sum), last or a number, 0 = embeddings.")
    pooling: str = documented("auto", "How tokens are pooled.", choices=("auto", "cls", "mean", "mean_std"))
    components: int = documented(128, "Dimensions that a reduction leaves, at most.", minimum=1)
    folds: int = documented(4, "Inner folds over the training rows.", minimum=2)


@dataclass(frozen=True, kw_only=True)
class FusedSearch(SearchOptions):
    """Settings of the search over several encoders: those of each one's own search, and how they are joined."""

    among: tuple[str, ...] = documented(
        WAYS,
        "how=auto: ways to join that are chosen among: the best part's own head, the mean of all, a head on what "
        "each says, a head on the features of all.",
    )


def heads_for(setting: str, problem: ProblemSpec) -> tuple[str, ...]:
    """Return the heads to try, in the order of their registration: those of the framework cheapest first.

    Args:
        setting: ``auto``, or the name of one.
        problem: Whose link they have to fit.

    Raises:
        UnknownNameError: There is no such head.
        RefusedError: The head that is asked for does not fit the problem.
    """
    fit = [entry for entry in registry().all(KIND) if problem.link in entry.spec.links]
    if setting == "auto":
        return tuple(registry().shown(entry) for entry in fit if entry.spec.tried)
    asked: Entry = registry().get(KIND, setting)
    if asked not in fit:
        raise RefusedError(
            f"the head {setting} does not fit a {problem.name} task",
            got=setting,
            allowed=("auto", *map(registry().shown, fit)),
            fix="choose another with --set strategy.head=...",
        )
    return (registry().shown(asked),)


def refuse_reduction(reduction: str, problem: ProblemSpec) -> None:
    """Refuse an LDA reduction where there are no classes to tell apart.

    Raises:
        RefusedError: As said.
    """
    if reduction == "lda" and problem.link != "softmax":
        raise RefusedError(
            f"an LDA reduction does not fit a {problem.name} task",
            got=reduction,
            allowed=("auto", "none", "pca", "autoencoder"),
            fix="choose another with --set strategy.reduction=...",
        )


def check_layer(layer: str, depth: int) -> None:
    """Check that `layer` is ``auto``, ``mix``, ``last`` or the number of a layer of a body of `depth` layers.

    Raises:
        ConfigError: It is none of these.
    """
    if layer in ("auto", "mix", "last") or (layer.isdecimal() and int(layer) <= depth):
        return
    raise ConfigError(
        "strategy.layer is no layer of this encoder",
        got=layer,
        allowed=f"auto, mix, last, 0 (embeddings) to {depth}",
        fix="correct the value",
    )
