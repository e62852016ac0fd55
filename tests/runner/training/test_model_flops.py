"""Model FLOPs of a phase: those of all rows, of which a few are looked at, are what torch counts on real passes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import modaxfer
from modaxfer.config import RunConfig
from modaxfer.plan import Role
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.losses import PhaseLosses
from modaxfer.runner.training.model_flops import mean_over_lengths, phase_flops
from modaxfer.runner.training.products import ProductCounter
from modaxfer.runner.training.step import StepModule
from modaxfer.runner.training.streams import open_streams
from modaxfer.runner.training.trainable import trainable_parameters

SETTINGS = {"epochs": 1, "batch_size": 16, "device": "cpu", "precision": "fp32"}


def opened_phase(opened, tmp_path, **settings):
    """Return what `phase_flops` takes, for each row once, and the session, without a step of training."""
    (session,), (resolved,), _ = opened(RunConfig(**SETTINGS, **settings))
    (phase,), sessions = resolved.plan.phases, {(Role.TARGET, 0): session}
    trained = [parameter.tensor for parameter in trainable_parameters([session], phase).values()]
    losses = PhaseLosses(phase, sessions, 0, Checkpoints(tmp_path), {})
    streams = open_streams(phase, sessions, losses.terms)
    rows = {name: len(stream.lengths) for name, stream in streams.items()}
    return (StepModule([session.model], losses.terms, losses.combiner), streams, rows, trained, []), session


def counted_by_torch(session, stream):
    """Return the operations of all rows of `stream`: of a real forward and backward pass over one of each length."""
    found = {}
    for row, length in zip(stream.entry.rows, stream.lengths, strict=True):
        if length not in found:
            with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
                session.model(stream.entry.collate([row]), stream.entry.layer).sum().backward()
            found[length] = counter.get_total_flops()
    return sum(found[length] for length in stream.lengths)


@pytest.mark.parametrize(
    ("encoder", "kind", "strategy", "options"),
    [
        ("bert", "text", "full", {}),
        ("bert", "text", "lora", {"rank": 2}),
        ("bert", "text", "full", {"from_layer": 1}),
        pytest.param("bert", "text", "full", {"from_layer": 1, "cache": False}, marks=pytest.mark.slow),
        pytest.param("vit", "image", "full", {}, marks=pytest.mark.slow),
        ("vit", "image", "lora", {"rank": 2}),
        ("resnet", "image", "full", {}),
        ("wav2vec2", "audio", "full", {}),
        pytest.param("wav2vec2", "audio", "lora", {"rank": 2}, marks=pytest.mark.slow),
    ],
)
def test_all_rows_need_what_torch_counts_row_by_row(encoder, kind, strategy, options, tiny, own_rows, opened, tmp_path):
    data = own_rows(kind, rows=12)
    asked, session = opened_phase(
        opened, tmp_path, encoder=(str(tiny(encoder)),), strategy=strategy, set=options, **data
    )
    (stream,) = asked[1].values()
    assert stream.entry.layer == (1 if options == {"from_layer": 1} else 0)
    expected = counted_by_torch(session, stream)
    # Samples of a sound are no whole number of frames, so that what its convolutions need is not quite a polynomial.
    assert phase_flops(*asked) == pytest.approx(expected, rel=1e-3 if kind == "audio" else 1e-12)
    assert not asked[-1]


def test_full_training_needs_six_operations_a_parameter_and_token_and_attention(tiny, own_rows, opened, tmp_path):
    settings = {"encoder": (str(tiny("bert")),), "strategy": "full", **own_rows("text", rows=12)}
    asked, session = opened_phase(opened, tmp_path, **settings)
    (stream,), encoder = asked[1].values(), session.model.encoder
    tokens = stream.lengths.astype(float)
    body, head = (
        sum(weight.numel() for weight in part.parameters() if weight.ndim == 2)
        for part in (encoder.layers, session.model.head)
    )
    # Chowdhery et al. 2022, appendix B: 6 N + 12 L H Q T for each token; a head has one vector a row.
    attention = 12 * encoder.depth * encoder.hidden_size * tokens**2
    assert phase_flops(*asked) == pytest.approx((6 * body * tokens + attention + 6 * head).sum(), rel=1e-12)


def test_frozen_layers_that_are_known_are_not_run_and_nothing_moves(tiny, own_rows, opened, tmp_path):
    settings = {"encoder": (str(tiny("bert")),), "strategy": "full", **own_rows("text", rows=12)}
    whole, session = opened_phase(opened, tmp_path / "whole", **settings)
    before, state = {name: each.clone() for name, each in session.model.state_dict().items()}, torch.get_rng_state()
    every = phase_flops(*whole)
    assert all(torch.equal(each, before[name]) for name, each in session.model.state_dict().items())
    assert all(parameter.grad is None for parameter in session.model.parameters())
    assert torch.equal(torch.get_rng_state(), state)
    upper, _ = opened_phase(opened, tmp_path / "upper", set={"from_layer": 1}, **settings)
    again, _ = opened_phase(opened, tmp_path / "again", set={"from_layer": 1, "cache": False}, **settings)
    # Where its states are not kept a frozen layer is run forward; its weights need no gradient.
    assert phase_flops(*upper) < phase_flops(*again) < every


def test_a_result_has_the_operations_of_its_training(tiny, own_rows, opened, tmp_path, monkeypatch):
    monkeypatch.setattr("modaxfer.runner.training.loop.phase_flops", phase_flops)  # Other runs of tests are spared it.
    settings = {"strategy": "full", **own_rows("text", rows=12)}
    asked, _ = opened_phase(opened, tmp_path, encoder=(str(tiny("bert")),), **settings)
    run = modaxfer.train(
        encoder=str(tiny("bert")), output=str(tmp_path / "run"), quiet=True, **SETTINGS | {"epochs": 2}, **settings
    )
    (phase,), told = run.result.training["phases"], run.result.model_flops
    assert told["total"] == phase["flops"] == 2 * phase_flops(*asked)
    assert told["per_step"] == round(told["total"] / phase["steps"])
    assert told["per_example"] == round(told["total"] / phase["rows"])
    assert told["per_s"] == round(told["total"] / phase["seconds"])
    assert run.result.examples_per_s == round(phase["rows"] / phase["seconds"], 2)
    assert "mfu" not in told


class Hidden(nn.Module):
    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return torch.ops.aten._trilinear(states, states, states, [], [], [], [1])


def test_what_nobody_counts_is_named_and_the_phase_has_no_figure(tiny, own_rows, opened, tmp_path):
    settings = {"encoder": (str(tiny("bert")),), "strategy": "full", **own_rows("text", rows=12)}
    asked, session = opened_phase(opened, tmp_path, **settings)
    session.model.encoder.layers[0].register_forward_hook(lambda _, __, made: made + Hidden()(made.detach()).mean())
    with ProductCounter() as counter:
        Hidden()(torch.ones(2, 3))
    assert counter.unknown == {"aten._trilinear"}
    assert phase_flops(*asked) is None
    assert not asked[-1]


def test_code_that_fails_without_real_values_costs_the_figure_alone(tiny, own_rows, opened, tmp_path):
    settings = {"encoder": (str(tiny("bert")),), "strategy": "full", **own_rows("text", rows=12)}
    asked, session = opened_phase(opened, tmp_path, **settings)

    def wants_values(_, __, made):
        raise ValueError("all are zero")

    session.model.encoder.layers[1].register_forward_hook(wants_values)
    assert phase_flops(*asked) is None
    assert asked[-1] == ["counting floating-point operations failed and is left out: ValueError: all are zero"]


def test_recurrent_layers_are_counted_by_position_and_weight():
    layer, tokens = nn.LSTM(8, 4, batch_first=True, bidirectional=True), torch.ones(1, 5, 8, requires_grad=True)
    with ProductCounter() as counter:
        layer(tokens)[0].sum().backward()
    weights = sum(tensor.numel() for name, tensor in layer.named_parameters() if "weight" in name)
    assert counter.count == 3 * 2 * 5 * weights
    assert not counter.unknown


LENGTHS = np.array([3, 5, 5, 8, 13, 40])


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        (lambda length: 7, 7),
        (lambda length: 3 * length**2 + 5 * length + 11, (3 * LENGTHS**2 + 5 * LENGTHS + 11).mean()),
        (lambda length: length**4, None),
        (lambda length: None, None),
    ],
)
def test_three_lengths_say_it_of_all_or_nothing_is_said(operations, expected):
    made = mean_over_lengths(LENGTHS, lambda row: operations(int(LENGTHS[row])))
    assert made == (None if expected is None else pytest.approx(expected, rel=1e-12))


def test_rows_of_two_lengths_are_on_a_line_and_of_parts_that_both_vary_nothing_is_known():
    asked = SimpleNamespace(lengths=np.array([2, 4, 4]), count=lambda row: int(10 * asked.lengths[row]))
    assert mean_over_lengths(asked.lengths, asked.count) == pytest.approx(100 / 3)
    assert mean_over_lengths(asked.lengths, asked.count, alike=lambda rows: False) is None
