"""Cross-validation: every row is predicted once by a model that has not seen it, and all of them are scored together.

The mean over folds says how such trainings score, and its interval how much they differ; scores pooled over all rows
are those of one large test split. Areas under curves should be read as means: pooled they rank scores of different
models against each other, which is too pessimistic (Forman & Scholz 2010).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from modaxfer.config import RunConfig
from modaxfer.metrics import bootstrap, compute
from modaxfer.result import Result
from modaxfer.runner.attempts import each_apart
from modaxfer.runner.beside.companion import Companion, Kind, Main, Runs
from modaxfer.runner.beside.spread import mean_intervals, spread
from modaxfer.runner.evaluation.finished import Finished, read_finished
from modaxfer.runner.folder import OUT_OF_FOLD
from modaxfer.runner.request.single import single

__all__ = ["FOLDS", "pooled"]

MEASURED = ("chance", "majority", "simple")
"""What each fold is measured against; their means stand beside the folds' own."""


def _companions(main: Main) -> tuple[Companion, ...]:
    folds = main.config.folds
    return () if folds is None or main.config.fold is not None else tuple(_fold(main, each) for each in range(folds))


def _fold(main: Main, number: int) -> Companion:
    def config(runs: Runs) -> RunConfig:
        # A factor on learning rates is searched again: the run's validation rows are test rows of some folds.
        return replace(single(main.config), folds=main.config.folds, fold=number)

    return Companion(place=_place(number), label=f"fold {number}", config=config, same_weights=True, brief=True)


def _place(number: int) -> str:
    return f"folds/{number}"


def _is_told(main: Main) -> bool:
    return list(main.result.folds.get("folds", ())) == list(range(main.config.folds or 0))


def _tell(main: Main, result: Result, runs: Runs) -> Result:
    count = main.config.folds or 0
    found = {number: runs[_place(number)] for number in range(count) if _place(number) in runs}
    if len(found) < 2:
        return result
    read = [read_finished(main.folder / _place(number), fold) for number, fold in found.items()]
    warnings: list[str] = []
    told = spread(list(found.values()))
    folds = {
        "count": count,
        "folds": list(found),
        "rows": sum(len(fold.ids) for fold in read),
        **told,
        "intervals": mean_intervals(told, overlap=1 / (count - 1)),
        **pooled(read, tuple(told["test"]), seed=result.seed, warnings=warnings),
        "baselines": _baselines(list(found.values())),
        "predictions": OUT_OF_FOLD,
    }
    if main.writes:
        _write(main.folder, {number: main.folder / _place(number) for number in found})
    return replace(result, folds=folds, warnings=(*result.warnings, *warnings))


def pooled(folds: Sequence[Finished], names: Sequence[str], *, seed: int, warnings: list[str]) -> dict[str, Any]:
    """Score the rows of all `folds` together, with intervals drawn over rows, or over rows that belong together.

    Args:
        folds: With equal classes; no row, and no two rows that belong together, are in two of them.
        names: Metrics.
        seed: Of the bootstrap.
        warnings: Where metrics that fail are noted.

    Returns:
        ``pooled``: metric name to value, and ``pooled_intervals``: to ``[low, high]``.
    """
    scores, groups = [fold.scored.scores for fold in folds], [fold.groups for fold in folds]
    given: dict[str, Any] = {
        "problem": folds[0].problem,
        "cost": folds[0].cost,
        "groups": None if any(part is None for part in groups) else np.concatenate([*groups]),
        "references": np.concatenate([fold.references for fold in folds]),
        "predictions": np.concatenate([fold.scored.predictions for fold in folds]),
        "scores": None if any(part is None for part in scores) else np.concatenate([*scores]),
    }
    draw = partial(bootstrap, seed=seed, clusters=_clusters(folds), **given)
    values = each_apart("over all folds: the metric", names, lambda some: compute(some, **given), warnings)
    intervals = each_apart("over all folds: the interval of", names, draw, warnings)
    return {"pooled": values, "pooled_intervals": {name: list(found) for name, found in intervals.items()}}


def _clusters(folds: Sequence[Finished]) -> np.ndarray | None:
    """Number what belongs together in all folds; None where every row stands alone."""
    if all(fold.clusters is None for fold in folds):
        return None
    numbers, start = [], 0
    for fold in folds:
        own = np.arange(len(fold.ids)) if fold.clusters is None else np.unique(fold.clusters, return_inverse=True)[1]
        numbers.append(own + start)
        start += int(own.max()) + 1
    return np.concatenate(numbers)


def _baselines(results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """Return the mean over folds of each metric of each baseline, where every fold has it."""
    found = {}
    for name in MEASURED:
        own: list[Mapping[str, Any]] = [result.baselines.get(name) or {} for result in results]
        metrics = [metric for metric in results[0].metrics["test"] if all(_is_number(each.get(metric)) for each in own)]
        if metrics:
            found[name] = {metric: float(np.mean([each[metric] for each in own])) for metric in metrics}
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not np.isnan(value)


def _write(folder: Path, folds: Mapping[int, Path]) -> None:
    """Write the predictions of every fold into one file, with a column that says which fold a row was in."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [
        table.drop_columns([name for name in ("cluster",) if name in table.column_names]).add_column(
            1, "fold", pa.array([number] * table.num_rows, pa.int64())
        )
        for number, place in folds.items()
        for table in [pq.read_table(place / "predictions.parquet")]
    ]
    path = folder / OUT_OF_FOLD
    temporary = path.with_name(f".{path.name}.tmp")
    pq.write_table(pa.concat_tables(tables, promote_options="permissive"), temporary)
    temporary.replace(path)


FOLDS = Kind(name="the scores over folds", companions=_companions, is_told=_is_told, tell=_tell)
