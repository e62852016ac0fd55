"""RUN/log.jsonl: one JSON object per logged step, written as it happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modaxfer.result import defined
from modaxfer.runner.observed import UNOBSERVED, Observed

__all__ = ["RunLog", "rounded", "smoothed"]


class RunLog:
    """Appends lines to a log file; a process that is not the main one has none.

    Args:
        path: File to append to, or None to keep silent.
        tell: Takes what goes wrong with observers; a run goes on without them.
        observed: The run whose lines they are, as observers see it.
        common: What every line says besides its own values.
    """

    def __init__(
        self,
        path: Path | None,
        tell: Callable[[str], None] | None = None,
        observed: Observed = UNOBSERVED,
        **common: Any,
    ) -> None:
        self._path, self._tell, self._observed, self._common = path, tell, observed, common
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)

    def within(self, **common: Any) -> RunLog:
        """Return a log that appends to the same file, with `common` on every line."""
        return RunLog(self._path, self._tell, self._observed, **self._common | common)

    def write(self, **values: Any) -> None:
        """Append one line, and show it to observers; floats have six significant digits, undefined ones are null."""
        if self._path is None:
            return
        line = defined({key: rounded(value) for key, value in (self._common | values).items()})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")
        troubles = self._observed.tell("logged", values=line)
        if self._tell is not None:
            for trouble in troubles:
                self._tell(trouble)


def rounded(value: Any) -> Any:
    """Return a float with six significant digits, anything else as it is."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def smoothed(before: float, value: float) -> float:
    """Return what a loss is shown as after `value`, where it was shown as `before`."""
    return 0.9 * before + 0.1 * value
