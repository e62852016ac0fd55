"""How much single units of a layer matter to a task: by how much worse a linear classifier does without each."""

from __future__ import annotations

import torch
from torch.nn import functional

__all__ = ["LINKS", "attention_of", "loss_rises"]

LINKS = ("softmax", "sigmoid", "identity")
"""What a problem may make of outputs: see `modaxfer.spec.ProblemSpec.link`."""

PENALTY = 0.01
"""Of the classifier's squared weights, beside its mean loss over rows of standardised features."""

TEMPERATURE = 5.0
"""What standardised rises are divided by before the softmax, as in the authors' code."""


def attention_of(features: torch.Tensor, targets: torch.Tensor, outputs: int, link: str) -> torch.Tensor:
    """Return the weight of each unit, float32 ``[width]``, with mean 1: all 1 where no unit matters more than another.

    ``width * softmax((r - mean r) / (5 * deviation of r))`` of the rises `r`, see `loss_rises`. Li et al.
    2019 take the softmax of the rises, which as they are is for hundreds of units as good as flat; the scaling is ours.

    Args:
        features: Of the training rows, ``[rows, width]``.
        targets: Class numbers ``[rows]`` (negative: not known), flags ``[rows, labels]``, or numbers ``[rows]`` or
            ``[rows, values]``.
        outputs: Size of what the head gives per row.
        link: One of `LINKS`: cross-entropy, binary cross-entropy, squared error.
    """
    rises = loss_rises(features, targets, outputs, link)
    deviation = rises.std(correction=0)
    if deviation == 0:
        return torch.ones(len(rises))
    standardised = (rises - rises.mean()) / deviation
    return (len(rises) * (standardised / TEMPERATURE).softmax(0)).float()


def loss_rises(features: torch.Tensor, targets: torch.Tensor, outputs: int, link: str) -> torch.Tensor:
    """Return by how much the mean loss of a linear classifier rises when a unit is removed, float64 ``[width]``.

    The classifier is fitted to standardised `features`, with an L2 penalty, and left as it is. It reads the very layer,
    where Li et al. 2019 read the top and let a filter's removal pass through all layers between: hundreds of units
    cost one product each so, and not one pass over all rows. A unit is removed by holding it at its mean, which says
    nothing of a row; a filter's zero is that in front of a batch norm.

    Args:
        features: See `attention_of`, as the others.
        targets: Of the rows.
        outputs: Of the head.
        link: One of `LINKS`.
    """
    known = targets >= 0 if link == "softmax" else torch.ones(len(targets), dtype=torch.bool)
    scaled, wanted = _standardised(features[known]), _wanted(targets[known], link)
    weight, bias = _fitted(scaled, wanted, outputs, link)
    logits = scaled @ weight + bias
    whole = _loss(logits, wanted, link)
    without = (_loss(logits - scaled[:, unit, None] * weight[unit], wanted, link) for unit in range(len(weight)))
    return torch.stack(list(without)) - whole


def _standardised(values: torch.Tensor) -> torch.Tensor:
    """Return float64 columns of mean 0 and deviation 1; one that is the same in all rows is 0."""
    centred = values.double() - values.double().mean(0)
    deviation = centred.square().mean(0).sqrt()
    # A column that is constant but for rounding says nothing, and must not be blown up.
    varies = deviation > 1e-6 * values.double().abs().amax(0)
    return torch.where(varies, centred / torch.where(varies, deviation, 1.0), 0.0)


def _wanted(targets: torch.Tensor, link: str) -> torch.Tensor:
    if link == "softmax":
        return targets.long()
    columns = targets.double().reshape(len(targets), -1)
    return columns if link == "sigmoid" else _standardised(columns)


def _loss(logits: torch.Tensor, wanted: torch.Tensor, link: str) -> torch.Tensor:
    if link == "softmax":
        return functional.cross_entropy(logits, wanted)
    if link == "sigmoid":
        return functional.binary_cross_entropy_with_logits(logits, wanted)
    return functional.mse_loss(logits, wanted) / 2


def _fitted(scaled: torch.Tensor, wanted: torch.Tensor, outputs: int, link: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return weight ``[width, outputs]`` and bias ``[outputs]`` of least penalised loss; it is convex."""
    # Losses are tried where gradients are off.
    with torch.enable_grad():
        weight = torch.zeros(scaled.shape[1], outputs, dtype=torch.double, requires_grad=True)
        bias = torch.zeros(outputs, dtype=torch.double, requires_grad=True)
        optimiser = torch.optim.LBFGS([weight, bias], max_iter=200, tolerance_grad=1e-7, line_search_fn="strong_wolfe")

        def penalised() -> torch.Tensor:
            optimiser.zero_grad()
            loss = _loss(scaled @ weight + bias, wanted, link) + PENALTY / 2 * weight.square().sum()
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimiser.step(penalised)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()
