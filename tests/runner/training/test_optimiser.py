"""Rates against the formulas they are named after."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from modaxfer.config import TrainOptions
from modaxfer.plan import Part, Phase
from modaxfer.runner.model.transfer import ModelParameter
from modaxfer.runner.training.optimiser import make_optimiser, schedule, set_rates


def parameter(tensor, part, layer):
    return ModelParameter(tensor=tensor, part=part, layer=layer, depth=2)


def test_warm_up_is_linear_and_decay_is_half_a_cosine():
    rates = [schedule(step, 100, 0.1) for step in range(100)]
    assert rates[:10] == pytest.approx([(step + 1) / 11 for step in range(10)])
    assert rates[10] == 1.0
    assert rates[55] == pytest.approx(0.5 * (1 + math.cos(math.pi * 0.5)))
    assert rates[99] < 0.001
    assert all(rate > 0 for rate in rates)


def test_layers_learn_more_slowly_towards_the_input():
    tensors = {name: nn.Parameter(torch.ones(2, 2)) for name in "eabh"}
    trainable = {
        "e": parameter(tensors["e"], Part.EMBEDDINGS, -1),
        "a": parameter(tensors["a"], Part.BODY, 0),
        "b": parameter(tensors["b"], Part.BODY, 1),
        "h": parameter(tensors["h"], Part.HEAD, 2),
    }
    phase = Phase(
        trainable=frozenset({Part.EMBEDDINGS, Part.BODY, Part.HEAD}),
        learning_rates={Part.EMBEDDINGS: 1.0, Part.BODY: 1.0, Part.HEAD: 3.0},
        layer_decay=0.5,
    )
    optimiser = make_optimiser(trainable, phase, TrainOptions())
    peaks = {id(group["params"][0]): group["peak"] for group in optimiser.param_groups}
    assert [peaks[id(tensors[name])] for name in "eabh"] == [0.25, 0.5, 1.0, 3.0]
    set_rates(optimiser, 0.1)
    assert sorted(group["lr"] for group in optimiser.param_groups) == pytest.approx([0.025, 0.05, 0.1, 0.3])


def test_only_matrices_decay():
    trainable = {
        "weight": parameter(nn.Parameter(torch.ones(2, 2)), Part.HEAD, 0),
        "bias": parameter(nn.Parameter(torch.ones(2)), Part.HEAD, 0),
    }
    phase = Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1.0})
    groups = make_optimiser(trainable, phase, TrainOptions(weight_decay=0.3)).param_groups
    assert {group["params"][0].ndim: group["weight_decay"] for group in groups} == {2: 0.3, 1: 0.0}
