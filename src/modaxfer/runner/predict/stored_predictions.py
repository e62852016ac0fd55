"""The test rows of a run with what the model said of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modaxfer.data.given import shown_column
from modaxfer.encoders.runs import description_of
from modaxfer.errors import DataError, ModaxferError
from modaxfer.result import Result
from modaxfer.runner.predict.evaluate import load_rows
from modaxfer.runner.progress import Progress

if TYPE_CHECKING:
    import pandas
    import pyarrow as pa

__all__ = ["read_test_rows"]


def read_test_rows(run: Path) -> pandas.DataFrame:
    """Return the test rows of `run`: ``row_id``, inputs, ``target``, ``prediction``, ``score:CLASS`` for each class.

    Raises:
        DataError: There are no predictions, or one file per task.
    """
    import pandas as pd

    path = run / "predictions.parquet"
    if not path.is_file():
        description_of(run)  # of several tasks it names them
        raise DataError("the run has no predictions", file=run, fix="train it again")
    made = pd.read_parquet(path)
    inputs = _inputs(run)
    if inputs is None:
        return made
    beside = [name for name in inputs.column_names if name not in made.columns]
    frame = inputs.select(["row_id", *beside]).to_pandas()
    merged = made[["row_id"]].merge(frame, on="row_id", how="left", validate="one_to_one")
    return pd.concat([merged, made.drop(columns="row_id")], axis=1)


def _inputs(run: Path) -> pa.Table | None:
    """Return the inputs of the test rows by ``row_id``; None, which is said, where they cannot be had."""
    try:
        _, data = load_rows(run, partial="parts" in Result.load(run).encoder)
    except ModaxferError as error:
        Progress().say(f"warning: the inputs are left out: {error}")
        return None
    table = data.splits["test"].with_format("arrow")[:]
    for place, name in enumerate(table.column_names):
        table = table.set_column(place, name, shown_column(table.column(name)))
    return table
