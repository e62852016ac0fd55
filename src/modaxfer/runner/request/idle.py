"""Settings that play no part in a plan are refused: who sets them expects them to do something."""

from __future__ import annotations

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError
from modaxfer.runner.request.resolve import ResolvedTask
from modaxfer.runner.request.scratch import SCRATCH

__all__ = ["check_idle_settings"]

OF_GRADIENTS = ("epochs", "learning_rate", "batch_size", "augment")
"""Settings that count only where something is trained by gradient."""

OF_SCRATCH = ("epochs", "batch_size")
"""Those of them that a baseline from scratch, which is always trained by gradient, takes over."""

UNASKED = RunConfig()


def check_idle_settings(resolved: ResolvedTask, *, shared: bool) -> list[str]:
    """Refuse settings that the plan of `resolved` has no use for.

    Args:
        resolved: What will be run.
        shared: Whether the settings stand there for other runs too: then they are noted instead.

    Returns:
        What is noted, one line each.

    Raises:
        ConfigError: Steps are asked for, and every phase fits a head in closed form.
    """
    if any(phase.solver is None for phase in resolved.plan.phases):
        return []
    used = OF_SCRATCH if SCRATCH in resolved.config.baseline else ()
    given = [name for name in OF_GRADIENTS if getattr(resolved.config, name) != getattr(UNASKED, name)]
    idle = [name for name in given if name not in used]
    if not idle:
        return []
    flags = ", ".join(f"--{name.replace('_', '-')}" for name in idle)
    what = f"strategy {resolved.strategy.name} fits its head in closed form here and takes no steps"
    if shared:
        return [f"{what}: {flags} plays no part in it"]
    raise ConfigError(what, got=flags, fix=f"leave {flags} out, or choose a strategy that trains (full, lora)")
