"""Minimum class confusion: a row of the target should not be torn between classes."""

from __future__ import annotations

import torch
from torch import nn

from modaxfer.contracts import LossContext, Step
from modaxfer.errors import RefusedError

__all__ = ["Mcc", "class_confusion"]

ROWS_PER_CLASS = 4
"""Rows of a step for each class, of which a confusion of classes can be estimated."""


class Mcc(nn.Module):
    """Minimum class confusion (Jin et al. 2020); a joint loss of streams whose labels are not needed.

    Args:
        context: Of at least one stream that shows no targets: streams with targets play no part.
        temperature: Divides the logits.
        batch_size: Rows of each stream in a step.

    Raises:
        RefusedError: All streams are labelled, or a step has too few rows for the classes there are.
    """

    def __init__(self, context: LossContext, temperature: float = 2.5, batch_size: int | None = None) -> None:
        super().__init__()
        hidden = [facts for facts in context.streams.values() if facts.targets is None]
        if not hidden:
            raise RefusedError("loss mcc is for rows without labels", got="labelled streams", fix="correct the plan")
        wanted = ROWS_PER_CLASS * context.outputs
        if batch_size is not None and batch_size * len(hidden) < wanted:
            raise RefusedError(
                "so few rows in a step say nothing of which classes are confused with which",
                got=f"{batch_size * len(hidden)} unlabelled rows per step, {context.outputs} classes",
                allowed=f"{wanted} and more, {ROWS_PER_CLASS} per class",
                fix=f"use --batch-size {-(-wanted // len(hidden))}",
            )
        self.temperature = temperature

    def forward(self, step: Step) -> torch.Tensor:
        """Return the confusion of the step's rows without labels, ``[]``."""
        streams = [stream.outputs for stream in step.streams.values() if stream.targets is None]
        return class_confusion(torch.cat(streams), self.temperature)


def class_confusion(logits: torch.Tensor, temperature: float = 2.5) -> torch.Tensor:
    """Return the mean share of a class that is confused with others, 0 ... (K - 1) / K.

    Source: Jin et al. 2020, equations 2 to 7: probabilities at a temperature; rows weighed by ``1 + exp(-H)``, to a sum
    of their number; the class correlation ``Y^T W Y``, each row of it brought to a sum of 1; the sum beside the
    diagonal over the number of classes K. It is 0 where every row is sure of a class, and (K - 1) / K where none is.

    Args:
        logits: ``[rows, K]``.
        temperature: Divides the logits.
    """
    with torch.autocast(logits.device.type, enabled=False):
        shares = (logits.float() / temperature).softmax(1)
        entropy = -(shares * shares.clamp(min=1e-9).log()).sum(1)
        # The gradient does not go through the weights, as in the authors' code.
        weight = (1 + torch.exp(-entropy)).detach()
        weight = weight * len(logits) / weight.sum()
        correlation = (shares * weight[:, None]).T @ shares
        confusion = correlation / correlation.sum(1, keepdim=True).clamp(min=1e-9)
        return (confusion.sum() - confusion.diagonal().sum()) / logits.shape[1]
