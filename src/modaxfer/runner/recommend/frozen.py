"""What strategy ``frozen`` would say of rows that it was not fitted to: its whole search is made anew in each fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from modaxfer.contracts import Features, Fitted, LayerFeatures, SolverContext
from modaxfer.heads.classical import fit
from modaxfer.heads.classical.folds import inner_folds
from modaxfer.heads.search_options import SearchOptions
from modaxfer.runner.model.tower import read_out
from modaxfer.runner.session import Predictions, TaskSession

__all__ = ["Said", "joined", "outer_folds", "said_frozen"]

FOLDS, FEW_FOLDS, MANY_ROWS = 5, 3, 600
"""Folds of rows that few or many (from so many on) are known of."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What is said of rows by a model that has not seen them."""

    train: Predictions | None
    """Of the training rows, each by a fit to other folds; None where only a model of all of them was made."""
    validation: Predictions
    seconds: float = 0.0
    """What it took."""


def outer_folds(targets: np.ndarray, groups: np.ndarray | None, seed: int) -> np.ndarray:
    """Return int ``[rows]``: the fold in which each training row is held out, the same for everything compared."""
    count = FOLDS if len(targets) < MANY_ROWS else FEW_FOLDS
    return inner_folds(targets, count, groups=groups, seed=seed)


def said_frozen(session: TaskSession, classes: tuple[str, ...], options: SearchOptions) -> tuple[Said, Fitted]:
    """Predict training rows fold by fold and validation rows from all of train, and fit what would be kept.

    Args:
        session: Of the candidate, with its training and validation rows encoded.
        classes: Class names.
        options: Of strategy ``frozen``.

    Returns:
        The predictions, and the fit to all training rows, whose report says which layer was chosen.
    """
    import time

    started = time.monotonic()
    train, validation = (session.layers[name][0].pools for name in ("train", "validation"))
    targets, groups = session.splits["train"].targets, session.groups
    folds = outer_folds(targets, groups, session.seed)
    parts: list[tuple[np.ndarray, Predictions]] = []
    for fold in range(int(folds.max()) + 1):
        known, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        fitted = _fit(
            session, classes, options, train[known], targets[known], None if groups is None else groups[known]
        )
        parts.append((held, _predicted(session, fitted, train[held])))
    whole = _fit(session, classes, options, train, targets, groups)
    said = Said(
        train=joined(parts, len(targets)),
        validation=_predicted(session, whole, validation),
        seconds=time.monotonic() - started,
    )
    return said, whole


def joined(parts: list[tuple[np.ndarray, Predictions]], rows: int) -> Predictions:
    """Return predictions of parts of the rows in the order of the rows."""
    order = np.argsort(np.concatenate([held for held, _ in parts]), kind="stable")
    assert len(order) == rows, "each row is held out once"
    scores = [made.scores for _, made in parts]
    return Predictions(
        predictions=np.concatenate([made.predictions for _, made in parts])[order],
        scores=None if any(each is None for each in scores) else np.concatenate(scores)[order],  # type: ignore[arg-type]
    )


def _fit(
    session: TaskSession,
    classes: tuple[str, ...],
    options: SearchOptions,
    pools: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray | None,
) -> Fitted:
    context = SolverContext(
        features={"target": (LayerFeatures(train=pools, groups=groups),)},
        targets={"target": {"train": targets}},
        problem=session.problem,
        classes=classes,
        seed=session.seed,
        judge=session.judge,
        class_weight=session.train.class_weight,
    )
    return fit(context, options)


def _predicted(session: TaskSession, fitted: Fitted, pools: np.ndarray) -> Predictions:
    (readout,) = fitted.readouts
    vectors = read_out(torch.from_numpy(np.ascontiguousarray(pools)), readout)
    with torch.inference_mode():
        outputs: Any = fitted.head(Features(pooled=vectors.float())).float()
    predictions, scores = (fitted.criterion or session.criterion).decode(outputs)
    return Predictions(predictions=predictions, scores=scores)
