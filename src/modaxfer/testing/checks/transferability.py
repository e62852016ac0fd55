"""Level 3: a transferability score is a number that says of separable features that they are better."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.contracts import Encoded, Judged
from modaxfer.testing.check import Level, check, fail
from modaxfer.testing.material.encoded_rows import drawn, encoded_rows

if TYPE_CHECKING:
    from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

_KIND = "transferability score"
_CLEAR: dict[tuple[str, str], Judged] = {}


@check(Level.CONTRACT, _KIND)
def is_a_judgement(subject: Subject) -> None:
    """It returns a Judged with a finite value, of layers that there are; one that predicts does so of every row."""
    for link, encoded in _rows(subject):
        judged = _clear(subject, link)
        layers, rows = encoded.layers.shape[:2]
        if not math.isfinite(judged.value):
            fail(f"the value of rows with link {link} is not finite", got=judged.value, allowed="a finite number")
        if not {*judged.layers} <= {*range(layers)}:
            fail("it names layers that there are not", got=judged.layers, allowed=f"of 0 to {layers - 1}")
        if subject.spec.predicts and (judged.predictions is None or len(judged.predictions) != rows):
            got = "none" if judged.predictions is None else f"{len(judged.predictions)} predictions"
            fail("it says predicts=True, and does not predict every row", got=got, allowed=f"{rows} predictions")


@check(Level.CONTRACT, _KIND)
def is_the_same_each_time(subject: Subject) -> None:
    """The same rows have the same value each time, and are as they were."""
    for link, encoded in _rows(subject):
        layers, targets = encoded.layers.copy(), encoded.targets.copy()
        first, second = _clear(subject, link).value, _judged(subject, encoded).value
        if first != second:
            fix = "draw from a generator with encoded.seed"
            fail(f"rows with link {link} have two values", got=[first, second], allowed="one value", fix=fix)
        if not (np.array_equal(layers, encoded.layers) and np.array_equal(targets, encoded.targets)):
            fail("it changed the arrays that it was given", got="other arrays", allowed="the same", fix="copy first")


@check(Level.CONTRACT, _KIND)
def clear_rows_are_better(subject: Subject) -> None:
    """Features that tell the targets have a greater value than the same features with targets shuffled."""
    for link, encoded in _rows(subject):
        order = np.random.default_rng(1).permutation(len(encoded.targets))
        clear = _clear(subject, link).value
        shuffled = _judged(subject, replace(encoded, targets=encoded.targets[order])).value
        if not clear > shuffled:
            fail(
                f"shuffled targets of rows with link {link} are not worse",
                got=f"{clear:.4g} for clear rows, {shuffled:.4g} with targets shuffled",
                allowed="greater is better",
                fix="turn the sign around, or correct the score",
            )


def _clear(subject: Subject, link: str) -> Judged:
    """Return what it makes of the clear rows of a link, which is asked for in several checks."""
    key = (subject.spec.target, link)
    if key not in _CLEAR:
        _CLEAR[key] = _judged(subject, dict(_rows(subject))[link])
    return _CLEAR[key]


def _judged(subject: Subject, encoded: Encoded) -> Judged:
    judged = subject.target()(encoded)
    if not isinstance(judged, Judged):
        fail("it returned no judgement", got=type(judged).__name__, allowed="modaxfer.contracts.Judged(value=...)")
    return judged


def _rows(subject: Subject) -> Iterator[tuple[str, Encoded]]:
    """Yield, by each link that it judges, rows whose features tell their targets."""
    layers, classes = drawn(rows=48, layers=2, signal=2.0)
    targets = {
        "softmax": classes,
        "sigmoid": (np.eye(3)[classes] + np.eye(3)[(classes + 1) % 3]).astype(np.float32),
        "identity": layers[-1, :, 0] * 3.0 + layers[-1, :, 1],
    }
    outputs = np.eye(4)[classes] * 0.7 + 0.075
    for link in subject.spec.links:
        yield link, encoded_rows(layers, targets[link], source_outputs=outputs)


CHECKS = (is_a_judgement, is_the_same_each_time, clear_rows_are_better)
