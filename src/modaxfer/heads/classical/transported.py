"""Optimal transport: each source row goes to where the target's rows are, rows of one class together."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from modaxfer.contracts import Features, Fitted, Readout, SolverContext
from modaxfer.errors import RunFailedError
from modaxfer.heads.classical.features import View
from modaxfer.heads.classical.moved import Move, Pair, fit_moved, pair_of
from modaxfer.heads.classical.search import fit as fit_plainly
from modaxfer.heads.search_options import SearchOptions
from modaxfer.heads.transport_options import TransportOptions
from modaxfer.metrics.priors import Priors, priors

__all__ = ["fit", "transport"]

MOST_ROWS = 2000
"""Rows of each domain that a plan of transport is computed for, drawn at random: it is as large as their product."""


def fit(context: SolverContext, options: TransportOptions) -> Fitted:
    """Fit a head to source rows that were transported; before that, look whether the classes' shares have moved.

    Transport keeps masses: where a class is rarer in the target, rows of it are carried to another class.

    Args:
        context: Of a labelled stream and one whose labels are hidden.
        options: The user's settings.

    Raises:
        RefusedError: The streams are others, or there is no such layer.
        RunFailedError: The shares have moved too far, or the plan does not converge.
        DataError: No head can be fitted.
    """
    pair = pair_of(context)
    found = _shares(context, pair, options.search)
    told = []
    if found.moved > options.largest_shift:
        line = (
            f"the classes' shares have moved by {found.moved:.2f} (at most {options.largest_shift:.2f} is fine):"
            " optimal transport carries rows of a class that has become rarer to another"
        )
        if options.refuse:
            raise RunFailedError(line, fix="use --strategy label-shift, or leave strategy.refuse_shift out")
        told.append(line)
    mover = partial(transport, entropy=options.entropy, classes=options.classes, seed=context.seed)
    fitted = fit_moved(context, mover, options.search)
    report = {**fitted.report, "shift": round(found.moved, 6)}
    return replace(fitted, report={**report, "left_out": [*report.get("left_out", ()), *told]})


def transport(
    source: np.ndarray, targets: np.ndarray, target: np.ndarray, *, entropy: float, classes: float, seed: int
) -> tuple[Move, Mapping[str, Any]]:
    """Return the barycentric map of the plan of least cost, with entropy and a group lasso by class.

    Rows that the plan was not computed for go as far as their nearest source row of it.

    Args:
        source: Source vectors, float64 ``[rows, width]``.
        targets: Their classes, int64 ``[rows]``.
        target: Target vectors, float64 ``[other rows, width]``.
        entropy: Weight of the entropy, in medians of the squared distance.
        classes: Weight of the group lasso, in the same unit.
        seed: Draws rows where there are more than `MOST_ROWS`.

    Source: Courty et al. 2017, "Optimal transport for domain adaptation", section 4.2; computed by POT.
    """
    import ot

    generator = np.random.default_rng(seed)
    own, other = (_drawn(len(vectors), generator) for vectors in (source, target))
    made = ot.da.SinkhornL1l2Transport(reg_e=entropy, reg_cl=classes, norm="median")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made.fit(Xs=source[own], ys=targets[own], Xt=target[other])

    def move(vectors: np.ndarray) -> np.ndarray:
        moved: np.ndarray = made.transform(Xs=vectors)
        if not np.isfinite(moved).all():
            raise RunFailedError(
                "the plan of optimal transport is no number", fix="raise --set strategy.entropy=X: it smooths the plan"
            )
        return moved

    return move, {"by": "ot", "rows": [len(own), len(other)], "converged": not caught}


def _drawn(rows: int, generator: np.random.Generator) -> np.ndarray:
    if rows <= MOST_ROWS:
        return np.arange(rows)
    return np.sort(generator.choice(rows, MOST_ROWS, replace=False))


def _shares(context: SolverContext, pair: Pair, search: SearchOptions) -> Priors:
    """Return the classes' shares, by what a head that is fitted to the source alone says (BBSE)."""
    alone = replace(context, features={"source": (pair.source,)}, targets={"source": pair.targets})
    plain = fit_plainly(alone, search)
    held_out = pair.source.validation
    assert held_out is not None, "a source has validation rows"
    targets, (readout,) = pair.targets["validation"], plain.readouts
    said, unlabelled = (_shares_of(plain, features, readout) for features in (held_out, pair.target.train))
    known = targets >= 0
    return priors(said[known], targets[known], unlabelled, "bbse")


def _shares_of(fitted: Fitted, features: np.ndarray, readout: Readout) -> np.ndarray:
    pooled = View(layers=readout.layers, weights=readout.weights, pooling=readout.pooling).read(features)
    with torch.inference_mode():
        shares: np.ndarray = fitted.head.eval()(Features(pooled=pooled)).double().softmax(1).numpy()
    return shares
