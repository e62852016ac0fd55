"""Level 3: a metric is a number with a direction and bounds, whatever the order of the rows."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.registry import problem_name
from modaxfer.testing.check import Level, check, fail, skip
from modaxfer.testing.material.scored_rows import ScoredRows, blurred, scored_rows

if TYPE_CHECKING:
    from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

_DRAWS = 6
_TOLERANCE = 1e-6


@check(Level.CONTRACT, "metric")
def is_a_float(subject: Subject) -> None:
    """It returns one number, a float."""
    for problem, right in _problems(subject):
        value = _called(subject, right)
        if not isinstance(value, float | np.floating):
            fail(
                f"it returned no float for rows of {problem}",
                got=f"{type(value).__name__} {value!r}"[:200],
                allowed="a float; nan where the references leave it undefined",
                fix="end with return float(value)",
            )


@check(Level.CONTRACT, "metric")
def perfect_is_best(subject: Subject) -> None:
    """Perfect predictions have the best value that the bounds allow."""
    spec = subject.spec
    best = spec.bounds[1] if spec.greater_is_better else spec.bounds[0]
    if not math.isfinite(best):
        skip("its bounds have no best value")
    for problem, right in _problems(subject):
        value = _value(subject, right)
        if not abs(value - best) < _TOLERANCE:
            fail(
                f"perfect predictions of {problem} do not have the best value",
                got=value,
                allowed=f"{best:g}, of bounds {spec.bounds} with greater_is_better={spec.greater_is_better}",
                fix="correct bounds or greater_is_better in its spec, or the score",
            )


@check(Level.CONTRACT, "metric")
def stays_in_its_bounds(subject: Subject) -> None:
    """Right, shuffled and constant predictions have values within the bounds."""
    least, greatest = subject.spec.bounds
    for problem, right in _problems(subject):
        for name, said in (("right", right), ("shuffled", blurred(right, 1.0, 0)), ("constant", _constant(right))):
            value = _value(subject, said)
            if not (math.isnan(value) or least - _TOLERANCE <= value <= greatest + _TOLERANCE):
                allowed = f"{least:g} to {greatest:g}"
                fail(
                    f"{name} predictions of {problem} are beyond its bounds",
                    got=value,
                    allowed=allowed,
                    fix="widen them",
                )


@check(Level.CONTRACT, "metric")
def constant_is_known(subject: Subject) -> None:
    """Predictions that say the same of every row have a value that does not depend on chance, or none: nan."""
    for problem, right in _problems(subject):
        values = [_value(subject, _constant(right)) for _ in range(2)]
        if not (values[0] == values[1] or all(map(math.isnan, values))):
            fail(
                f"constant predictions of {problem} have two values",
                got=values,
                fix="draw nothing, or from a fixed seed",
            )


@check(Level.CONTRACT, "metric")
def more_right_is_better(subject: Subject) -> None:
    """Predictions of which a quarter is shuffled are better than those that all are, and worse than perfect ones."""
    _skip_where_groups_are_compared(subject)
    sign = 1.0 if subject.spec.greater_is_better else -1.0
    for problem, right in _problems(subject):
        means = [_mean(subject, right, share) for share in (0.0, 0.25, 1.0)]
        perfect, mostly, shuffled = (sign * value for value in means)
        if not perfect >= mostly > shuffled:
            fail(
                f"predictions of {problem} that are more often right are not better",
                got="{:.4g} perfect, {:.4g} a quarter shuffled, {:.4g} all shuffled".format(*means),
                allowed="greater is better" if sign > 0 else "less is better",
                fix="correct greater_is_better in its spec, or the score",
            )


@check(Level.CONTRACT, "metric")
def shuffled_is_near_chance(subject: Subject) -> None:
    """However they are shuffled, predictions are nearer to the mean of many shuffles than to perfect ones."""
    _skip_where_groups_are_compared(subject)
    for problem, right in _problems(subject):
        values = [_value(subject, blurred(right, 1.0, seed)) for seed in range(_DRAWS)]
        chance, perfect = float(np.mean(values)), _value(subject, right)
        if far := [value for value in values if not abs(value - chance) < abs(value - perfect)]:
            fail(
                f"shuffled predictions of {problem} are far from chance",
                got=far[0],
                allowed=f"nearer to {chance:.4g}, the mean of {_DRAWS} shuffles, than to the perfect {perfect:.4g}",
                fix="compare each prediction with its own row's reference",
            )


@check(Level.CONTRACT, "metric")
def heeds_its_groups(subject: Subject) -> None:
    """Where it reads groups, mistakes in one of them have another value than the same mistakes in all."""
    if not subject.spec.needs_groups:
        skip("it reads no groups")
    for problem, right in _problems(subject):
        said = blurred(right, 1.0, 0)
        wrong = np.array([not np.array_equal(*both) for both in zip(right.references, said.predictions, strict=True)])
        apart = replace(said, groups=np.where(wrong, "north", "south").astype(object))
        values = [_value(subject, each) for each in (said, apart)]
        if values[0] == values[1] or all(map(math.isnan, values)):
            fail(
                f"who is served badly in rows of {problem} changes nothing",
                got=f"{values[0]:.4g} with mistakes in both groups, {values[1]:.4g} with all of them in one",
                allowed="two values",
                fix="read `groups`, or leave needs_groups out",
            )


@check(Level.CONTRACT, "metric")
def order_of_rows_changes_nothing(subject: Subject) -> None:
    """The same rows in another order have the same value."""
    for problem, right in _problems(subject):
        said = blurred(right, 0.5, 1)
        turned = said.taken(np.arange(len(said.references))[::-1])
        first, second = _value(subject, said), _value(subject, turned)
        if not (math.isclose(first, second, rel_tol=1e-6, abs_tol=1e-9) or (math.isnan(first) and math.isnan(second))):
            fail(f"the order of rows of {problem} changes it", got=[first, second], allowed="one value", fix="sort")


@check(Level.CONTRACT, "metric")
def leaves_its_arrays_alone(subject: Subject) -> None:
    """The arrays that it is given are as they were."""
    for problem, right in _problems(subject):
        given = copy.deepcopy(right)
        _called(subject, given)
        for name in ("references", "predictions", "scores", "groups"):
            before, after = getattr(right, name), getattr(given, name)
            if before is not None and not all(map(np.array_equal, before, after)):
                fail(f"it changed the {name} of {problem}", got="another array", allowed="the same", fix="copy first")


@check(Level.CONTRACT, "metric")
def undefined_is_not_a_number(subject: Subject) -> None:
    """Rows that are all alike, or one alone, have a value or leave it undefined: nan, no error."""
    for problem, right in _problems(subject):
        for rows in (np.zeros(8, int), np.zeros(1, int)):
            value = _called(subject, right.taken(rows))
            if not isinstance(value, float | np.floating) or math.isinf(value):
                allowed = "a finite float, or nan"
                fail(
                    f"{len(rows)} equal rows of {problem} have no value",
                    got=repr(value),
                    allowed=allowed,
                    fix="return nan",
                )


def _problems(subject: Subject) -> Iterator[tuple[str, ScoredRows]]:
    """Yield each problem that it scores, with rows that are predicted rightly."""
    found = [(name, scored_rows(problem_name(name))) for name in subject.spec.problems]
    known = [(name, rows) for name, rows in found if rows is not None]
    if not known:
        skip(f"there are no rows of {', '.join(subject.spec.problems)} in the kit")
    yield from known


def _called(subject: Subject, said: ScoredRows) -> object:
    """Call it; where it reads what mistakes cost, each costs 1 among the classes that there are."""
    read: dict[str, Any] = {"groups": said.groups} if subject.spec.needs_groups else {}
    if subject.spec.needs_cost:
        count = int(max(said.references.max(), said.predictions.max())) + 1
        read["cost"] = tuple(tuple(float(down != across) for across in range(count)) for down in range(count))
    return subject.target()(said.references, said.predictions, said.scores, **read)


def _value(subject: Subject, said: ScoredRows) -> float:
    return float(_called(subject, said))  # type: ignore[arg-type]


def _mean(subject: Subject, right: ScoredRows, share: float) -> float:
    draws = _DRAWS if share else 1
    return float(np.mean([_value(subject, blurred(right, share, seed)) for seed in range(draws)]))


def _constant(right: ScoredRows) -> ScoredRows:
    """Return rows that are all said to be what the first one is; of tags each row keeps its length."""
    rows = np.zeros(len(right.references), int)
    scores = None if right.scores is None else right.scores[rows]
    return replace(right, predictions=right.predictions[rows], scores=scores)


def _skip_where_groups_are_compared(subject: Subject) -> None:
    if subject.spec.needs_groups:
        skip("it compares groups: being wrong alike in all of them may be as good as being right")


CHECKS = (
    is_a_float,
    perfect_is_best,
    stays_in_its_bounds,
    constant_is_known,
    more_right_is_better,
    shuffled_is_near_chance,
    heeds_its_groups,
    order_of_rows_changes_nothing,
    leaves_its_arrays_alone,
    undefined_is_not_a_number,
)
