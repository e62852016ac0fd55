"""The gradient of each loss by itself, and what a combiner makes of them in a real training step."""

from __future__ import annotations

import pytest
import torch

from modaxfer.config import RunConfig
from modaxfer.errors import RefusedError
from modaxfer.plan import SUPERVISED, Component, LossTerm, Part, Phase, Reads, Role
from modaxfer.runner.request.streams import _refuse_scaled
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.gradients import LossGradients
from modaxfer.runner.training.loop import train_phase

ONE, OTHER = (1.0, 0.0), (-1.0, 1.0)


def toward(direction):
    return LossTerm(
        name=f"toward{int(direction[0])}".replace("-", "m"),
        target="losses_of_tests:Toward",
        options={"direction": direction},
        joint=True,
        reads=frozenset({Reads.PARAMETERS}),
    )


@pytest.mark.parametrize("accumulation", [1, 3])
def test_it_is_the_gradient_of_a_real_step(accumulation, tiny, own_rows, opened, tmp_path, monkeypatch):
    settings = {"precision": "fp32", "device": "cpu", "batch_size": 8, "strategy": "full"}
    pytest.importorskip("torchjd", reason="extra multitask is not installed")
    options = {"train.accumulation": accumulation}
    (session,), _, _ = opened(RunConfig(encoder=(str(tiny("bert")),), set=options, **settings, **own_rows("text")))
    silent = LossTerm(name="supervised", target=SUPERVISED.target, weight=0.0)
    phase = Phase(
        trainable=frozenset({Part.HEAD}),
        learning_rates={Part.HEAD: 1e-2},
        losses=(silent, toward(ONE), toward(OTHER)),
        combine=Component(target="modaxfer.losses.conflicts:PCGrad"),
    )
    seen = []

    def noted(parameters, norm):
        seen.append([parameter.grad.clone() for parameter in parameters if parameter.shape == (2,)])

    monkeypatch.setattr(session.accelerator, "clip_grad_norm_", noted)
    train_phase({(Role.TARGET, 0): session}, phase, 0, Checkpoints(tmp_path), {})
    ((bias,), *_) = seen
    torch.testing.assert_close(bias, torch.tensor([0.5, 1.5]))


def test_what_one_loss_alone_reaches_is_left_alone():
    shared, own = (torch.nn.Parameter(torch.tensor([1.0, 2.0])) for _ in range(2))
    gradients = LossGradients([shared, own])
    for scale in (0.25, 0.75):
        gradients.add({"a": scale * (shared * torch.tensor(ONE)).sum(), "b": scale * (shared * own).sum()})

    class Halves:
        def weigh_gradients(self, gramian):
            torch.testing.assert_close(gramian, torch.tensor([[1.0, 1.0], [1.0, 5.0]]))
            return torch.tensor([0.5, 2.0])

    gradients.combine(Halves())
    torch.testing.assert_close(shared.grad, 0.5 * torch.tensor(ONE) + 2.0 * own.detach())
    torch.testing.assert_close(own.grad, shared.detach())


def test_scaled_arithmetic_is_refused():
    phase = Phase(
        trainable=frozenset({Part.HEAD}),
        learning_rates={Part.HEAD: 1e-2},
        combine=Component(target="modaxfer.losses.conflicts:PCGrad"),
    )
    with pytest.raises(RefusedError, match=r"weighs the gradients of its losses one by one.*precision fp16"):
        _refuse_scaled(phase, "fp16")
    _refuse_scaled(phase, "bf16")
