"""The observer behind ``--track``: what Accelerate's trackers are told of a run as it happens."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from modaxfer.errors import PluginError
from modaxfer.tracking.files import hand_files
from modaxfer.tracking.known import PROJECT, Tracker, asked_trackers
from modaxfer.tracking.points import Curves, final_scores, parameters

__all__ = ["TRACKED", "Tracked"]

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true"}
"""What tells trackers to report nothing of their own use to their makers; who wants that sets it otherwise."""

_SHELVES = {"tensorboard": "tensorboard", "aim": PROJECT}
"""Name that a tracker files a run under in its logging folder, where that is the run's own."""


class Tracked:
    """The trackers of the run that is going on; a process has one run at a time."""

    def __init__(self) -> None:
        self._open: list[tuple[Tracker, Any]] = []
        self._curves = Curves()

    def begin(self, config: Mapping[str, Any]) -> None:
        """Start the trackers that the run asks for, and tell them its settings.

        Raises:
            PluginError: One of them cannot be started; the others are.
        """
        folder = Path(str(config["output"]))
        self._open, self._curves = [], Curves()
        self._curves.read(folder / "log.jsonl")
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        asked = asked_trackers(config["track"])
        projects = {known.name: project for known, project in asked}
        self._open = [(known, None) for known, _ in asked]
        failed = self._each(lambda known, _: _started(known, projects[known.name], folder))
        told = parameters(config)
        _raise(failed + self._each(lambda _, made: made.store_init_configuration(told)))

    def log(self, line: Mapping[str, Any]) -> None:
        """Tell a line of the log as points of curves.

        Raises:
            PluginError: A tracker fails; it is told nothing any more.
        """
        if self._open:
            values, step = self._curves.point(line)
            _raise(self._each(lambda _, made: made.log(values, step=step)))

    def end(self, result: Mapping[str, Any], folder: Path) -> None:
        """Tell scores, figures and card of the finished run, and let the trackers go.

        Raises:
            PluginError: A tracker fails.
        """
        scores, step = final_scores(result), self._curves.last

        def tell(known: Tracker, made: Any) -> None:
            made.log(scores, step=step)
            hand_files(known, made, folder, step)

        _raise(self._each(tell) + self._closed())

    def close(self) -> None:
        """Let all trackers go: a run that failed keeps what it has told.

        Raises:
            PluginError: A tracker fails.
        """
        _raise(self._closed())

    def _closed(self) -> list[str]:
        failed = self._each(lambda _, made: made.finish())
        self._open = []
        return failed

    def _each(self, act: Callable[[Tracker, Any], Any]) -> list[str]:
        """Do something with every tracker that works, and return which ones failed: they are told nothing any more.

        What `act` returns for one that is not started yet is the tracker.
        """
        kept, failed = [], []
        for known, made in self._open:
            try:
                done = act(known, made)
            except (Exception, SystemExit) as error:
                failed.append(f"{known.name} ({type(error).__name__}: {error})")
            else:
                kept.append((known, done if made is None else made))
        self._open = kept
        return failed


def _raise(failed: list[str]) -> None:
    if failed:
        raise PluginError(
            f"no longer tracked by {', '.join(failed)}",
            fix="what it asks for stands in its own documentation; result and reports are complete without it",
        )


def _started(known: Tracker, project: str, folder: Path) -> Any:
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS

    made_by = {str(name): cls for name, cls in LOGGER_TYPE_TO_CLASS.items()}[known.name]
    place = (".",) if known.name == "aim" else (str(folder),)
    where = place if made_by.requires_logging_directory else ()
    own = _SHELVES.get(known.name) if project == PROJECT else None
    made = made_by(own or project, *where, **known.options(folder))
    made.start()
    return made


TRACKED = Tracked()
"""Of this process."""
