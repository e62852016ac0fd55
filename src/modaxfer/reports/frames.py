"""What a run has written, as data frames: the epochs of its training, and which classes it took for which."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modaxfer.errors import DataError
from modaxfer.reports.predictions import confusion, predictions_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pandas

    from modaxfer.result import Result

__all__ = ["confusion_frame", "history_frame"]

HISTORY = ("phase", "epoch", "step", "loss", "learning_rate", "score")


def history_frame(folder: Path) -> pandas.DataFrame:
    """Return a row per epoch that was judged: `HISTORY`, and ``validation_NAME`` for each score.

    ``loss`` is that of training, smoothed as it was logged; ``score`` is what the best epoch is chosen by. A run whose
    head is fitted in closed form has no epochs, and no row.
    """
    import pandas as pd

    # A resumed run logs some epochs twice; the later line counts.
    rows = {(row["phase"], row["epoch"]): row for row in _epochs(folder / "log.jsonl")}
    frame = pd.DataFrame(list(rows.values()))
    columns = [*HISTORY, *(name for name in frame.columns if name not in HISTORY)]
    return frame.reindex(columns=columns)


def _epochs(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what was logged of each epoch, with the last training loss and rate before it."""
    last: dict[str, Any] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            values: dict[str, Any] = json.loads(line)
        except json.JSONDecodeError:
            continue  # A killed run leaves a torn line.
        if "validation" not in values:
            last = {name: values[name] for name in ("loss", "learning_rate") if name in values}
            continue
        told = {f"validation_{name}": value for name, value in _flat(values["validation"]).items()}
        placed: dict[str, Any] = {name: values[name] for name in ("phase", "epoch", "step", "score") if name in values}
        yield {**last, **placed, **told}


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return scores by name; of several tasks, ``TASK NAME``."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= {f"{name} {inner}": leaf for inner, leaf in value.items()} if isinstance(value, dict) else {name: value}
    return flat


def confusion_frame(result: Result, folder: Path) -> pandas.DataFrame:
    """Return numbers of test rows, classes that they have down and classes that were said across.

    Raises:
        DataError: The run has no predictions, or its rows have no class each.
    """
    import pandas as pd

    made = predictions_of(result, folder)
    if made is None or not made.classes or any(isinstance(target, tuple) for target in made.targets):
        raise DataError(
            "there is no confusion of classes here",
            got="no predictions" if made is None else f"a {made.problem} task",
            fix="Run.predictions has what was said of each test row" if made is not None else "open a completed run",
        )
    names = list(made.classes)
    index, columns = pd.Index(names, name="target"), pd.Index(names, name="prediction")
    return pd.DataFrame(confusion(made), index=index, columns=columns)
