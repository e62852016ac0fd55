"""Each check of losses finds the broken twin that is made for it."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch
from torch import nn

from made_subjects import subject_of
from modaxfer.plan import LossTerm, Part, Phase, Plan
from modaxfer.spec import StrategySpec
from modaxfer.testing import CheckFailedError, CheckSkippedError
from modaxfer.testing.checks import losses


class Sound(nn.Module):
    """What every check passes: the cross-entropy, 0 of a class that train lacks."""

    def __init__(self, context):
        super().__init__()

    def forward(self, step):
        return nn.functional.cross_entropy(*self.given(step), ignore_index=-1, reduction="none")

    def given(self, step):
        return step.only.outputs, step.only.targets


class Detached(Sound):
    def forward(self, step):
        return super().forward(step).detach()


class Overflowing(Sound):
    def forward(self, step):
        return step.only.outputs.mul(5).exp().sum(1)


class Rootless(Sound):
    def forward(self, step):
        return (step.only.outputs - step.only.outputs.detach()).square().sum(1).sqrt()


class Mean(Sound):
    def forward(self, step):
        losses = super().forward(step)
        return losses / len(losses)


class Careless(Sound):
    """Takes -1 for the last class, as an index does."""

    def forward(self, step):
        outputs, targets = self.given(step)
        return -outputs.log_softmax(1)[torch.arange(len(targets)), targets]


class Strange(Sound):
    def forward(self, step):
        losses = super().forward(step)
        return torch.where(step.only.targets < 0, torch.nan, losses)


@pytest.fixture
def strategy(monkeypatch):
    """Return a function from a loss to a strategy that trains by it."""
    module = ModuleType("broken_losses")
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def made(code):
        setattr(module, code.__name__, code)
        term = LossTerm(name="twin", target=f"broken_losses:{code.__name__}")
        phase = Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1e-3}, losses=(term,))
        spec = StrategySpec(name="twin", target="twin:plan")
        return subject_of("strategy", spec, lambda options, context: Plan(phases=(phase,)))

    return made


def test_a_sound_loss_passes(strategy):
    for check in losses.CHECKS:
        check.run(strategy(Sound))


@pytest.mark.parametrize(
    ("check", "code", "message"),
    [
        (losses.losses_are_finite_and_teach, Detached, r"loss twin sends no gradient to what it reads\. Got: outputs"),
        (losses.losses_are_finite_and_teach, Overflowing, r"loss twin is not finite\. Got: .*inf"),
        (losses.losses_are_finite_and_teach, Rootless, r"the gradient of loss twin is not finite"),
        (losses.losses_count_each_row_alone, Mean, r"depends on the rows beside it\. .*leave the mean to the runner"),
        (losses.losses_count_each_row_alone, Careless, r"of a class that train lacks, target -1, for one of class 1"),
        (losses.losses_count_each_row_alone, Strange, r"does not bear a row of a class that train lacks"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_broken_loss_is_found_out(strategy, check, code, message):
    with pytest.raises(CheckFailedError, match=message):
        check.run(strategy(code))


def test_losses_of_the_framework_are_not_asked_of_plugins():
    phase = Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1e-3})
    spec = StrategySpec(name="twin", target="twin:plan")
    with pytest.raises(CheckSkippedError, match="names no loss of its own"):
        losses.losses_count_each_row_alone.run(
            subject_of("strategy", spec, lambda options, context: Plan(phases=(phase,)))
        )
