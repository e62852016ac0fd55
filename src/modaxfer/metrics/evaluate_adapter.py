"""Modules of the Hugging Face library `evaluate` as metrics, from a local folder: nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

__all__ = ["load_module"]


def load_module(path: str) -> Callable[[np.ndarray, np.ndarray, np.ndarray | None], float]:
    """Return the score of a local `evaluate` module. Its code is run: name only folders you trust.

    Args:
        path: A folder that holds a script of its own name, or the script; ``PATH#KEY`` picks one of several values
            that the module returns.

    Raises:
        ConfigError: There is no such module.
    """
    folder, _, key = path.partition("#")
    location = Path(folder).expanduser()
    script = location / f"{location.name}.py" if location.is_dir() else location
    if script.suffix != ".py" or not script.is_file():
        raise ConfigError(
            f"no local evaluate module at {folder}",
            allowed="a folder with a script of its own name, or the script",
            fix="check the path; modules on the hub are not loaded, use a built-in metric or a local copy",
        )
    import evaluate

    try:
        module = evaluate.load(str(script), keep_in_memory=True)
    except ImportError as error:
        raise ConfigError(
            f"evaluate module {folder} cannot be imported", got=error, fix="install what it needs"
        ) from None

    def score(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
        found = module.compute(references=references.tolist(), predictions=predictions.tolist())
        return _one_value(found or {}, key or module.name, path)

    return score


def _one_value(found: dict[str, Any], key: str, path: str) -> float:
    """Return the value named `key`, or the only one.

    Raises:
        ConfigError: There are several and none has this name.
    """
    if key not in found and len(found) != 1:
        raise ConfigError(
            f"evaluate module {path} returned several values and none is called {key!r}",
            allowed=sorted(found),
            fix="write evaluate:PATH#KEY",
        )
    return float(found.get(key, next(iter(found.values()))))
