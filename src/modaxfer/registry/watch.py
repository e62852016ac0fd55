"""What says that a plugin takes long to load: an import that hangs cannot be ended from inside its own process."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from modaxfer.escaping import one_line
from modaxfer.fitted_lines import fit

if TYPE_CHECKING:
    from types import TracebackType

    from modaxfer.registry.records import PluginRecord

__all__ = ["FIRST_SECONDS", "Watch"]

FIRST_SECONDS = 5.0
"""After so many seconds it is said for the first time, then each time that twice as many have passed."""


class Watch:
    """A context in which a plugin is loaded; as long as that lasts, standard error is told where it is.

    Args:
        record: Of the plugin.
    """

    def __init__(self, record: PluginRecord) -> None:
        self._record, self._done, self._loader = record, threading.Event(), threading.get_ident()
        self._thread = threading.Thread(target=self._tell, name="modaxfer-watch", daemon=True)

    def __enter__(self) -> None:
        """Begin to wait."""
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop waiting."""
        self._done.set()

    def _tell(self) -> None:
        started, wait = time.monotonic(), FIRST_SECONDS
        while not self._done.wait(wait):
            seconds = time.monotonic() - started
            told = (
                f"modaxfer: {self._record} is still being loaded after {seconds:.3g} s{self._place()}; Ctrl-C ends the "
                "command, and MODAXFER_PLUGINS names the plugins to load instead of all"
            )
            print(fit(one_line(told), sys.stderr), file=sys.stderr, flush=True)  # noqa: T201 - seen while nothing else can be done
            wait = seconds

    def _place(self) -> str:
        """Return where in the plugin's own package the loading thread is; empty where it is elsewhere."""
        frame = sys._current_frames().get(self._loader)
        package = Path(self._record.module.partition(".")[0]).name
        for one in reversed(traceback.extract_stack(frame) if frame is not None else []):
            if package in Path(one.filename).with_suffix("").parts:
                return f", in {Path(one.filename).name}, line {one.lineno}"
        return ""
