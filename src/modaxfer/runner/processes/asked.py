"""What ``accelerate launch`` asks for beside shards: how many processes, which arithmetic; the rest is refused."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from modaxfer.errors import ConfigError

__all__ = ["is_set", "precision_asked", "processes_asked", "refuse_not_taken"]

PRECISION, COMPILED = "ACCELERATE_MIXED_PRECISION", "ACCELERATE_DYNAMO_BACKEND"
"""Both are ``no`` where nothing is asked for."""

NOT_TAKEN = {
    "ACCELERATE_USE_MEGATRON_LM": ("Megatron-LM", "no --use_megatron_lm"),
    "ACCELERATE_USE_PARALLELISM_CONFIG": (
        "parallelism of tensors, contexts or sequences",
        "no --use_parallelism_config",
    ),
}
"""By variable, what it asks for, and what is asked instead."""


def is_set(name: str) -> bool:
    """Return whether the variable `name` says yes."""
    return os.environ.get(name, "").lower() in ("1", "true", "yes")


def refuse_not_taken() -> None:
    """Refuse what Accelerate would do to a model that is this runner's to train.

    Raises:
        ConfigError: A launcher asks for it.
    """
    wrong = [(name, *NOT_TAKEN[name]) for name in NOT_TAKEN if is_set(name)]
    if os.environ.get(COMPILED, "no").lower() != "no":
        wrong.append((COMPILED, "compiled models", "--dynamo_backend no"))
    if wrong:
        raise ConfigError(
            f"a launcher asks for what is not taken: {', '.join(what for _, what, _ in wrong)}",
            got=", ".join(f"{name}={os.environ[name]}" for name, _, _ in wrong),
            fix=f"start it with {', '.join(fix for _, _, fix in wrong)}",
        )


def precision_asked(wanted: str) -> str:
    """Return the precision that is asked for by the request and by the launcher.

    Args:
        wanted: Of the request; ``auto`` leaves it to the launcher. Accelerate's ``no`` leaves it to the request, since
            that is what it says where nobody has asked.

    Raises:
        ConfigError: They disagree, or the launcher asks for a precision that there is not.
    """
    asked = os.environ.get(PRECISION, "no").lower()
    if asked in ("no", wanted):
        return wanted
    if asked not in ("bf16", "fp16"):
        raise ConfigError(
            "a launcher asks for a precision that is not taken",
            got=f"{PRECISION}={asked}",
            allowed="no, bf16, fp16",
            fix="start it with --mixed_precision no, and say --precision",
        )
    if wanted != "auto":
        raise ConfigError(
            "--precision and the launcher disagree",
            got=f"{wanted} and {asked}",
            fix="leave --precision out, or start it with --mixed_precision no",
        )
    return asked


def processes_asked() -> int:
    """Return how many processes ``accelerate launch`` in the parent process was told to start, 1 if it is not there.

    Its command line says so, or the file that it reads; what it starts by itself knows nothing of it.
    """
    words = _parent()
    if not any(Path(word).name == "accelerate" or word.startswith("accelerate.commands") for word in words[:3]):
        return 1
    own = words[: words.index("modaxfer")] if "modaxfer" in words else words
    told = _value_of(own, "__num_processes")
    if told is None:
        return _of_file(_value_of(own, "__config_file"), default="__cpu" not in map(_plain, own))
    return int(told) if told.isdigit() else 1


def _parent() -> list[str]:
    """Return the command line of the process that has started this one, where the system shows it."""
    path = Path(f"/proc/{os.getppid()}/cmdline")
    return path.read_bytes().decode(errors="replace").split("\0") if path.is_file() else []


def _value_of(words: Sequence[str], flag: str) -> str | None:
    for place, word in enumerate(words):
        name, _, value = word.partition("=")
        if _plain(name) == flag:
            return value or "".join(words[place + 1 : place + 2])
    return None


def _plain(word: str) -> str:
    """Flags may be written with either of two signs."""
    return word.replace("-", "_")


def _of_file(path: str | None, *, default: bool) -> int:
    """Return what a config of Accelerate says, its default one included where that is read."""
    from accelerate.commands.config.config_args import default_config_file, load_config_from_file

    if path is None and not (default and Path(default_config_file).is_file()):
        return 1
    return max(1, int(load_config_from_file(path).num_processes or 1))
