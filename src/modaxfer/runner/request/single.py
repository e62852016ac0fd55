"""A request for one run, and for one task of several, with nothing beside it."""

from __future__ import annotations

from dataclasses import replace

from modaxfer.augmentations.sets import suiting
from modaxfer.config import RunConfig
from modaxfer.runner.kinds import without_companions
from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["config_of", "single"]


def single(config: RunConfig) -> RunConfig:
    """Return `config` without what asks for other runs beside its own."""
    return replace(config, **without_companions(config))


def config_of(config: RunConfig, resolved: ResolvedTask) -> RunConfig:
    """Return the config of one task of several, for one run.

    Options of other tasks' bridges, and augmentations that it has no field for, are left out.
    """
    options = {key: value for key, value in config.set.items() if not key.startswith("bridge.")}
    for described in resolved.towers:
        options |= {f"bridge.{key}": value for key, value in vars(described.bridge_options).items()}
    augment = suiting(config.augment, [resolved.task])
    if config.augment and not augment:
        options.pop("train.workers", None)
    return replace(single(config), task=(resolved.task_id,), set=options, augment=augment)
