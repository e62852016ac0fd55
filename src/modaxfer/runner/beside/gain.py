"""The transfer gain, from predictions that finished runs have left on disk, so that it can be computed again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from modaxfer.errors import DataError
from modaxfer.metrics import Pair, paired_difference, paired_gain
from modaxfer.runner.beside.repeats import Repeats
from modaxfer.runner.evaluation.finished import Finished

__all__ = ["measured_against", "step_baseline", "step_gain"]


def step_gain(runs: Sequence[Finished], without: Sequence[Finished], *, seed: int, over: Repeats) -> dict[str, Any]:
    """Return what a step gained in the primary metric, as ``transfer_gain`` of a result holds it for each step.

    Args:
        runs: One run per seed, or per few-shot episode.
        without: The runs without the step, in the same order.
        seed: Of the bootstrap.
        over: What they are.

    Raises:
        DataError: The two runs of a pair are scored on other rows.
    """
    pairs = [_pair(*both) for both in zip(runs, without, strict=True)]
    metric = runs[0].result.primary
    given: dict[str, Any] = {"problem": runs[0].problem, "cost": runs[0].cost}
    same_rows = len({run.ids for run in runs}) == 1
    found = paired_gain(pairs, metric, same_rows=same_rows, seed=seed, **given)
    each = [paired_gain([pair], metric, same_rows=True, resamples=1, **given).value for pair in pairs]
    return {
        metric: {
            "gain": found.value,
            "interval": [found.low, found.high],
            "with": float(np.mean([run.score for run in runs])),
            "without": float(np.mean([run.score for run in without])),
            over.name: len(pairs),
            f"by_{over.one}": each,
        }
    }


def step_baseline(run: Finished, without: Finished) -> dict[str, Any]:
    """Return the baseline that stands beside the scores of a run: those of its own seed's run without a step."""
    result = without.result
    return {
        **measured_against(run, without),
        "strategy": result.strategy,
        "epochs": result.training.get("epochs"),
        "rate": (result.training.get("rates") or {}).get("chosen"),
    }


def measured_against(run: Finished, other: Finished) -> dict[str, Any]:
    """Return the scores of `other`, a run below `run` on the same rows, as a baseline of its result.

    Returns:
        Metric name to value; ``interval``: the other's own, 95 %, and ``difference``: the 95 % interval of run minus
        other, both by the primary metric; ``run``: the other's folder.

    Raises:
        DataError: The two are scored on other rows.
    """
    metric, pair = run.result.primary, _pair(run, other)
    difference = paired_difference(
        pair.references,
        pair.better,
        pair.other,
        metric,
        problem=run.problem,
        cost=run.cost,
        seed=run.result.seed,
        clusters=pair.clusters,
    )
    return {
        **other.result.metrics["test"],
        "interval": {metric: other.result.intervals.get(metric)},
        "difference": {metric: [difference.low, difference.high]},
        "run": other.folder.relative_to(run.folder).as_posix(),
    }


def _pair(run: Finished, without: Finished) -> Pair:
    if run.ids != without.ids or not np.array_equal(run.references, without.references):
        raise DataError(
            "a run and the one beside it are scored on other rows",
            file=without.folder,
            fix="the data changed between the two: train both again, in a new --output",
        )
    return Pair(
        references=run.references,
        better=run.scored,
        other=without.scored,
        clusters=run.clusters,
    )
