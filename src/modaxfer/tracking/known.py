"""Which trackers there are, what each is shown and where that goes; imports none of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from modaxfer.errors import MissingPackageError, UnknownNameError, close_matches

__all__ = ["PROJECT", "TRACKERS", "Tracker", "asked_trackers", "trackers_table"]

PROJECT = "modaxfer"
"""Project (in MLflow: experiment) of runs that name none."""


@dataclass(frozen=True, kw_only=True)
class Tracker:
    """What is known of a tracker before it is imported."""

    name: str
    """As in Accelerate."""
    module: str = ""
    """Module whose presence says that it is installed."""
    install: str = ""
    """What pip installs."""
    goes_to: str = ""
    """Where what it is told goes, for people."""
    sends: bool = False
    """Whether it sends that over a network unless told otherwise."""
    options: Callable[[Path], Mapping[str, Any]] = lambda folder: {}
    """What Accelerate's class is given for the run in a folder, beside the project."""
    figures: str = "images"
    """How it takes figures: ``images`` (``log_images``), ``files`` (``log_artifact``), or an empty text."""
    card: str = ""
    """How it takes the model card: ``text`` (``log``), ``files``, or an empty text."""


def _called(key: str) -> Callable[[Path], Mapping[str, Any]]:
    return lambda folder: {key: folder.name}


TRACKERS = {
    tracker.name: tracker
    for tracker in (
        Tracker(
            name="tensorboard", module="tensorboard", install="tensorboard", card="text",
            goes_to="RUN/tensorboard; `tensorboard --logdir runs` shows all runs",
        ),
        Tracker(
            name="mlflow", module="mlflow", install="mlflow", figures="files", card="files",
            goes_to="a local store (mlflow.db, mlruns), or where MLFLOW_TRACKING_URI says", options=_called("run_name"),
        ),
        Tracker(
            name="trackio", module="trackio", install="trackio", figures="", goes_to="a local store",
            options=_called("name"),
        ),
        Tracker(
            name="aim", module="aim", install="aim", figures="", goes_to="a local store (.aim)",
        ),
        Tracker(
            name="dvclive", module="dvclive", install="dvclive", figures="",
            goes_to="RUN/dvclive; DVC Studio where you are logged in there",
            options=lambda folder: {"dir": str(folder / "dvclive")},
        ),
        Tracker(
            name="wandb", module="wandb", install="wandb", card="text", sends=True,
            goes_to="wandb.ai; nowhere with WANDB_MODE=offline", options=_called("name"),
        ),
        Tracker(
            name="comet_ml", module="comet_ml", install="comet-ml", figures="", card="text", sends=True,
            goes_to="comet.com",
        ),
        Tracker(
            name="clearml", module="clearml", install="clearml", figures="", sends=True,
            goes_to="your ClearML server", options=_called("task_name"),
        ),
        Tracker(
            name="swanlab", module="swanlab", install="swanlab", sends=True,
            goes_to="swanlab.cn; nowhere with SWANLAB_MODE=local", options=_called("experiment_name"),
        ),
    )
}  # fmt: skip
"""Every tracker of Accelerate 1.15; those that keep to this machine first."""


def asked_trackers(asked: Sequence[str]) -> list[tuple[Tracker, str]]:
    """Return the trackers that ``--track`` names, each with its project.

    Args:
        asked: ``NAME`` or ``NAME=PROJECT`` each.

    Raises:
        UnknownNameError: Accelerate has no tracker of this name, and no class was registered with it under it.
        MissingPackageError: Its package is not installed.
    """
    found = {}
    for each in asked:
        name, _, project = each.partition("=")
        found[name] = (_installed(name), project or PROJECT)
    return list(found.values())


def trackers_table() -> list[list[str]]:
    """Return name, install line, where it goes, figures and card of every tracker, as people read them."""
    return [
        [
            f"`{one.name}`",
            f"`pip install {one.install}`",
            f"{'**sends**: ' if one.sends else ''}{one.goes_to}",
            one.figures or "no",
            one.card or "no",
        ]
        for one in TRACKERS.values()
    ]


def _installed(name: str) -> Tracker:
    if name not in TRACKERS:
        if name in _registered():
            return Tracker(name=name)
        known = [*TRACKERS, *_registered()]
        close = close_matches(name.lower(), known)
        hint = f"did you mean {' or '.join(close)}?" if close else "name one of them after --track"
        raise UnknownNameError("tracker", name, known, fix=hint)
    tracker = TRACKERS[name]
    if find_spec(tracker.module) is None:
        raise MissingPackageError(tracker.module, f"--track {name}", f"pip install {tracker.install}")
    return tracker


def _registered() -> list[str]:
    """Return the names of classes that were registered with Accelerate; none before somebody has imported it."""
    accelerate = sys.modules.get("accelerate.tracking")
    known = getattr(accelerate, "LOGGER_TYPE_TO_CLASS", {})
    return [str(name) for name in known if str(name) not in TRACKERS]
