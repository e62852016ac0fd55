"""Occlusion (Zeiler & Fergus 2014): what the answer loses where one unit of the input says nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from modaxfer.runner.explain.part import Part

__all__ = ["occlude", "partial_rank_correlation", "rank_correlation"]


def occlude(function: Callable[..., torch.Tensor], parts: Sequence[Part], *, batch: int) -> list[torch.Tensor]:
    """Return, for each part, f(x) less f(x with the unit as in x₀): float64 ``[units]``.

    Args:
        function: From inputs ``[n, ...]``, one per part, to float ``[n]``.
        parts: The row.
        batch: Rows of one forward pass.
    """
    whole = [part.values for part in parts]
    with torch.inference_mode():
        answer = function(*(each.unsqueeze(0) for each in whole)).double().cpu()
        return [answer - _without(function, parts, place, batch, float(answer)) for place in range(len(parts))]


def _without(
    function: Callable[..., torch.Tensor], parts: Sequence[Part], place: int, batch: int, answer: float
) -> torch.Tensor:
    """Return the answer without each unit of the part at `place`, float64 ``[units]``."""
    part, found = parts[place], []
    units = part.units.broadcast_to(part.values.shape)
    for start in range(0, part.count, batch):
        numbers = torch.arange(start, min(start + batch, part.count), device=units.device)
        hidden = units.unsqueeze(0) == numbers.reshape(-1, *[1] * units.ndim)
        moved = torch.where(hidden, part.baseline.unsqueeze(0), part.values.unsqueeze(0))
        others = [each.values.unsqueeze(0).expand(len(numbers), *each.values.shape) for each in parts]
        found.append(function(*others[:place], moved, *others[place + 1 :]).double().cpu())
    lost, held = torch.cat(found), torch.unique(part.units[part.units >= 0]).cpu()
    # A unit that holds nothing, such as a special token, leaves the answer as it is, without the noise of another pass.
    kept = torch.full_like(lost, answer)
    kept[held] = lost[held]
    return kept


def rank_correlation(one: torch.Tensor, other: torch.Tensor) -> float | None:
    """Return Spearman's rank correlation of two series of numbers; None where one of them is constant, or too short."""
    from scipy.stats import spearmanr

    if len(one) < 3 or float(one.max()) == float(one.min()) or float(other.max()) == float(other.min()):
        return None
    return float(spearmanr(one.numpy(), other.numpy()).statistic)


def partial_rank_correlation(one: torch.Tensor, other: torch.Tensor, third: torch.Tensor) -> float | None:
    """Return Spearman's rank correlation of two series with what both owe to a third taken out (Kendall 1942).

    None where there is none of the two, or the third says everything of one of them. A constant third takes nothing.
    """
    both, first, second = rank_correlation(one, other), rank_correlation(one, third), rank_correlation(other, third)
    if both is None or first is None or second is None:
        return both
    left = (1 - first**2) * (1 - second**2)
    return (both - first * second) / left**0.5 if left > 1e-12 else None
