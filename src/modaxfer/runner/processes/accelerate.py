"""Accelerate's side of a run: device, precision, processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError
from modaxfer.runner.processes.asked import precision_asked, refuse_not_taken
from modaxfer.runner.processes.launch import launched_world, refuse_silent_single
from modaxfer.runner.processes.precision import choose_device, choose_precision
from modaxfer.runner.processes.shards import refuse_shards, shards_asked, take_over

__all__ = ["expect_unused", "make_accelerator", "share"]

T = TypeVar("T")


def make_accelerator(config: RunConfig, *, shards: bool = False) -> tuple[Any, RunConfig]:
    """Return an Accelerator and the config with device, precision and processes resolved.

    Args:
        config: The request.
        shards: Whether layers that are cut over the processes are taken, where a launcher asks for them.

    Raises:
        ConfigError: The device is not there, the precision does not fit it, fewer processes run than were asked for, or
            a launcher asks for what is not taken, such as a model in shards that cannot be had.
    """
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState, PartialState

    if not shards:
        refuse_shards("this")
    refuse_not_taken()
    device = choose_device(config.device)
    precision = choose_precision(precision_asked(config.precision), device)
    world = launched_world() or 1
    if config.num_processes not in (1, world):
        raise ConfigError("--num-processes and the launcher disagree", got=f"{config.num_processes} and {world}")
    refuse_silent_single(config.num_processes, world)
    if shards_asked():
        take_over(world)
    if world == 1:
        # A notebook may train twice with different devices or precisions; Accelerate keeps its first answer.
        AcceleratorState._reset_state(reset_partial_state=True)
    elif device.type == "cpu":
        os.environ["ACCELERATE_USE_CPU"] = "true"
    accelerator = Accelerator(
        cpu=device.type == "cpu",
        mixed_precision="no" if precision == "fp32" else precision,
    )
    if accelerator.num_processes != world:
        state = PartialState()
        raise ConfigError(
            f"{world} processes were started and Accelerate runs {accelerator.num_processes}",
            got=f"backend {state.backend}, device {state.device}",
            fix="use `modaxfer train --num-processes N`",
        )
    return accelerator, replace(config, precision=precision, device=device.type, num_processes=world)


def expect_unused(accelerator: Any, *, unused: bool) -> None:
    """Say whether a step may have no gradient for some parameters, such as the heads of other tasks than its own.

    It holds for the modules that are prepared from here on.
    """
    from accelerate import DistributedDataParallelKwargs

    accelerator.ddp_handler = DistributedDataParallelKwargs(find_unused_parameters=unused)


def share(accelerator: Any, make: Callable[[], T]) -> T:
    """Call `make` in the main process and return what it gave, in every process; its error is everyone's."""
    if accelerator.num_processes == 1:
        return make()
    from accelerate.utils import broadcast_object_list

    box: list[Any] = [None, None]
    if accelerator.is_main_process:
        try:
            box[0] = make()
        except Exception as error:
            box[1] = error
    broadcast_object_list(box)
    if box[1] is not None:
        raise box[1]
    shared: T = box[0]
    return shared
