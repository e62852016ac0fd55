"""RUN/log.jsonl: one JSON object per logged step, written as it happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modaxfer.result import defined

__all__ = ["RunLog"]


class RunLog:
    """Appends lines to a log file; a process that is not the main one has none.

    Args:
        path: File to append to, or None to keep silent.
        common: What every line says besides its own values.
    """

    def __init__(self, path: Path | None, **common: Any) -> None:
        self._path, self._common = path, common
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)

    def within(self, **common: Any) -> RunLog:
        """Return a log that appends to the same file, with `common` on every line."""
        return RunLog(self._path, **self._common | common)

    def write(self, **values: Any) -> None:
        """Append one line; floats are rounded to six significant digits, undefined ones are null."""
        if self._path is None:
            return
        rounded = {
            key: float(f"{value:.6g}") if isinstance(value, float) else value
            for key, value in (self._common | values).items()
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(defined(rounded), allow_nan=False) + "\n")
