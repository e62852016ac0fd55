"""The framework's own observer, which hands on to trackers. It watches through the same hooks as plugins."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from modaxfer.hooks import hookimpl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["modaxfer_logged", "modaxfer_run_end", "modaxfer_run_error", "modaxfer_run_start"]

_TRACKING = "modaxfer.tracking.observer"


@hookimpl
def modaxfer_run_start(config: Mapping[str, Any]) -> None:
    """Start the trackers that ``--track`` names; they are imported for a run that asks for one."""
    if config.get("track"):
        import_module(_TRACKING).TRACKED.begin(config)


@hookimpl
def modaxfer_logged(values: Mapping[str, Any]) -> None:
    """Tell trackers a line of the log."""
    if _TRACKING in sys.modules:
        sys.modules[_TRACKING].TRACKED.log(values)


@hookimpl
def modaxfer_run_end(result: Mapping[str, Any], folder: Path) -> None:
    """Tell trackers scores, figures and card."""
    if _TRACKING in sys.modules:
        sys.modules[_TRACKING].TRACKED.end(result, folder)


@hookimpl
def modaxfer_run_error() -> None:
    """Let trackers go."""
    if _TRACKING in sys.modules:
        sys.modules[_TRACKING].TRACKED.close()
