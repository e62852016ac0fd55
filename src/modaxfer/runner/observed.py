"""A run as observers see it: it begins once and ends or fails once, in one process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from modaxfer.registry import registry
from modaxfer.result import Result

__all__ = ["PART", "UNOBSERVED", "WHOLE", "Observed", "observed"]

LAUNCHED = "MODAXFER_LAUNCHED"
"""Set in processes that the launcher started: `WHOLE` or `PART`."""
WHOLE, PART = "1", "part"
"""What such processes train: a run that somebody asked for, or a part of one, such as a fold."""


class Observed:
    """Tells observers of one run; what goes wrong with them comes back as warnings.

    A run is what one command or call asked for, or one cell of a comparison. What is trained before and beside it
    (source stages, trials of a search, seeds, folds, baselines, bounds) is part of it: it has no events of its own.

    Args:
        told: Whether this process is the one that tells.
    """

    def __init__(self, *, told: bool) -> None:
        self.told, self._open = told, False
        self.elsewhere = False
        """Whether the run took place in processes that were started for it: they told, and rendered its reports."""

    def begin(self, config: Mapping[str, Any]) -> list[str]:
        """Tell that training begins, with all settings as they were resolved; nothing can be refused any more."""
        self._open = self.told
        return self.tell("run_start", config=config)

    def tell(self, event: str, **values: Any) -> list[str]:
        """Tell of what happens between begin and end; before and after nothing is told."""
        return registry().notify(event, **values) if self._open else []

    def fail(self, error: BaseException) -> list[str]:
        """Tell that the run failed or was interrupted; the first time only."""
        return self._closed("run_error", error=error)

    def end(self, folder: Path) -> None:
        """Tell that the run in `folder` is complete, its reports included; troubles are noted in its result."""
        if not self._open:
            return
        result = Result.load(folder)
        if troubles := self._closed("run_end", result=result.to_dict(), folder=folder.resolve()):
            replace(result, warnings=(*result.warnings, *troubles)).save(folder)

    def _closed(self, event: str, **values: Any) -> list[str]:
        warnings = self.tell(event, **values)
        self._open = False
        return warnings


UNOBSERVED = Observed(told=False)
"""What is part of another run."""


@contextmanager
def observed() -> Iterator[Observed]:
    """Give a run its observers for as long as it takes; whatever ends it early is told them, an interrupt too."""
    main = os.environ.get("RANK", "0") == "0"
    watched = Observed(told=main and os.environ.get(LAUNCHED) != PART)
    try:
        yield watched
    except BaseException as error:
        watched.fail(error)
        raise
