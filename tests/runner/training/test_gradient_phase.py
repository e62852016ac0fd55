"""What a phase trained by gradient leaves behind."""

from __future__ import annotations

import pytest
import torch
import transformers

from modaxfer.config import RunConfig
from modaxfer.errors import DivergedError
from modaxfer.plan import Role
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.loop import train_phase

SETTINGS = {"strategy": "full", "epochs": 2, "batch_size": 16, "device": "cpu"}


def test_a_diverged_phase_leaves_nothing_wrapped(tiny, own_rows, opened, tmp_path, monkeypatch) -> None:
    config = RunConfig(encoder=(str(tiny("bert")),), precision="bf16", **SETTINGS, **own_rows("text"))
    (session,), (resolved,), context = opened(config)
    with torch.no_grad():
        next(session.model.head.parameters()).fill_(torch.nan)
    wrapped = []
    prepare = context.accelerator.prepare

    def noted(*things):
        made = prepare(*things)
        wrapped.append((made[0], "_original_forward" in vars(made[0])))
        return made

    monkeypatch.setattr(context.accelerator, "prepare", noted)
    with pytest.raises(DivergedError, match="the loss is nan at step 1"):
        train_phase({(Role.TARGET, 0): session}, resolved.plan.phases[0], 0, Checkpoints(tmp_path), {})
    ((module, before),) = wrapped
    assert before
    assert "_original_forward" not in vars(module)


def test_statistics_of_batch_norms_never_move(own_rows, opened, tmp_path) -> None:
    folder = tmp_path / "resnet"
    torch.manual_seed(0)
    sizes = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic"}
    transformers.ResNetModel(transformers.ResNetConfig(**sizes)).save_pretrained(folder)
    transformers.ConvNextImageProcessorPil().save_pretrained(folder)
    (session,), (resolved,), _ = opened(
        RunConfig(encoder=(str(folder),), precision="fp32", **SETTINGS, **own_rows("image"))
    )
    before = {name: buffer.clone() for name, buffer in session.model.named_buffers()}
    weights = {name: tensor.clone() for name, tensor in session.model.named_parameters()}
    assert any("running_mean" in name for name in before)
    for number, phase in enumerate(resolved.plan.phases):
        train_phase({(Role.TARGET, 0): session}, phase, number, Checkpoints(tmp_path / str(number)), {})
    assert all(torch.equal(buffer, before[name]) for name, buffer in session.model.named_buffers())
    moved = [name for name, tensor in session.model.named_parameters() if not torch.equal(tensor, weights[name])]
    assert any(name.startswith("towers.") for name in moved)
