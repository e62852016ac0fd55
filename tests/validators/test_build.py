"""Validators are built with their options, shown what they may see, and held to numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from modaxfer.contracts import Seen, StreamFacts, ValidatorContext
from modaxfer.errors import ConfigError, RunFailedError
from modaxfer.plan import Component, Role
from modaxfer.validators.build import build_validator, judged, needs_labels

FACTS = StreamFacts(role=Role.SOURCE, width=3, outputs=2, criterion=None, rows=4, targets=np.zeros(4, int))
CONTEXT = ValidatorContext(streams={"train": FACTS}, seed=5)
SEEN = {"train": Seen(outputs=torch.zeros(2, 2), pooled=torch.zeros, targets=np.zeros(2), score=lambda: 0.5)}


class Given:
    """Returns what its options say, or what `look` finds in what it is shown."""

    needs_labels = True

    def __init__(self, context, value=None):
        self.context, self.value = context, value

    def __call__(self, seen):
        return self.value if self.value is not None else seen["train"].score()


class Blind(Given):
    """Sees no labels."""

    needs_labels = False

    def __call__(self, seen):
        assert seen["train"].targets is None
        assert seen["train"].score is None
        return 0.25


def made(name="Given", **options):
    component = Component(target=f"{__name__}:{name}", options=options)
    return component, build_validator(component, CONTEXT)


def test_it_is_told_of_streams_and_options():
    component, validator = made(value=0.75)
    assert (validator.context.seed, validator.context.of_role(Role.SOURCE), validator.value) == (5, ("train",), 0.75)
    assert validator.context.of_role(Role.TARGET) == ()
    assert validator.context.streams["train"].targets is FACTS.targets
    assert judged(component, validator, SEEN) == 0.75
    assert judged(*made(), SEEN) == 0.5


def test_one_that_needs_no_labels_is_shown_none():
    component, validator = made("Blind")
    assert not needs_labels(component)
    assert validator.context.streams["train"].targets is None
    assert judged(component, validator, SEEN) == 0.25


def test_options_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match=r"what the validator \(test_build:Given\) is given does not fit it.*valeu"):
        made(valeu=1)


@pytest.mark.parametrize("value", [math.nan, math.inf, "much", torch.zeros(2), {}])
def test_what_cannot_be_compared_fails_with_the_name_of_the_validator(value):
    with pytest.raises(RunFailedError, match=r"validator test_build:Given \(value=.*\) gives nothing by which epochs"):
        judged(*made(value=value), SEEN)


@pytest.mark.parametrize("value", [-math.inf, 1, np.float32(0.5), torch.tensor(0.5), torch.tensor([0.5])])
def test_numbers_are_numbers_and_an_undefined_score_counts(value):
    assert judged(*made(value=value), SEEN) == float(value)
