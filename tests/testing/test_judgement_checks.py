"""Each check of validators and of transferability scores finds the broken twin that is made for it."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from made_subjects import subject_of
from modaxfer.contracts import Judged
from modaxfer.spec import TransferabilitySpec, ValidatorSpec
from modaxfer.testing import CheckFailedError
from modaxfer.testing.checks import transferability, validators

COUNT = itertools.count()


class Sharp:
    """What every check passes: how sure the outputs of the target are."""

    def __init__(self, context):
        self.context = context

    def __call__(self, seen):
        return float(seen["target"].outputs.abs().mean())


class Undefined(Sharp):
    def __call__(self, seen):
        return math.nan


class Unpacked(Sharp):
    def __call__(self, seen):
        return seen["target"].outputs.abs().mean()


class Drifting(Sharp):
    def __call__(self, seen):
        return super().__call__(seen) + next(COUNT)


class Scaling(Sharp):
    def __call__(self, seen):
        seen["target"].outputs.mul_(2)
        return super().__call__(seen)


def validator(code):
    return subject_of("validator", ValidatorSpec(name="twin", target="twin:Validator"), code)


def test_a_sound_validator_passes():
    for check in validators.CHECKS:
        check.run(validator(Sharp))


@pytest.mark.parametrize(
    ("check", "code", "message"),
    [
        (validators.is_a_number, Undefined, r"not one that epochs can be compared by\. Got: nan"),
        (validators.is_a_number, Unpacked, r"returned no number\. Got: Tensor\. .*return float\(value\)"),
        (validators.is_the_same_each_time, Drifting, r"one epoch has two values\. .*context\.seed"),
        (validators.leaves_what_it_sees_alone, Scaling, r"changed the outputs .*Fix: clone first"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_broken_validator_is_found_out(check, code, message):
    with pytest.raises(CheckFailedError, match=message):
        check.run(validator(code))


def between(encoded):
    """What every check passes: the share of variance that lies between classes."""
    rows = encoded.layers[-1]
    means = np.stack([rows[encoded.targets == one].mean(0) for one in encoded.targets])
    return Judged(value=float(means.var(0).sum() / rows.var(0).sum()), layers=(1,))


def turned(encoded):
    return Judged(value=-between(encoded).value, layers=(1,))


def endless(encoded):
    return Judged(value=math.inf, layers=(1,))


def bare(encoded):
    return between(encoded).value


def foreign(encoded):
    return Judged(value=0.0, layers=(7,))


def drifting(encoded):
    return Judged(value=between(encoded).value + next(COUNT), layers=(1,))


def centring(encoded):
    judged = between(encoded)
    encoded.layers[:] -= encoded.layers.mean(1, keepdims=True)
    return judged


def score(code, *, predicts=False):
    spec = TransferabilitySpec(name="twin", target=f"twin:{code.__name__}", links=("softmax",), predicts=predicts)
    return subject_of("transferability score", spec, code)


def test_a_sound_score_passes():
    for check in transferability.CHECKS:
        check.run(score(between))


@pytest.mark.parametrize(
    ("check", "code", "message"),
    [
        (transferability.is_a_judgement, endless, r"link softmax is not finite\. Got: inf"),
        (transferability.is_a_judgement, bare, r"returned no judgement\. Got: float"),
        (transferability.is_a_judgement, foreign, r"names layers that there are not\. Got: 7\. Allowed: of 0 to 1"),
        (transferability.is_the_same_each_time, drifting, r"link softmax have two values\. .*encoded\.seed"),
        (transferability.is_the_same_each_time, centring, r"changed the arrays .*Fix: copy first"),
        (transferability.clear_rows_are_better, turned, r"shuffled targets .* are not worse\. .*turn the sign"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_broken_score_is_found_out(check, code, message):
    with pytest.raises(CheckFailedError, match=message):
        check.run(score(code))


def test_a_score_that_promises_predictions_gives_them():
    with pytest.raises(CheckFailedError, match=r"predicts=True.*Got: none\. Allowed: 48 predictions"):
        transferability.is_a_judgement.run(score(between, predicts=True))
