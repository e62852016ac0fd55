"""Distillation: outputs are drawn to those of a teacher, softened (Hinton, Vinyals & Dean 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from modaxfer.contracts import LossContext, Step

__all__ = ["Distillation"]


class Distillation(nn.Module):
    """``T^2 * KL(teacher / T || student / T)`` of each row, over classes; of several labels the mean over them.

    The factor keeps the size of the gradient whatever the temperature (section 2 of the paper): for a large T it is
    that of half the squared distance of the centred logits, divided by the number of classes.

    Args:
        context: Of streams with `modaxfer.plan.Stream.teacher`.
        temperature: T, above 0.
        link: How outputs become predictions, ``softmax`` or ``sigmoid``.
    """

    def __init__(self, context: LossContext, temperature: float, link: str) -> None:
        super().__init__()
        self.temperature, self.link = temperature, link

    def forward(self, step: Step) -> torch.Tensor:
        """Return one loss per row, ``[rows]``; of several views of a row their mean."""
        stream = step.only
        student = stream.outputs / self.temperature
        teacher = stream.extras["teacher"].repeat(stream.views, 1) / self.temperature
        divergence = _of_labels(student, teacher) if self.link == "sigmoid" else _of_classes(student, teacher)
        return self.temperature**2 * divergence.reshape(stream.views, -1).mean(0)


def _of_classes(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    return functional.kl_div(student.log_softmax(1), teacher.log_softmax(1), reduction="none", log_target=True).sum(1)


def _of_labels(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    pairs = [
        functional.kl_div(functional.logsigmoid(sign * student), functional.logsigmoid(sign * teacher),
                          reduction="none", log_target=True)
        for sign in (1, -1)
    ]  # fmt: skip
    return torch.stack(pairs).sum(0).mean(1)
