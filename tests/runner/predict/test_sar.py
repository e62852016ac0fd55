"""Predictions that adapt to their rows: on demand, by layer norms alone, and the model is as it was afterwards."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

import modaxfer
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.runner.predict import sar as module
from modaxfer.runner.predict.given import find_rows
from modaxfer.runner.predict.sar import Sar, adaptation_told, affines_of
from modaxfer.runner.rows.encode import Computer

ROWS = [f"{word} held the court {number}" for number in range(50) for word in ("right", "wrong", "that")]


@pytest.fixture(scope="module")
def run(tiny, own_rows, tmp_path_factory):
    """A tiny run that was trained by steps, surer than so few would make it."""
    folder = tmp_path_factory.mktemp("adapt") / "run"
    settings = {"strategy": "full", "epochs": 0.5, "precision": "fp32", "device": "cpu", "quiet": True}
    run = modaxfer.train(encoder=str(tiny("bert")), output=str(folder), **settings, **own_rows("text"))
    with torch.no_grad():
        run._loaded().model.head.linear.weight.mul_(60)
    return run


def scores(run, rows=ROWS, **how):
    predictor = run._loaded()
    return predictor.predict_rows(find_rows(rows, predictor.described.fields), **how)


def state(run):
    return {name: tensor.clone() for name, tensor in run._loaded().model.state_dict().items()}


def test_it_is_asked_for_and_leaves_the_model_as_it_was(run) -> None:
    before, plain = state(run), scores(run).scores
    adapted = scores(run, adapt="sar")
    assert np.abs(adapted.scores - plain)[:64].max() < 1e-5
    assert np.abs(adapted.scores - plain)[64:].max() > 1e-4
    assert all(torch.equal(tensor, before[name]) for name, tensor in state(run).items())
    assert (scores(run).scores == plain).all()
    assert not any(one.requires_grad and one.grad is not None for one in run._loaded().model.parameters())


def test_each_call_begins_anew_and_the_order_of_rows_counts(run) -> None:
    first = scores(run, adapt="sar").scores
    assert (scores(run, adapt="sar").scores == first).all()
    order = sorted(range(len(ROWS)), key=ROWS.__getitem__)
    again = scores(run, [ROWS[row] for row in order], adapt="sar").scores
    assert np.abs(again - first[order]).max() > 1e-4


def test_it_says_how_many_rows_took_part(run) -> None:
    (told,) = [line for line in scores(run, adapt="sar").warnings if line.startswith("predictions are adapted")]
    assert "of 150 rows took part, the model was reset 0 times; the first 64 are as without" in told


def test_scales_and_shifts_of_layer_norms_below_the_last_layers_are_all_that_moves(run) -> None:
    model = run._loaded().model
    before, moved = state(run), set()
    sar = Sar(model, Computer(torch.device("cpu"), "fp32"), 2)
    real = Sar._back

    def noted(self):
        moved.update(name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name]))
        real(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sar, "_back", noted)
        predictor = run._loaded()
        with sar.adapting():
            table = find_rows(ROWS[:64], predictor.described.fields).table.to_pylist()
            sar(predictor.processor.collate(predictor.read(table, None, _Silent()).examples))
    assert moved == {*affines_of(model)}
    depth = model.depth
    assert moved
    assert all(f"layers.{depth - 1}." not in name and "LayerNorm" in name for name in moved)


class _Silent:
    def bar(self, *arguments):
        from contextlib import nullcontext

        return nullcontext(lambda count: None)


class _Toy(nn.Module):
    """Logits that follow one layer norm."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(2)
        self.scale = 1.0

    def forward(self, batch):
        return self.scale * self.norm(batch["x"])


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setattr(module, "affines_of", lambda model: dict(model.norm.named_parameters()))
    return _Toy()


def test_unsure_rows_take_no_part(toy) -> None:
    sar = Sar(toy, Computer(torch.device("cpu"), "fp32"), 2)
    toy.scale = 0.5  # entropy .58 of .69 possible: above the margin of .28
    with sar.adapting():
        sar({"x": torch.tensor([[1.0, -1.0], [-1.0, 1.0]])})
    assert sar.rows == 0


def test_a_step_goes_down_the_gradient_from_where_it_is_sharpest(toy) -> None:
    """By hand, on the shift alone: SAM's two gradients, then SGD."""
    toy.scale, rows = 3.0, {"x": torch.tensor([[1.0, -1.0], [-2.0, 2.0]])}
    weight, bias = (one.detach().clone().requires_grad_() for one in (toy.norm.weight, toy.norm.bias))

    def loss(weight, bias):
        logits = 3.0 * nn.functional.layer_norm(rows["x"], (2,), weight, bias)
        return (-logits.softmax(1) * logits.log_softmax(1)).sum(1).mean()

    first = torch.autograd.grad(loss(weight, bias), (weight, bias))
    norm = math.sqrt(sum(float(one.square().sum()) for one in first))
    far = [
        (one + 0.05 * gradient / norm).detach().requires_grad_()
        for one, gradient in zip((weight, bias), first, strict=True)
    ]
    second = torch.autograd.grad(loss(*far), far)
    sar = Sar(toy, Computer(torch.device("cpu"), "fp32"), 2)
    with sar.adapting():
        sar(rows)
        torch.testing.assert_close(toy.norm.bias, bias - 0.001 * second[1])
        torch.testing.assert_close(toy.norm.weight, weight - 0.001 * second[0])
    assert sar.rows == 2
    assert torch.equal(toy.norm.weight, torch.ones(2))


def test_a_model_that_grows_too_sure_begins_again(toy) -> None:
    toy.scale = 20.0
    sar = Sar(toy, Computer(torch.device("cpu"), "fp32"), 2)
    with sar.adapting():
        sar({"x": torch.tensor([[1.0, -1.0], [-1.0, 1.0]])})
        assert sar.resets == 1
        assert torch.equal(toy.norm.weight, torch.ones(2))
    told = adaptation_told(sar, torch.tensor([[1.0, 0.0]] * 30), ("a", "b"))
    assert "the model was reset once" in told[0]
    assert "may have collapsed: 100% of the rows are predicted to be a" in told[1]


def test_a_model_without_layer_norms_is_refused() -> None:
    class Plain(nn.Module):
        def model_parameters(self):
            return iter(())

    with pytest.raises(RefusedError, match="has none below its last layers"):
        affines_of(Plain())


def test_a_head_in_closed_form_is_refused_and_so_is_another_name(finished) -> None:
    frozen = modaxfer.load(finished("bert", "text"))
    with pytest.raises(RefusedError, match="there is nothing to go on with"):
        frozen.predict("right", adapt="sar")
    with pytest.raises(ConfigError, match="there is no such adaptation"):
        frozen.predict("right", adapt="tent")


def test_a_regression_is_refused(finished) -> None:
    with pytest.raises(RefusedError, match="needs one class per row"):
        modaxfer.load(finished("bert", "regression")).predict("right", adapt="sar")
