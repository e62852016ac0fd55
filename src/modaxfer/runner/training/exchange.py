"""What processes train where layers are cut, kept the same in all of them: gradients are exchanged once a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import distributed, nn

from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.step import StepModule

__all__ = ["average_gradients", "prepare"]


def prepare(
    session: TaskSession, module: StepModule, optimiser: torch.optim.Optimizer, trained: Sequence[nn.Parameter]
) -> tuple[Any, Any]:
    """Let Accelerate wrap what is trained and its optimiser.

    DDP wraps no layers that are cut over processes: there `average_gradients` takes its place, and what it gives every
    process of the first one's values is given here, since random states may have gone apart before.

    Args:
        session: Of the phase.
        module: All that the phase runs.
        optimiser: Of what it trains.
        trained: What it trains.
    """
    accelerator = session.accelerator
    if not session.sharded:
        return tuple(accelerator.prepare(module, optimiser))
    with torch.no_grad():
        for tensor in (*trained, *module.losses.buffers(), *module.combiner.buffers()):
            distributed.broadcast(tensor, 0)
    return accelerator.prepare_model(module, evaluation_mode=True), accelerator.prepare(optimiser)


def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Put into each gradient its mean over processes; a parameter without one in any process is left without.

    Args:
        parameters: The same in every process, on one device.
    """
    there = torch.tensor([float(each.grad is not None) for each in parameters], device=parameters[0].device)
    flat = [
        torch.zeros(each.numel(), device=each.device) if each.grad is None else each.grad.flatten().float()
        for each in parameters
    ]
    together = torch.cat([there, *flat])
    distributed.all_reduce(together)
    count, *parts = torch.split(together, [len(parameters), *(each.numel() for each in parameters)])
    for found, parameter, part in zip(count.tolist(), parameters, parts, strict=True):
        parameter.grad = (part / distributed.get_world_size()).view_as(parameter).to(parameter.dtype) if found else None
