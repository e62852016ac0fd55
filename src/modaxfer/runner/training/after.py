"""A plan's ends in weight space: applied when all phases are done, judged on validation alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from modaxfer.contracts import Chosen, Ends, Kept, Weights
from modaxfer.plan import After
from modaxfer.registry import call_target, fault
from modaxfer.runner.model.transfer import ModelParameter
from modaxfer.runner.training.validation import Validation

__all__ = ["end_in_weight_space", "snapshot"]


def snapshot(trained: Mapping[str, ModelParameter]) -> Weights:
    """Return the weights as they are now."""
    return {name: parameter.tensor.detach().to("cpu", copy=True) for name, parameter in trained.items()}


def end_in_weight_space(
    validation: Validation,
    after: Sequence[After],
    trained: Mapping[str, ModelParameter],
    start: Weights,
    kept: Sequence[Kept],
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Apply each of `after` to what the one before has left, and leave the last one's weights in the model.

    Args:
        validation: By the validator of the last phase, which chose its epochs; with the trained model.
        after: The plan's ends, in their order.
        trained: All parameters that the last phase trains.
        start: Their values before it.
        kept: Its best epochs, best first.
        say: Takes a line for people.

    Returns:
        For each end its name, what it chose, and the validation score before and after, as people read it.
    """

    def judge(weights: Weights) -> float:
        _put(weights, trained)
        return validation().score

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
        chosen: Any = call_target(each.target, ends, each.options, kind=f"end {each.name}")
        _require_weights(each, chosen, ends)
        reached = judge(chosen.weights)
        ends = replace(ends, now=chosen.weights)
        told = {"before": validation.value_of(before), "validation": validation.value_of(reached)}
        chose = _plain(chosen.report, validation)
        reports.append({"name": each.name, **chose, **told})
        say(f"  {each.name}: {_shown(chose, told)}")
    return reports


def _require_weights(each: After, chosen: Any, ends: Ends) -> None:
    """Refuse what is not the weights of every trained parameter, as they are shaped."""
    if not isinstance(chosen, Chosen):
        got, allowed = type(chosen).__name__, "modaxfer.contracts.Chosen"
        raise fault(each.target, "returned no weights", got=got, allowed=allowed, kind=f"end {each.name}")
    shapes = {name: tuple(tensor.shape) for name, tensor in ends.now.items()}
    strange = [name for name, tensor in chosen.weights.items() if shapes.get(name) != tuple(tensor.shape)]
    if strange:
        what, allowed = "returned weights of another shape, or of none that is trained", "those of ends.now"
        raise fault(each.target, what, got=sorted(strange)[:3], allowed=allowed, kind=f"end {each.name}")


def _put(weights: Weights, trained: Mapping[str, ModelParameter]) -> None:
    with torch.no_grad():
        for name, tensor in weights.items():
            trained[name].tensor.copy_(tensor)


def _plain(report: Mapping[str, Any], validation: Validation) -> dict[str, Any]:
    """Return `report` with judged scores, of which greater is better, as people read them."""
    tried = report.get("tried")
    if not isinstance(tried, list):
        return dict(report)
    shown = [{**one, "judged": validation.value_of(one["judged"])} for one in tried]
    return {**report, "tried": shown}


def _shown(chose: Mapping[str, Any], told: Mapping[str, float | None]) -> str:
    """Say what an end chose, whatever that is, and what validation says before and after it."""
    choice = ", ".join(f"{key.replace('_', ' ')} {_text(value)}" for key, value in chose.items() if key != "tried")
    before, reached = ("undefined" if value is None else f"{value:.3f}" for value in told.values())
    return f"{choice}; validation {before}, now {reached}" if choice else f"validation {before}, now {reached}"


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
