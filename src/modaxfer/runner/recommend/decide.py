"""What to do: how each option compares with the surest one, shrunk by how little is known, and which is worth its time.

Options are compared in pairs on the rows that both have been held out on. A difference that few rows show is mostly
chance: it is shrunk towards none as the mean of a normal distribution is by its prior (James & Stein 1961).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from modaxfer.metrics import CostMatrix, Scored, bootstrap, paired_difference, score_bounds
from modaxfer.metrics.choice import direction
from modaxfer.runner.model.decision import Decision
from modaxfer.runner.recommend.frozen import Said

__all__ = ["SIMPLE", "Compared", "Judgement", "Option", "Shown", "best_first", "choose", "compare_options"]

SIMPLE = "simple"
"""Strategy of the simple bar, which has no encoder."""

WITHIN, BETWEEN = 0.05, 0.1
"""How far strategies of one encoder, or encoders, typically differ in a metric that has a greatest value; of others in
shares of the score itself."""

WORTH = 0.01
"""A difference below which the cheaper option is taken, in the same measure."""

NORMAL = 1.96
RESAMPLES = 1000


@dataclass(frozen=True, kw_only=True)
class Option:
    """One thing that could be done."""

    encoder: str
    """As ``--encoder`` takes it; empty for the simple bar."""
    strategy: str
    said: Said
    seconds: float
    """What the whole run would take."""
    share: float = 1.0
    """Of its steps, those that it was tried with."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The rows on which options were held out."""

    problem: str
    metric: str
    train: np.ndarray
    """Targets."""
    validation: np.ndarray
    groups: np.ndarray | None = None
    """int ``[rows]`` of train: rows that belong together."""
    tested: int = 0
    """Rows of the test split, which nobody has looked at."""
    seed: int = 0
    cost: CostMatrix = ()
    """What mistakes cost, for a metric that reads it."""
    decision: Decision = field(default_factory=Decision)
    """What is asked for to be decided by: costs, or a threshold that is given."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """An option beside the one that is surest."""

    option: Option
    expected: float
    """The score that is expected on the test split."""
    low: float
    high: float
    """95 % interval of the score on a test split of that size."""
    difference: float
    """Measured, from the surest; positive is better, whichever direction the metric has."""
    difference_low: float
    difference_high: float
    rows: int
    """On so many rows."""

    @property
    def evidence(self) -> bool:
        """Whether there is any of a difference from the surest."""
        return self.difference_low > 0 or self.difference_high < 0


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """All options, the best first by what is expected, and the one that is recommended."""

    compared: Sequence[Compared]
    chosen: Compared
    surest: Compared
    """What the others are compared with: of those held out on all known rows the best."""
    trained: Compared | None
    """The best that `modaxfer train` can make, where `chosen` is the simple bar; None where there is none."""


def compare_options(options: Sequence[Option], shown: Shown) -> Judgement:
    """Compare `options` on the rows that they share, and choose.

    Raises:
        ValueError: There is no option.
    """
    sure = [option for option in options if option.said.train is not None] or list(options)
    surest = max(sure, key=lambda option: _score(option, shown) * _sign(shown))
    compared = [_compared(option, surest, shown) for option in options]
    compared.sort(key=lambda each: (-_sign(shown) * each.expected, each.option.seconds))
    encoders = [each for each in compared if each.option.strategy != SIMPLE]
    return Judgement(
        compared=compared,
        chosen=choose(compared, shown),
        surest=next(each for each in compared if each.option is surest),
        trained=choose(encoders, shown) if encoders else None,
    )


def best_first(options: Sequence[Option], shown: Shown) -> list[Option]:
    """Return options by their score on the rows that they were held out on."""
    return sorted(options, key=lambda option: -_sign(shown) * _score(option, shown))


def choose(compared: Sequence[Compared], shown: Shown) -> Compared:
    """Return the cheapest of those that are expected to be about as good as the best."""
    best = max(_sign(shown) * each.expected for each in compared)
    worth = WORTH * _unit(best, shown)
    good = [each for each in compared if _sign(shown) * each.expected >= best - worth]
    return min(good, key=lambda each: (each.option.seconds, -_sign(shown) * each.expected))


def _compared(option: Option, surest: Option, shown: Shown) -> Compared:
    whole = option.said.train is not None and surest.said.train is not None
    reference, low, high = _scored(surest, shown)
    rows = len(shown.validation) + (len(shown.train) if whole else 0)
    measured = (0.0, 0.0, 0.0) if option is surest else _difference(option, surest, shown, whole=whole)
    spread = (WITHIN if option.encoder == surest.encoder else BETWEEN) * _unit(reference, shown)
    error = (measured[2] - measured[1]) / (2 * NORMAL)
    kept = 1.0 if option is surest else spread**2 / max(spread**2 + error**2, 1e-12)
    if not math.isfinite(kept):
        kept = 0.0
    expected = reference + _sign(shown) * kept * (measured[0] if math.isfinite(measured[0]) else 0.0)
    own = (high - low) / (2 * NORMAL)
    known = len(shown.validation) + (len(shown.train) if surest.said.train is not None else 0)
    new = own * math.sqrt(known / shown.tested) if shown.tested else 0.0
    half = NORMAL * math.sqrt(own**2 + new**2 + (0.0 if option is surest else kept * error**2))
    bounds = score_bounds(shown.metric)
    return Compared(
        option=option,
        expected=float(np.clip(expected, *bounds)),
        low=float(np.clip(expected - half, *bounds)),
        high=float(np.clip(expected + half, *bounds)),
        difference=measured[0],
        difference_low=measured[1],
        difference_high=measured[2],
        rows=rows,
    )


def _scored(option: Option, shown: Shown) -> tuple[float, float, float]:
    references, scored, clusters = _rows(option, shown, whole=option.said.train is not None)
    given: dict[str, Any] = {"predictions": scored.predictions, "scores": scored.scores, "cost": shown.cost}
    interval = bootstrap(
        [shown.metric], problem=shown.problem, references=references, **given, resamples=RESAMPLES, seed=shown.seed,
        clusters=clusters,
    )[shown.metric]  # fmt: skip
    return _score(option, shown), interval.low, interval.high


def _score(option: Option, shown: Shown) -> float:
    from modaxfer.metrics import compute

    references, scored, _ = _rows(option, shown, whole=option.said.train is not None)
    return compute(
        (shown.metric,), problem=shown.problem, references=references, predictions=scored.predictions,
        scores=scored.scores, cost=shown.cost,
    )[shown.metric]  # fmt: skip


def _difference(option: Option, surest: Option, shown: Shown, *, whole: bool) -> tuple[float, float, float]:
    """Return the measured difference and its 95 % interval, positive is better."""
    references, mine, clusters = _rows(option, shown, whole=whole)
    theirs = _rows(surest, shown, whole=whole)[1]
    found = paired_difference(
        references, mine, theirs, shown.metric, problem=shown.problem, cost=shown.cost, resamples=RESAMPLES,
        seed=shown.seed, clusters=clusters,
    )  # fmt: skip
    low, high = sorted((_sign(shown) * found.low, _sign(shown) * found.high))
    return _sign(shown) * found.value, low, high


def _rows(option: Option, shown: Shown, *, whole: bool) -> tuple[np.ndarray, Scored, np.ndarray | None]:
    """Return targets, what an option says of them, and which rows belong together."""
    said = option.said
    if not whole or said.train is None:
        return shown.validation, _decided(shown, said.validation.predictions, said.validation.scores), None
    scores = [said.train.scores, said.validation.scores]
    clusters = None
    if shown.groups is not None:
        first = int(shown.groups.max()) + 1
        clusters = np.concatenate([shown.groups, np.arange(first, first + len(shown.validation))])
    return (
        np.concatenate([shown.train, shown.validation]),
        _decided(
            shown,
            np.concatenate([said.train.predictions, said.validation.predictions]),
            None if any(each is None for each in scores) else np.concatenate(scores),  # type: ignore[arg-type]
        ),
        clusters,
    )


def _decided(shown: Shown, predictions: np.ndarray, scores: np.ndarray | None) -> Scored:
    return Scored(predictions=shown.decision.predicted(predictions, scores), scores=scores)


def _sign(shown: Shown) -> int:
    return direction(shown.metric)


def _unit(score: float, shown: Shown) -> float:
    """Return what a difference is measured in: a metric that ends at 1 or so in itself, another in the score's size."""
    return 1.0 if math.isfinite(score_bounds(shown.metric)[1]) else abs(score)
