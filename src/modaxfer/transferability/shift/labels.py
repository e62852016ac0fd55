"""How much more often the target has one class, or larger numbers, than the source."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.registry import problem_spec
from modaxfer.transferability.shift.effects import Part, effect, if_equal, resamples

if TYPE_CHECKING:
    from modaxfer.contracts import Encoded
    from modaxfer.transferability.shift.pair import PairOfTasks

__all__ = ["label_part"]


def label_part(pair: PairOfTasks) -> Part:
    """Return how the shares of classes, or numbers, differ; classes are matched by name."""
    links = [problem_spec(each.problem).link for each in (pair.source, pair.target)]
    if links[0] != links[1] or not links[0]:
        return Part(left_out=f"targets of another kind: {pair.source.problem} and {pair.target.problem}")
    if links[0] == "identity":
        return _numbers(pair)
    names = [*dict.fromkeys([*pair.source.classes, *pair.target.classes])]
    if not set(pair.source.classes) & set(pair.target.classes):
        return Part(left_out="the tasks have no class in common")
    return _classes(pair, [_columns(each, names) for each in (pair.source, pair.target)], names)


def _columns(encoded: Encoded, names: list[str]) -> np.ndarray:
    """Return 0/1 ``[rows, names]``."""
    place = [names.index(name) for name in encoded.classes]
    whole = np.zeros((len(encoded.targets), len(names)))
    if encoded.targets.ndim == 2:
        whole[:, place] = encoded.targets
    else:
        whole[np.arange(len(whole)), np.array(place)[encoded.targets]] = 1
    return whole


def _classes(pair: PairOfTasks, sides: list[np.ndarray], names: list[str]) -> Part:
    one_class = pair.source.targets.ndim == 1
    drawn = []
    for side, rows in enumerate(sides):
        weights = _weights(pair, side)
        drawn.append(weights @ rows / weights.sum(1)[:, None])
    shares = [rows.mean(0) for rows in sides]
    most = np.abs(shares[1] - shares[0]).argmax()
    measures = {
        "total variation": (
            _variation if one_class else _mean_variation,
            "share of rows that would have to change class" if one_class else "mean difference of a label's share",
        ),
        "effect size w": (
            _strength if one_class else _mean_strength,
            "root of chi-squared per row of equally large tasks (Cohen 1988): .1 is small, .3 medium, .5 large",
        ),
    }
    effects = tuple(
        effect(name, float(measure(*shares)), measure(*drawn), meaning, _by_chance(pair, sides, measure))
        for name, (measure, meaning) in measures.items()
    )
    note = f"most of it: {names[most]!r}, {shares[0][most]:.3f} of the source, {shares[1][most]:.3f} of the target"
    return Part(effects=effects, notes=(note,))


def _by_chance(
    pair: PairOfTasks, sides: list[np.ndarray], measure: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> float:
    rows, domain = np.concatenate(sides), np.repeat([0, 1], [len(each) for each in sides])

    def dealt_out(dealt: np.ndarray) -> float:
        return float(measure(rows[dealt == 0].mean(0), rows[dealt == 1].mean(0)))

    return if_equal(dealt_out, domain, _all_groups(pair), pair.source.seed)


def _numbers(pair: PairOfTasks) -> Part:
    sides = [np.asarray(each.targets, float) for each in (pair.source, pair.target)]
    drawn = [_weighted_moments(each, _weights(pair, side)) for side, each in enumerate(sides)]
    once = [_weighted_moments(each, np.ones((1, len(each)))) for each in sides]
    return Part(
        effects=(
            effect(
                "effect size d",
                float(_difference(*once)[0]),
                _difference(*drawn),
                "target's mean less the source's, in deviations (Cohen 1988): .2 is small, .5 medium, .8 large",
            ),
        )
    )


def _weighted_moments(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    total = weights.sum(1)
    mean = weights @ values / total
    return np.stack([mean, weights @ np.square(values) / total - np.square(mean)])


def _difference(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    pooled = np.sqrt(np.maximum((source[1] + target[1]) / 2, np.finfo(float).tiny))
    found: np.ndarray = (target[0] - source[0]) / pooled
    return found


def _variation(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(source - target).sum(-1) / 2)


def _mean_variation(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(source - target).mean(-1))


def _strength(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return ``sqrt(chi2 / rows)`` of the table of classes in two tasks of the same size."""
    expected = np.maximum((source + target) / 2, np.finfo(float).tiny)
    return np.asarray(np.sqrt((np.square((source - target) / 2) / expected).sum(-1)))


def _mean_strength(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the mean over labels, each of which is there or not."""
    there_or_not = [np.stack([each, 1 - each], -1) for each in (source, target)]
    return np.asarray(_strength(*there_or_not).mean(-1))


def _weights(pair: PairOfTasks, side: int) -> np.ndarray:
    encoded = (pair.source, pair.target)[side]
    return resamples(len(encoded.targets), encoded.groups, pair.source.seed + side)


def _all_groups(pair: PairOfTasks) -> np.ndarray | None:
    if pair.source.groups is None and pair.target.groups is None:
        return None
    whole = [
        np.arange(len(each.targets)) if each.groups is None else np.unique(each.groups, return_inverse=True)[1]
        for each in (pair.source, pair.target)
    ]
    return np.concatenate([whole[0], whole[1] + whole[0].max() + 1])
