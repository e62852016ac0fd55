"""The moved/frozen assertion."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from modaxfer.errors import RunFailedError
from modaxfer.runner.training.movement import Movement


def model():
    made = nn.ModuleDict({"frozen": nn.Linear(2, 2), "free": nn.Linear(2, 2)})
    made["frozen"].requires_grad_(False)
    return made


def move(layer, names=("weight", "bias")):
    with torch.no_grad():
        for name in names:
            getattr(layer, name).add_(1e-6)


def test_a_proper_step_passes():
    made = model()
    movement = Movement(made)
    move(made["free"])
    movement.check(made, 5)


def test_a_frozen_tensor_that_moved_fails():
    made = model()
    movement = Movement(made)
    move(made["free"])
    move(made["frozen"], ("bias",))
    with pytest.raises(RunFailedError, match=r"frozen tensors moved.*frozen\.bias"):
        movement.check(made, 5)


def test_a_trainable_tensor_that_stayed_fails():
    made = model()
    movement = Movement(made)
    move(made["free"], ("weight",))
    with pytest.raises(RunFailedError, match=r"did not move.*free\.bias"):
        movement.check(made, 5)


def test_after_one_step_something_must_have_moved():
    made = model()
    movement = Movement(made)
    with pytest.raises(RunFailedError, match="nothing moved"):
        movement.check(made, 1)
    move(made["free"], ("weight",))
    movement.check(made, 1)


def test_swapped_values_count_as_movement():
    made = model()
    with torch.no_grad():
        made["free"].bias.copy_(torch.tensor([1.0, 2.0]))
    movement = Movement(made)
    move(made["free"], ("weight",))
    with torch.no_grad():
        made["free"].bias.copy_(torch.tensor([2.0, 1.0]))
    movement.check(made, 5)
