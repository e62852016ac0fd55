"""The transfer gain, from predictions that finished runs have left on disk, so that it can be computed again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from modaxfer.errors import DataError
from modaxfer.metrics import Pair, paired_difference, paired_gain
from modaxfer.runner.evaluation.finished import Finished

__all__ = ["measured_against", "scratch_baseline", "transfer_gain"]


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
    """Return the baseline that stands beside the scores of a run: those of its own seed's run from scratch."""
    result = scratch.result
    return {
        **measured_against(pretrained, scratch),
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
        seed=run.result.seed,
        clusters=pair.clusters,
    )
    return {
        **other.result.metrics["test"],
        "interval": {metric: other.result.intervals.get(metric)},
        "difference": {metric: [difference.low, difference.high]},
        "run": other.folder.relative_to(run.folder).as_posix(),
    }


def _pair(pretrained: Finished, scratch: Finished) -> Pair:
    if pretrained.ids != scratch.ids or not np.array_equal(pretrained.references, scratch.references):
        raise DataError(
            "a run and the one beside it are scored on other rows",
            file=scratch.folder,
            fix="the data changed between the two: train both again, in a new --output",
        )
    return Pair(
        references=pretrained.references,
        better=pretrained.scored,
        other=scratch.scored,
        clusters=pretrained.clusters,
    )
