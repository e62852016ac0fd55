"""What finished runs have left on disk: their results with what they said of each test row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from modaxfer.errors import DataError
from modaxfer.metrics import CostMatrix, Scored
from modaxfer.problems.labels.names import named
from modaxfer.registry import problem_of
from modaxfer.result import Result

__all__ = ["Finished", "cost_told", "read_finished"]


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A finished run with what it said of its test split, rows in the order of their ids."""

    folder: Path
    result: Result
    ids: tuple[str, ...]
    references: np.ndarray
    scored: Scored
    clusters: np.ndarray | None = None
    """int64 ``[rows]``: rows that belong together; None where each stands alone."""
    groups: np.ndarray | None = None
    """str ``[rows]``: the group of each row; None where the run asked for no groups."""

    @property
    def problem(self) -> str:
        """Registered name of what the target asks for."""
        return str(self.result.data["problem"])

    @property
    def cost(self) -> CostMatrix:
        """What mistakes cost, where the run was scored or decided by that."""
        return cost_told(self.result)

    @property
    def score(self) -> float:
        """Primary test score; nan where it is undefined."""
        value = self.result.metrics["test"][self.result.primary]
        return float("nan") if value is None else float(value)


def cost_told(result: Result) -> CostMatrix:
    """Return what mistakes cost, as `result` tells it; empty where nothing in it was scored or decided by that."""
    return tuple(tuple(map(float, row)) for row in result.decision.get("cost", ()))


def read_finished(folder: Path, result: Result) -> Finished:
    """Read the predictions of the finished run in `folder`.

    Raises:
        DataError: There are none.
    """
    import pyarrow.parquet as pq

    path = folder / "predictions.parquet"
    if not path.is_file():
        raise DataError("a finished run without its predictions", file=path, fix="remove its folder and run it again")
    table = pq.read_table(path)
    ids = [str(value) for value in table.column("row_id").to_pylist()]
    order = np.argsort(np.array(ids), kind="stable")
    labels, classes = problem_of(result.data["problem"]).labels, [str(name) for name in result.data["classes"]]
    said = {name: table.column(name).to_pylist() for name in ("target", "prediction")}
    # Classes that train lacks have no score; behind the known ones each has its number.
    names = [*classes, *sorted({name for label in said["target"] for name in named(label)} - set(classes))]
    references, predictions = (labels.parse(said[name], names)[order] for name in ("target", "prediction"))
    columns = [f"score:{name}" for name in classes]
    known = bool(columns) and set(columns) <= set(table.column_names)
    scores = np.stack([table.column(name).to_numpy() for name in columns], axis=1)[order] if known else None
    return Finished(
        folder=folder,
        result=result,
        ids=tuple(ids[place] for place in order),
        references=references,
        scored=Scored(predictions=predictions, scores=scores),
        clusters=table.column("cluster").to_numpy()[order] if "cluster" in table.column_names else None,
        groups=np.array(table.column("group").to_pylist(), object)[order] if "group" in table.column_names else None,
    )
