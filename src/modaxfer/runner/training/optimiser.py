"""AdamW over named parts, warm-up and cosine, as pure functions of the step so that nothing needs to be remembered."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import nn

from modaxfer.config import TrainOptions
from modaxfer.plan import Part, Phase
from modaxfer.plan_parts import covering
from modaxfer.runner.model.transfer import ModelParameter
from modaxfer.runner.training.surgical import layer_name

__all__ = ["make_optimiser", "schedule", "set_rates"]

LAYERED = (Part.BODY, Part.NORM, Part.EMBEDDINGS)
"""Parts whose rate falls from the top layer down."""


def make_optimiser(trainable: Mapping[str, ModelParameter], phase: Phase, options: TrainOptions) -> torch.optim.AdamW:
    """Return AdamW (Loshchilov & Hutter 2019) with one group per rate and decay.

    Args:
        trainable: Trainable parameters by name.
        phase: Peak rates; body layers get ``rate * layer_decay ** (depth - 1 - layer)``.
        options: Weight decay; it applies to matrices only, not to biases and norms.
    """
    groups: dict[tuple[float, float, str], list[nn.Parameter]] = {}
    for parameter in trainable.values():
        decay = options.weight_decay if parameter.tensor.ndim >= 2 and _decays(parameter, phase) else 0.0
        layer = layer_name(parameter) if phase.auto_rgn else ""
        groups.setdefault((_rate(parameter, phase), decay, layer), []).append(parameter.tensor)
    return torch.optim.AdamW(
        [
            {"params": parameters, "lr": rate, "peak": rate, "weight_decay": decay, "layer": layer}
            for (rate, decay, layer), parameters in groups.items()
        ],
        fused=True,
    )


def schedule(step: int, total: int, warmup: float) -> float:
    """Return the factor on the peak rate before step `step` of `total`: linear warm-up, then half a cosine to zero."""
    rising = warmup * total
    if step < rising:
        return (step + 1) / (rising + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(total - rising, 1)))


def set_rates(optimiser: torch.optim.Optimizer, factor: float, layers: Mapping[str, float] | None = None) -> None:
    """Set every group's rate to `factor` times its peak, times what `layers` says of its layer."""
    for group in optimiser.param_groups:
        group["lr"] = factor * group["peak"] * (layers or {}).get(group["layer"], 1.0)


def _decays(parameter: ModelParameter, phase: Phase) -> bool:
    """Return whether weight decay pulls `parameter` to zero; norms are of the body."""
    return covering(phase.no_decay, parameter.part, parameter.name) is None


def _rate(parameter: ModelParameter, phase: Phase) -> float:
    if parameter.rate is not None:
        return parameter.rate
    known = covering(phase.learning_rates, parameter.part, parameter.name)
    assert known is not None, "what moves has a rate, as the phase has checked"
    rate = phase.learning_rates[known]
    return rate * phase.layer_decay ** (parameter.depth - 1 - parameter.layer) if parameter.part in LAYERED else rate
