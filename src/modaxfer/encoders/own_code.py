"""Code that lies beside a checkpoint's weights: named in its JSON files, run only where the user's flag allows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modaxfer.errors import RefusedError

__all__ = ["is_own", "naming_code", "refuse_own_code", "refuse_strangers"]

KEY = "auto_map"
"""In any of a checkpoint's JSON files, the classes that its own code defines."""

ADAPTER = "adapter_config.json"
"""Makes Transformers read another checkpoint, the one that it names, in place of this."""

ATTENTION = ("attn_implementation", "_attn_implementation", "_attn_implementation_internal")
"""Config keys that may name a repository whose compiled kernels are fetched and run."""

FIX = "pass --trust-remote-code (in Python trust_remote_code=True) if you trust its authors"


def naming_code(folder: Path) -> tuple[str, ...]:
    """Return the names of the JSON files in `folder` that name code of the checkpoint's own."""
    return tuple(path.name for path in sorted(folder.glob("*.json")) if KEY in _values(path))


def is_own(config: Any) -> bool:
    """Tell whether the class of `config` came with its checkpoint, and so was allowed to run."""
    return type(config).__module__.partition(".")[0] == "transformers_modules"


def refuse_own_code(name: object, what: str, error: Exception, file: Path | None = None) -> None:
    """Refuse where `error` is Transformers' answer to code that nobody allowed.

    Args:
        name: What messages call the checkpoint.
        what: What needs the code: ``a tokenizer``.
        error: What Transformers raised.
        file: Where it was tried without the code, and failed: the JSON file that names it.

    Raises:
        RefusedError: It is that answer, or `file` names code.
    """
    if "trust_remote_code" in str(error) or (file is not None and KEY in _values(file)):
        raise RefusedError(f"{name} needs {what} of its own code, which is not run unasked", fix=FIX) from error


def refuse_strangers(folder: Path, config: Any, name: object) -> None:
    """Refuse files in `folder` that would bring another checkpoint or compiled code in, whatever is allowed.

    Args:
        folder: Of a checkpoint.
        config: What its ``config.json`` holds.
        name: What messages call it.

    Raises:
        RefusedError: There are such files.
    """
    if (folder / ADAPTER).is_file():
        raise RefusedError(
            f"{name} holds an adapter of peft beside or instead of a model",
            got=ADAPTER,
            fix="merge it into its base model (`merge_and_unload`) and save that",
        )
    kernels = [value for value in _implementations(config) if "/" in value]
    if kernels:
        raise RefusedError(
            f"{name} asks for compiled kernels from elsewhere, which are not run",
            got=kernels,
            fix="take the key attn_implementation out of its config.json",
        )


def _implementations(config: Any) -> Iterator[str]:
    if isinstance(config, dict):
        for key, value in config.items():
            if key in ATTENTION:
                yield from map(str, value.values() if isinstance(value, dict) else [value])
            else:
                yield from _implementations(value)


def _values(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # said to the user by whoever needs the file
        return {}
    return values if isinstance(values, dict) else {}
