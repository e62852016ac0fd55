"""Rates that follow relative gradient norms."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from modaxfer.config import TrainOptions
from modaxfer.plan import Part, Phase
from modaxfer.runner.model.transfer import ModelParameter
from modaxfer.runner.training.optimiser import make_optimiser, set_rates
from modaxfer.runner.training.surgical import layer_factors

RATES = {Part.BODY: 1e-3, Part.HEAD: 1e-2}


def parameter(values, gradient, layer, part=Part.BODY):
    tensor = nn.Parameter(torch.tensor(values))
    tensor.grad = None if gradient is None else torch.tensor(gradient)
    return ModelParameter(tensor=tensor, part=part, layer=layer, depth=3)


@pytest.fixture
def trainable():
    return {
        # |g| / |w| of layer 0 over both of its tensors: 5 / 10.
        "a": parameter([6.0, 0.0], [3.0, 0.0], 0),
        "b": parameter([[8.0]], [[4.0]], 0),
        "c": parameter([1.0, 1.0], [1.0, 1.0], 1),
        "d": parameter([3.0], None, 2),
        "head": parameter([1.0], [9.0], 3, Part.HEAD),
    }


def test_the_largest_norm_has_the_whole_rate_and_fresh_parts_keep_theirs(trainable):
    factors = layer_factors(trainable.values())
    assert factors == {"0 of 3": pytest.approx(0.5), "1 of 3": 1.0, "2 of 3": 0.0}
    phase = Phase(trainable=frozenset(RATES), learning_rates=RATES, auto_rgn=True)
    optimiser = make_optimiser(trainable, phase, TrainOptions())
    set_rates(optimiser, 0.5, factors)
    rates = {id(tensor): group["lr"] for group in optimiser.param_groups for tensor in group["params"]}
    found = {name: rates[id(each.tensor)] for name, each in trainable.items()}
    assert found == pytest.approx({"a": 2.5e-4, "b": 2.5e-4, "c": 5e-4, "d": 0.0, "head": 5e-3})


def test_without_gradients_no_layer_is_slowed(trainable):
    for each in trainable.values():
        each.tensor.grad = None
    assert set(layer_factors(trainable.values()).values()) == {1.0}
