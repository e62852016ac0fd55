"""A plan's ends in weight space: applied when all phases are done, judged on validation alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

import torch

from modaxfer.contracts import Chosen, Ends, Kept, Weights
from modaxfer.plan import After
from modaxfer.registry import load_target
from modaxfer.runner.model.transfer import ModelParameter
from modaxfer.runner.session import TaskSession

__all__ = ["end_in_weight_space", "snapshot"]


def snapshot(trained: Mapping[str, ModelParameter]) -> Weights:
    """Return the weights as they are now."""
    return {name: parameter.tensor.detach().to("cpu", copy=True) for name, parameter in trained.items()}


def end_in_weight_space(
    session: TaskSession,
    after: Sequence[After],
    trained: Mapping[str, ModelParameter],
    start: Weights,
    kept: Sequence[Kept],
) -> list[dict[str, Any]]:
    """Apply each of `after` to what the one before has left, and leave the last one's weights in the model.

    Args:
        session: With the trained model.
        after: The plan's ends, in their order.
        trained: All parameters that the last phase trains.
        start: Their values before it.
        kept: Its best epochs, best first.

    Returns:
        For each end its name, what it chose, and the validation score before and after, as people read it.
    """
    split = session.splits["validation"]

    def judge(weights: Weights) -> float:
        _put(weights, trained)
        made = session.predict(split)
        return session.judge(split.targets, made.predictions, made.scores)

    ends = Ends(
        start=start,
        now=snapshot(trained),
        kept=kept,
        parts={name: parameter.part for name, parameter in trained.items()},
        judge=judge,
    )
    reports = []
    for each in after:
        before = judge(ends.now)
        chosen: Chosen = load_target(each.target)(ends, each.options)
        reached = judge(chosen.weights)
        ends = replace(ends, now=chosen.weights)
        told = {"before": session.value_of(before), "validation": session.value_of(reached)}
        reports.append({"name": each.name, **_plain(chosen.report, session), **told})
        session.progress.say(f"  {each.name}: {_shown(reports[-1])}")
    return reports


def _put(weights: Weights, trained: Mapping[str, ModelParameter]) -> None:
    with torch.no_grad():
        for name, tensor in weights.items():
            trained[name].tensor.copy_(tensor)


def _plain(report: Mapping[str, Any], session: TaskSession) -> dict[str, Any]:
    """Return `report` with judged scores, of which greater is better, as the metric itself."""
    tried = report.get("tried")
    if not isinstance(tried, list):
        return dict(report)
    shown = [{**one, "judged": session.value_of(one["judged"]) if isfinite(one["judged"]) else None} for one in tried]
    return {**report, "tried": shown}


def _shown(report: Mapping[str, Any]) -> str:
    chosen = ", ".join(f"{key} {value}" for key, value in report.items() if key in ("share", "epochs"))
    before, reached = (
        "undefined" if value is None else f"{value:.3f}" for value in (report["before"], report["validation"])
    )
    return f"{chosen}; validation {before}, now {reached}"
