"""What libraries say while a command runs: kept from the user's terminal, and noted in the run's log."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Heard", "heard", "hushed"]

QUIET = {
    "ACCELERATE_LOG_LEVEL": "error",
    "DATASETS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}
"""What libraries read when they are imported; a variable that the user has set is left as it is."""

MOST = 200
"""Different warnings that are noted."""


class Heard(logging.Handler):
    """Collects what libraries warn of, each line once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: dict[str, str] = {}
        """Text to the library that said it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Note a line of a logger that has no handler of its own."""
        self.note(record.name.partition(".")[0], record.getMessage())

    def note(self, library: str, text: str) -> None:
        """Note `text`."""
        if len(self.lines) < MOST:
            self.lines.setdefault(" ".join(text.split()), library)

    def write(self, run: Path) -> None:
        """Append what was heard to the log of `run`; it is forgotten then."""
        from modaxfer.runner.log import RunLog

        log = RunLog(run / "log.jsonl" if self.lines else None)
        for text, library in self.lines.items():
            log.write(library=library, warning=text)
        self.lines.clear()


heard = Heard()
"""Of this process."""


@contextmanager
def hushed(enabled: bool = True) -> Iterator[Heard]:
    """Keep warnings and log lines of libraries from standard error; `enabled` False lets them through."""
    if not enabled:
        yield heard
        return
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    shown, last = warnings.showwarning, logging.lastResort
    warnings.showwarning = lambda message, category, filename, *_, **__: heard.note(_library(filename), str(message))
    logging.lastResort = heard
    try:
        yield heard
    finally:
        warnings.showwarning, logging.lastResort = shown, last


def _library(filename: str) -> str:
    """Return the package that a file belongs to: what stands behind ``site-packages``."""
    parts = Path(filename).parts
    behind = [place for place, part in enumerate(parts) if part in ("site-packages", "dist-packages")]
    return parts[behind[-1] + 1] if behind and behind[-1] + 1 < len(parts) else Path(filename).stem
