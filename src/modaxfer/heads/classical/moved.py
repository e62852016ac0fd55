"""A head for rows without labels: labelled features are moved to where those of the target lie, and fitted there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from modaxfer.contracts import Fitted, LayerFeatures, SolverContext
from modaxfer.errors import RefusedError
from modaxfer.heads.classical.features import POOLINGS
from modaxfer.heads.classical.search import fit
from modaxfer.heads.search_options import SearchOptions

__all__ = ["Move", "Mover", "Pair", "fit_moved", "pair_of"]

Move = Callable[[np.ndarray], np.ndarray]
"""Where source vectors ``[rows, width]`` come to lie among the target's."""


class Mover(Protocol):
    """Finds a move."""

    def __call__(self, source: np.ndarray, targets: np.ndarray, target: np.ndarray) -> tuple[Move, Mapping[str, Any]]:
        """Return a move and what there is to report of it.

        Args:
            source: Labelled vectors, float64 ``[rows, width]``.
            targets: What they are, as in `modaxfer.contracts.TaskData.targets`.
            target: Vectors without labels, float64 ``[other rows, width]``.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A labelled stream and one whose labels are hidden."""

    source: LayerFeatures
    targets: Mapping[str, np.ndarray]
    """Of the source, by split."""
    target: LayerFeatures


def pair_of(context: SolverContext) -> Pair:
    """Return the two streams of `context`.

    Raises:
        RefusedError: They are not one with labels and one without, of one encoder.
    """
    given = [name for name in context.features if context.targets.get(name)]
    hidden = [name for name in context.features if not context.targets.get(name)]
    if len(given) != 1 or len(hidden) != 1 or len(context.features[given[0]]) != 1:
        raise RefusedError(
            "this solver takes one labelled stream and one whose labels are hidden, of one encoder",
            got=f"{len(given)} labelled, {len(hidden)} hidden",
            fix="correct the plan",
        )
    return Pair(source=context.features[given[0]][0], targets=context.targets[given[0]],
                target=context.features[hidden[0]][0])  # fmt: skip


def fit_moved(context: SolverContext, mover: Mover, options: SearchOptions) -> Fitted:
    """Fit a head to source features that were moved; it reads the target's as they are.

    Args:
        context: Of a labelled stream and one whose labels are hidden.
        mover: Finds the move, for the one view that is read.
        options: Of the search; layer and pooling are named, since a move is of one view.

    Raises:
        RefusedError: The streams are others, or there is no such layer.
        DataError: No head can be fitted.
    """
    pair = pair_of(context)
    layer = _layer(options.layer, pair.source)
    pools = POOLINGS[options.pooling]
    move, told = mover(_read(pair.source.train, layer, pools), pair.targets["train"],
                       _read(pair.target.train, layer, pools))  # fmt: skip
    source = replace(
        pair.source,
        train=_put(pair.source.train, layer, pools, move),
        validation=None if pair.source.validation is None else _put(pair.source.validation, layer, pools, move),
    )
    alone = replace(context, features={"source": (source,)}, targets={"source": pair.targets})
    fitted = fit(alone, replace(options, layer=str(layer)))
    return replace(fitted, report={**fitted.report, "moved": dict(told)})


def _layer(setting: str, features: LayerFeatures) -> int:
    layer = features.layers - 1 if setting == "last" else int(setting)
    if not 0 <= layer < features.layers:
        raise RefusedError(
            "the encoder has no such layer", got=setting, allowed=f"last, 0 to {features.layers - 1}",
            fix="correct --set strategy.layer=...",
        )  # fmt: skip
    return layer


def _read(features: np.ndarray, layer: int, pools: tuple[int, ...]) -> np.ndarray:
    return features[:, layer, list(pools)].reshape(len(features), -1).astype(np.float64)


def _put(features: np.ndarray, layer: int, pools: tuple[int, ...], move: Move) -> np.ndarray:
    """Return one layer of `features` alone in its place, moved; the others, which nobody reads, stay as they are."""
    made = features.astype(np.float32)
    moved = move(_read(features, layer, pools)).astype(np.float32)
    made[:, layer, list(pools)] = moved.reshape(len(features), len(pools), -1)
    return made
