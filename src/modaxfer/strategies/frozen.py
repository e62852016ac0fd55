"""Encode once, fit a classical head on the features; nothing of the encoder moves."""

from __future__ import annotations

from dataclasses import dataclass

from modaxfer.config import documented
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import Part, Phase, Plan, PlanContext, Solver
from modaxfer.spec import Problem
from modaxfer.strategies.checks import check_declared

__all__ = ["FrozenOptions", "plan"]


@dataclass(frozen=True, kw_only=True)
class FrozenOptions:
    """Options of strategy ``frozen``; ``auto`` is decided by inner validation."""

    head: str = documented("auto", "Head fitted on the features.", choices=("auto", "logistic", "ridge", "lda", "knn"))
    reduction: str = documented(
        "auto",
        "Reduction before the head; auto tries none and PCA.",
        choices=("auto", "none", "pca", "lda", "autoencoder"),
    )
    layer: str = documented("auto", "Layer read: auto, mix (a weighted sum), last or a number, 0 = embeddings.")
    pooling: str = documented("auto", "How tokens are pooled.", choices=("auto", "cls", "mean", "mean_std"))
    components: int = documented(128, "Dimensions that a reduction leaves, at most.", minimum=1)
    folds: int = documented(4, "Inner folds over the training rows.", minimum=2)


def plan(options: FrozenOptions, context: PlanContext) -> Plan:
    """Return a plan with one phase that is solved, not trained; epochs and learning rate play no part in it.

    Raises:
        ConfigError: An option is out of range.
        RefusedError: Head or reduction do not fit the problem, or a bridge would have to be trained.
    """
    check_declared(options)
    _check_layer(options.layer, context)
    _check_problem(options, context.problem)
    if context.trained_bridge:
        raise RefusedError(
            "strategy frozen trains nothing but a head, and this bridge has to be trained",
            got="frozen",
            allowed="lora, full",
            fix="choose --strategy lora or full, or a bridge without weights",
        )
    solver = Solver(target="modaxfer.heads.classical:fit", options=options)
    return Plan(phases=(Phase(name="solve", trainable=frozenset({Part.HEAD}), solver=solver),))


def _check_layer(layer: str, context: PlanContext) -> None:
    if layer in ("auto", "mix", "last") or (layer.isdecimal() and int(layer) <= context.depth):
        return
    raise ConfigError(
        "strategy.layer is no layer of this encoder",
        got=layer,
        allowed=f"auto, mix, last, 0 (embeddings) to {context.depth}",
        fix="correct the value",
    )


def _check_problem(options: FrozenOptions, problem: Problem) -> None:
    unfit = []
    if problem in (Problem.MULTILABEL, Problem.REGRESSION):
        unfit += [f"{key}=lda" for key in ("head", "reduction") if getattr(options, key) == "lda"]
    if problem is Problem.REGRESSION and options.head == "logistic":
        unfit.append("head=logistic")
    if unfit:
        raise RefusedError(
            f"strategy frozen with {' and '.join(unfit)} does not fit a {problem.value} task",
            got=unfit,
            allowed="head: auto, ridge, knn" + ("" if problem is Problem.REGRESSION else ", logistic"),
            fix="choose another with --set strategy.head=... or strategy.reduction=...",
        )
