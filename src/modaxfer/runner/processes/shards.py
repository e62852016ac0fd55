"""What a launcher asks for by the environment: a model whose frozen layers are cut over the processes (FSDP2)."""

from __future__ import annotations

import os
from collections.abc import Iterator

from modaxfer.errors import ConfigError
from modaxfer.runner.processes.asked import is_set

__all__ = ["SHARD", "refuse_shards", "shards_asked", "take_over"]

SHARD = "MODAXFER_SHARD"
"""Set to 1 by ``modaxfer launch --shard``."""

FSDP, DEEPSPEED = "ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED"
"""What ``accelerate launch`` sets with ``--use_fsdp`` and ``--use_deepspeed``."""

TAKEN = {
    "FSDP_VERSION": (("2",), "--fsdp_version 2"),
    "FSDP_OFFLOAD_PARAMS": (("false",), "no --fsdp_offload_params"),
    "FSDP_ACTIVATION_CHECKPOINTING": (("false",), "no --fsdp_activation_checkpointing"),
    "FSDP_RESHARD_AFTER_FORWARD": (("true", "full_shard"), "--fsdp_reshard_after_forward true"),
    "FSDP_AUTO_WRAP_POLICY": (("transformer_based_wrap", "no_wrap"), "--fsdp_auto_wrap_policy TRANSFORMER_BASED_WRAP"),
}
"""By variable, the values that say what is done anyway, and the flag that sets one; the first is that of none."""

DEFAULTS = {"FSDP_VERSION": "1"}
"""What Accelerate takes where a variable is not set, if that is not what is done anyway."""


def shards_asked() -> bool:
    """Return whether the frozen layers are to be cut over the processes.

    Raises:
        ConfigError: A launcher asks for shards of another kind, or for none of several processes.
    """
    if is_set(DEEPSPEED):
        raise ConfigError(
            "DeepSpeed is not taken: its engine owns optimiser, gradients and checkpoints, which are this runner's",
            got=f"{DEEPSPEED}={os.environ[DEEPSPEED]}",
            fix="use `accelerate launch --use_fsdp --fsdp_version 2` with strategy lora or frozen, or torchrun, where "
            "every process has the whole model",
        )
    if not is_set(FSDP):
        return is_set(SHARD)
    wrong = [*_not_taken()]
    if wrong:
        raise ConfigError(
            "FSDP of this kind is not taken: each frozen layer is cut by FSDP2, gathered when it runs and cut again",
            got=", ".join(f"{name}={value}" for name, value, _ in wrong),
            fix=f"start it with {', '.join(fix for _, _, fix in wrong)}; or with torchrun, where every process has "
            "the whole model",
        )
    return True


def refuse_shards(what: str) -> None:
    """Refuse `what` where shards are asked for.

    Raises:
        ConfigError: They are.
    """
    if shards_asked():
        raise ConfigError(
            f"{what} needs the whole model in its process",
            got=_variable(),
            fix=f"unset {_variable().partition('=')[0]}",
        )


def take_over(processes: int) -> None:
    """Hide from Accelerate and Transformers what is done here.

    The one would cut what is trained as well, the other would load weights in the first process alone.

    Args:
        processes: How many there are.

    Raises:
        ConfigError: There is one: nothing can be cut.
    """
    if processes == 1:
        raise ConfigError(
            "one process has nothing to share a model with",
            got=_variable(),
            fix="start several (--num-processes N, or torchrun), or leave the variable out",
        )
    os.environ[SHARD] = "1"
    os.environ.pop(FSDP, None)


def _not_taken() -> Iterator[tuple[str, str, str]]:
    for name, (allowed, fix) in TAKEN.items():
        value = os.environ.get(name, DEFAULTS.get(name, allowed[0]))
        if value.lower() not in allowed:
            yield name, value, fix


def _variable() -> str:
    name = FSDP if is_set(FSDP) else SHARD
    return f"{name}={os.environ[name]}"
