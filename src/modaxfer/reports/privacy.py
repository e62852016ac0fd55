"""What a run says of the privacy of its training rows, as labelled lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modaxfer.reports.scores import interval_of, interval_text, number

if TYPE_CHECKING:
    from modaxfer.result import Result

__all__ = ["privacy_facts"]


def privacy_facts(result: Result) -> tuple[tuple[str, str], ...]:
    """Return label and text of what was spent, by which noise, and of the attack by loss."""
    told = result.privacy
    found = (
        ("privacy of a training row", _spent(told) if told.get("epsilon") else ""),
        ("noise", _noise(told) if told.get("epsilon") else ""),
        ("membership audit", _audit(told.get("audit") or {})),
    )
    return tuple((label, text) for label, text in found if text)


def _spent(told: Mapping[str, Any]) -> str:
    spent, steps = told["epsilon"], f"{told['steps']:,} of {told['planned_steps']:,} steps"
    return (
        f"ε {spent['tight']:.3g} (classic conversion {spent['classic']:.3g}) at δ {told['delta']:.2g}, after {steps};"
        f" asked for {spent['asked']:g}"
    )


def _noise(told: Mapping[str, Any]) -> str:
    return (
        f"multiplier {told['noise_multiplier']:.3g}, rows' gradients cut to {told['clip_norm']:g}, each row in a step"
        f" with a chance of {told['sampling_rate']:.3g}"
    )


def _audit(told: Mapping[str, Any]) -> str:
    if not told:
        return ""
    parts = [
        f"{name} {number(told[key])} {interval_text(interval_of(told[f'{key}_interval']))}"
        for key, name in (("auc", "AUC"), ("tpr", "TPR at 1 % FPR"))
    ]
    low, _ = told["auc_interval"]
    said = "training rows can be told by their loss" if low > 0.5 else "no sign that training rows can be told"
    return f"{', '.join(parts)} ({told['members']:,} training rows, {told['others']:,} others): {said}"
