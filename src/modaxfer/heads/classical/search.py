"""Choose layer, pooling, reduction, head and its setting by inner validation, then fit the choice on all of train."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from modaxfer.contracts import Features, Fitted
from modaxfer.errors import DataError
from modaxfer.heads.classical.cut import Cut, FitTargets
from modaxfer.heads.classical.family import head_named
from modaxfer.heads.classical.features import View
from modaxfer.heads.classical.reduction import reduce_linearly, train_code
from modaxfer.heads.classical.sample import Sample, refuse_unfinite
from modaxfer.heads.classical.space import Space, UnsolvableError
from modaxfer.heads.classical.views import Scout
from modaxfer.heads.reduced import ReducedHead
from modaxfer.heads.search_options import heads_for, refuse_reduction
from modaxfer.registry import problem_spec
from modaxfer.threads import suitable_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from torch import nn

    from modaxfer.contracts import SolverContext
    from modaxfer.heads.classical.trial import HeldOut, Trial
    from modaxfer.heads.search_options import SearchOptions

__all__ = ["fit", "fit_best", "fit_to_tune", "search"]


def fit(context: SolverContext, options: SearchOptions) -> Fitted:
    """Fit a classical head on frozen features.

    Candidates are scored on rows that their fit, scaler and reduction have not seen: inner folds of train, plus the
    validation split. The chosen one is fitted again on train alone. Test rows are never looked at.

    Args:
        context: Of one stream and one encoder, with targets of train and, where there are such features, of
            validation; its problem has a link.
        options: The user's settings.

    Raises:
        RefusedError: A head or reduction that is asked for does not fit the problem, there is no such layer, or there
            is more than one stream or encoder.
        DataError: There are too few rows for inner folds, features are not finite, or no head can be fitted to them.
    """
    return _fitted(context, options, Space.standardised)


def fit_to_tune(context: SolverContext, options: SearchOptions) -> Fitted:
    """Fit a classical head that is trained on, with the body beneath it (LP-FT, Kumar et al. 2022).

    As `fit`, but with one scale for all features, see `modaxfer.heads.classical.space.Space.of_one_scale`: the smallest
    step of the body moves features in every direction, so that a head with large weights for those that hardly differ
    between rows would be thrown off by it. Of a logistic head on n rows with `outputs` classes this bounds the norm of
    the weights by ``sqrt(2 C n log(outputs)) / scale``.

    Raises:
        RefusedError, DataError: As `fit`.
    """
    return _fitted(context, options, Space.of_one_scale)


def _fitted(context: SolverContext, options: SearchOptions, scaling: Callable[[Cut], Space]) -> Fitted:
    started = time.perf_counter()
    features, targets = context.only()
    refuse_reduction(options.reduction, problem_spec(context.problem))
    refuse_unfinite(features)
    sample = Sample.of(context, options.folds)
    held_out = replace(sample.held_out(features, options.components), scaling=scaling)
    left_out: list[str] = []
    with suitable_threads(len(held_out.references), 2 * features.train.shape[3]):
        trials = search(held_out, features.layers, options, left_out)
        read = partial(View.of_train, features=features)
        best, head, converged = fit_best(trials, read, sample.train_labels, held_out, left_out)
    report = {
        **best.to_dict(),
        "components": held_out.components if best.reduction != "none" else None,
        "converged": converged,
        "calibrated": best.calibration is not None,
        "rows": len(targets["train"]),
        "search_rows": len(held_out.references),
        "folds": sample.folds,
        "seconds": round(time.perf_counter() - started, 3),
        "candidates": [trial.to_dict() for trial in trials],
        **({"left_out": list(dict.fromkeys(left_out))} if left_out else {}),
    }
    return Fitted(readouts=(best.view.readout,), head=head, criterion=sample.criterion, report=report)


def search(held_out: HeldOut, layers: int, options: SearchOptions, left_out: list[str]) -> list[Trial]:
    """Scout all views by ridge; try all heads on the best one, the winner on the next one, and PCA on the winner's.

    Scouting trials are candidates themselves where an unreduced ridge is allowed. What cannot be fitted is left out and
    noted in `left_out`.

    Raises:
        RefusedError: The head does not fit the problem, or there is no such layer.
        DataError: No head can be fitted to these features.
    """
    heads = heads_for(options.head, held_out.problem)
    scouted = sorted(Scout(held_out, layers, options).run(), key=lambda trial: trial.score, reverse=True)
    view, reduction = scouted[0].view, "none" if options.reduction == "auto" else options.reduction
    candidates = list(scouted) if "ridge" in heads and reduction == "none" else []
    # Where LDA is tried with care, ridge, its sibling, has been tried enough.
    new = [head for head in heads if not (head == "ridge" and "lda" in heads and candidates)]
    space = held_out.space(view)

    def attempt(view: View, space: Space, head: str, reduction: str) -> list[Trial]:
        try:
            return [held_out.best(view, space, head, reduction)]
        except UnsolvableError:
            left_out.append(_unfitted(head, reduction))
            return []

    trials = [trial for head in new for trial in attempt(view, space, head, reduction)]
    if not (trials or candidates):
        raise DataError(
            "no head can be fitted to these features",
            got="; ".join(dict.fromkeys(left_out)),
            fix="give more rows that differ, or leave the choice open: --set strategy.head=auto"
            " --set strategy.reduction=auto",
        )
    best = max([*trials, *candidates[:1]], key=lambda trial: trial.score)
    for other in scouted[1:2] if best.head in new else ():
        trials += attempt(other.view, held_out.space(other.view), best.head, reduction)
    if options.reduction == "auto" and held_out.components < space.components:
        trials += attempt(view, space, best.head, "pca")
    return [*trials, *candidates]


def _unfitted(head: str, reduction: str) -> str:
    behind = "" if reduction in ("none", "auto") else f" behind {reduction}"
    return (
        f"head {head}{behind} is left out of the search: its equations have no solution on these rows"
        " (classes without scatter, or features that hardly vary)"
    )


def fit_best(
    trials: Sequence[Trial],
    read: Callable[[View], torch.Tensor],
    labels: FitTargets,
    held_out: HeldOut,
    left_out: list[str],
) -> tuple[Trial, nn.Module, bool]:
    """Fit the best candidate on all training rows; where that has no solution, the next best.

    Args:
        trials: Candidates.
        read: Returns the features of all training rows by a view, ``[rows, width]``.
        labels: Of these rows.
        held_out: By which the candidates were judged.
        left_out: Is told what could not be fitted.

    Returns:
        The candidate, its head for raw features, and whether its solver converged.

    Raises:
        DataError: None can be fitted.
    """
    for trial in sorted(trials, key=lambda trial: trial.score, reverse=True):
        try:
            return trial, *_final(trial, read(trial.view), labels, held_out)
        except UnsolvableError:
            left_out.append(_unfitted(trial.head, trial.reduction))
    raise DataError(
        "no head can be fitted to all training rows", got="; ".join(dict.fromkeys(left_out)), fix="give more rows"
    )


def _final(best: Trial, raw: torch.Tensor, labels: FitTargets, held_out: HeldOut) -> tuple[nn.Module, bool]:
    """Fit the chosen candidate on all training rows, `raw` ``[rows, width]``."""
    encoder = train_code(raw, held_out.components, held_out.seed) if best.reduction == "autoencoder" else None
    cut = Cut.of(raw if encoder is None else encoder(Features(pooled=raw)), labels, (len(raw), 0))
    space = held_out.scaling(cut)
    if encoder is None:
        space = reduce_linearly(space, best.reduction, held_out.components)
    head, converged = head_named(best.head).fit(space, best.value, held_out.link, best.calibration)
    return (head if encoder is None else ReducedHead(encoder, head)), converged
