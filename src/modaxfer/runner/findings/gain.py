"""The transfer gain, from predictions that finished runs have left on disk, so that it can be computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modaxfer.errors import DataError
from modaxfer.metrics import Pair, Scored, paired_difference, paired_gain
from modaxfer.result import Result
from modaxfer.spec import Problem

__all__ = ["Finished", "read_finished", "scratch_baseline", "transfer_gain"]


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

    @property
    def problem(self) -> Problem:
        """Kind of target."""
        return Problem(self.result.data["problem"])

    @property
    def score(self) -> float:
        """Primary test score; nan where it is undefined."""
        value = self.result.metrics["test"][self.result.primary]
        return float("nan") if value is None else float(value)


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
    problem, classes = Problem(result.data["problem"]), [str(name) for name in result.data["classes"]]
    said = {name: table.column(name).to_pylist() for name in ("target", "prediction")}
    # Classes that train lacks have no score; behind the known ones each has its number.
    names = [*classes, *sorted(_labels(said["target"], problem) - set(classes))]
    references, predictions = (_numbers(said[name], problem, names)[order] for name in ("target", "prediction"))
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
    )


def transfer_gain(pretrained: Sequence[Finished], scratch: Sequence[Finished], *, seed: int) -> dict[str, Any]:
    """Return the gain in the primary metric, as ``transfer_gain`` of a result holds it.

    Args:
        pretrained: One run per seed.
        scratch: The runs from scratch, in the same order of seeds.
        seed: Of the bootstrap.

    Raises:
        DataError: The two runs of a seed are scored on other rows.
    """
    pairs = [_pair(*both) for both in zip(pretrained, scratch, strict=True)]
    metric, problem = pretrained[0].result.primary, pretrained[0].problem
    same_rows = len({run.ids for run in pretrained}) == 1
    found = paired_gain(pairs, metric, problem=problem, same_rows=same_rows, seed=seed)
    each = [paired_gain([pair], metric, problem=problem, same_rows=True, resamples=1).value for pair in pairs]
    return {
        metric: {
            "gain": found.value,
            "interval": [found.low, found.high],
            "pretrained": float(np.mean([run.score for run in pretrained])),
            "scratch": float(np.mean([run.score for run in scratch])),
            "seeds": len(pairs),
            "by_seed": each,
        }
    }


def scratch_baseline(pretrained: Finished, scratch: Finished) -> dict[str, Any]:
    """Return the baseline that stands beside the scores of a run: those of its own seed's run from scratch.

    ``difference`` is the 95 % interval of run minus baseline in the primary metric, as for every baseline.
    """
    result, metric = scratch.result, pretrained.result.primary
    pair = _pair(pretrained, scratch)
    difference = paired_difference(
        pair.references,
        pair.better,
        pair.other,
        metric,
        problem=pretrained.problem,
        seed=pretrained.result.seed,
        clusters=pair.clusters,
    )
    return {
        **result.metrics["test"],
        "difference": {metric: [difference.low, difference.high]},
        "strategy": result.strategy,
        "epochs": result.training.get("epochs"),
        "rate": (result.training.get("rates") or {}).get("chosen"),
        "run": scratch.folder.relative_to(pretrained.folder).as_posix(),
    }


def _pair(pretrained: Finished, scratch: Finished) -> Pair:
    if pretrained.ids != scratch.ids or not np.array_equal(pretrained.references, scratch.references):
        raise DataError(
            "a run and its baseline from scratch are scored on other rows",
            file=scratch.folder,
            fix="the data changed between the two: train both again, in a new --output",
        )
    return Pair(
        references=pretrained.references,
        better=pretrained.scored,
        other=scratch.scored,
        clusters=pretrained.clusters,
    )


def _labels(values: Sequence[Any], problem: Problem) -> set[str]:
    """Return the class names among stored targets."""
    if problem is Problem.REGRESSION:
        return set()
    return {str(name) for value in values for name in (value if problem is Problem.MULTILABEL else [value])}


def _numbers(values: Sequence[Any], problem: Problem, classes: Sequence[str]) -> np.ndarray:
    """Return what a metric takes: class numbers, 0/1 per class, or the numbers themselves."""
    if problem is Problem.REGRESSION:
        return np.array(values, dtype=float)
    place = {name: number for number, name in enumerate(classes)}
    if problem is not Problem.MULTILABEL:
        return np.array([place[str(value)] for value in values], dtype=np.int64)
    indicators = np.zeros((len(values), len(classes)), dtype=np.int64)
    for row, names in enumerate(values):
        indicators[row, [place[str(name)] for name in names]] = 1
    return indicators
