"""Level 3: a validator is a number for an epoch, made of nothing that is hidden from it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from modaxfer.contracts import Seen, StreamFacts, ValidatorContext
from modaxfer.plan import Role
from modaxfer.registry import problem_of
from modaxfer.testing.check import Level, check, fail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

_ROWS, _CLASSES, _WIDTH = 60, 2, 4


@check(Level.CONTRACT, "validator")
def is_a_number(subject: Subject) -> None:
    """It returns one number of which greater is better: finite, or minus infinity where it is undefined."""
    for apart in (0.0, 2.0):
        value = _value(subject, apart)
        if math.isnan(value) or value == math.inf:
            allowed = "a finite float, or minus infinity where there is nothing to say"
            fail("its value is not one that epochs can be compared by", got=value, allowed=allowed)


@check(Level.CONTRACT, "validator")
def is_the_same_each_time(subject: Subject) -> None:
    """The same epoch has the same value, from a validator that is built anew as well."""
    first, second = _value(subject, 1.0), _value(subject, 1.0)
    if first != second:
        fix = "draw from a generator with context.seed"
        fail("one epoch has two values", got=[first, second], allowed="one value", fix=fix)


@check(Level.CONTRACT, "validator")
def leaves_what_it_sees_alone(subject: Subject) -> None:
    """Outputs and vectors that it is shown are as they were, for the validators behind it."""
    seen = _seen(1.0, labels=subject.spec.needs_labels)
    before = {name: one.outputs.clone() for name, one in seen.items()}
    _judge(subject, seen)
    if not all(torch.equal(before[name], one.outputs) for name, one in seen.items()):
        fail("it changed the outputs that it was shown", got="other outputs", allowed="the same", fix="clone first")


def _value(subject: Subject, apart: float) -> float:
    return _judge(subject, _seen(apart, labels=subject.spec.needs_labels))


def _judge(subject: Subject, seen: Mapping[str, Seen]) -> float:
    context = ValidatorContext(streams=_facts(seen, labels=subject.spec.needs_labels), seed=0)
    value: Any = subject.target()(context)(seen)
    if not isinstance(value, int | float):
        fail("it returned no number", got=type(value).__name__, allowed="a float", fix="end with return float(value)")
    return float(value)


def _facts(seen: Mapping[str, Seen], *, labels: bool) -> dict[str, StreamFacts]:
    targets = _targets()
    criterion = problem_of("binary").criterion(_CLASSES, targets)
    made: dict[str, Any] = {
        "width": _WIDTH,
        "outputs": _CLASSES,
        "criterion": criterion,
        "rows": _ROWS,
        "link": "softmax",
    }
    known = {"source": targets if labels else None, "target": None}
    return {name: StreamFacts(role=Role(name), targets=known[name], **made) for name in seen}


def _seen(apart: float, *, labels: bool) -> dict[str, Seen]:
    """Return rows of a source and of a target whose classes lie `apart`; labels of the source where they are needed."""
    return {name: _stream(number, apart, labels=labels and name == "source") for number, name in enumerate(_STREAMS)}


def _stream(seed: int, apart: float, *, labels: bool) -> Seen:
    rng, targets = np.random.default_rng(seed), _targets()
    vectors = torch.from_numpy(rng.normal(size=(_ROWS, _WIDTH)).astype(np.float32))
    vectors[:, 0] += apart * torch.from_numpy(2.0 * targets - 1.0).float()
    outputs = torch.stack([-vectors[:, 0], vectors[:, 0]], 1)
    right = float((outputs.argmax(1).numpy() == targets).mean())
    return Seen(
        outputs=outputs,
        pooled=lambda: vectors,
        targets=targets if labels else None,
        score=(lambda: right) if labels else None,
    )


def _targets() -> np.ndarray:
    return np.arange(_ROWS) % _CLASSES


_STREAMS = ("source", "target")

CHECKS = (is_a_number, is_the_same_each_time, leaves_what_it_sees_alone)
