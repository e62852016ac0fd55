"""Contrastive pairs of images and texts (CLIP, Radford et al. 2021): which text belongs to which image of a batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from modaxfer.config import documented
from modaxfer.contracts import BESIDE, ObjectiveContext, ObjectiveLoss, Row, pool
from modaxfer.errors import RefusedError
from modaxfer.pretraining.teacher import Kept, Teacher, states_of

__all__ = ["ImageText", "ImageTextOptions", "pair_loss"]

MOST = math.log(100.0)
"""Logarithm of the largest factor on cosines."""


@dataclass(frozen=True, kw_only=True)
class ImageTextOptions:
    """``--set objective.KEY=VALUE``."""

    frozen: bool = documented(
        True, "Whether the teacher, which reads the texts, stays as it is (LiT, Zhai et al. 2022, turned around)."
    )
    width: int = documented(256, "Numbers of the vectors that images and texts are compared by.", minimum=1)
    temperature: float = documented(
        0.07, "What cosines are divided by at first; it is learned, and is never below .01.", minimum=0.01
    )
    kept: float = documented(
        8.0, "Gigabytes of what a frozen teacher says that are kept on disk while training.", minimum=0.0
    )


def pair_loss(
    images: torch.Tensor, texts: torch.Tensor, scale: torch.Tensor | float, same: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the symmetric InfoNCE loss, and the share of images whose own text is the nearest.

    Args:
        images: ``[rows, width]``.
        texts: ``[rows, width]``, those that belong to them.
        scale: Factor on cosines: one over the temperature.
        same: bool ``[rows, rows]``: rows whose text is that of another, which is then no negative; None = none.
    """
    cosines = nn.functional.normalize(images, dim=1) @ nn.functional.normalize(texts, dim=1).T
    logits = scale * cosines
    if same is not None:
        logits = logits.masked_fill(same, float("-inf"))
    own = torch.arange(len(images), device=images.device)
    loss = (nn.functional.cross_entropy(logits, own) + nn.functional.cross_entropy(logits.T, own)) / 2
    return loss, (logits.argmax(1) == own).float().mean()


class ImageText(nn.Module):
    """The student sees images, the teacher reads texts; linear maps of both to one space are thrown away in the end.

    Texts that are equal are no negatives of each other's images. A teacher that is not frozen learns, too; it is thrown
    away as well.

    Raises:
        RefusedError: The rows are no pairs of an image and a text, or there is not one teacher.
    """

    def __init__(self, context: ObjectiveContext, options: ImageTextOptions) -> None:
        super().__init__()
        if context.beside != BESIDE or len(context.teachers) != 1:
            raise RefusedError(
                "pairs need an encoder of images and one teacher that reads texts",
                got=f"rows of {context.kind} alone, {len(context.teachers)} teachers" if not context.beside
                else f"{len(context.teachers)} teachers", allowed="rows of an image and a text, one teacher",
                fix="name one --teacher, and --data with an image and a text in each row",
            )  # fmt: skip
        (reading,) = context.teachers
        self._student, self._reading = context.student, reading
        self._pooling = "cls" if context.student.first else "mean"
        width = reading.encoder.hidden_size
        self._teacher: Teacher | None = None
        if options.frozen:
            kept = Kept(context.folder / "teacher-0", width, options.kept) if options.kept else None
            self._teacher = Teacher(
                reading, BESIDE, by_word=False, alone=False, whole=True, kept=kept, autocast=context.autocast
            )
        else:
            text: Any = reading.encoder
            self.text = text.requires_grad_(True)
        self.of_image = nn.Linear(context.student.encoder.hidden_size, options.width, bias=False)
        self.of_text = nn.Linear(width, options.width, bias=False)
        self.scale = nn.Parameter(torch.tensor(-math.log(options.temperature)))

    def begin(self, rows: Sequence[Row]) -> None:
        """Nothing has to be known before."""

    def prepare(self, rows: Sequence[Row], generator: torch.Generator) -> Mapping[str, Any]:
        """Return the images' batch, the texts' batch or what the frozen teacher is asked, and which are equal."""
        texts = [str(row[BESIDE]) for row in rows]
        numbers = torch.tensor([texts.index(text) for text in texts])
        same = (numbers[:, None] == numbers) & ~torch.eye(len(rows), dtype=torch.bool)
        made = {"batch": self._student.batch(rows), "same": same}
        if self._teacher is None:
            return made | {"texts": self._reading.batch(rows)}
        return made | {"asked": self._teacher.question(rows)}

    def forward(self, prepared: Mapping[str, Any]) -> ObjectiveLoss:
        """Return the loss, how often an image's text is found in the batch, and the temperature."""
        vectors = pool(states_of(self._student, prepared["batch"]), self._pooling)
        if self._teacher is None:
            told = pool(states_of(self._reading, prepared["texts"]), "mean")
        else:
            told = self._teacher.answer(prepared["asked"])[0].to(vectors.device)
        images, texts = self.of_image(vectors).float(), self.of_text(told).float()
        with torch.no_grad():
            self.scale.clamp_(max=MOST)
        with torch.autocast(images.device.type, enabled=False):
            loss, found = pair_loss(images, texts, self.scale.exp(), prepared["same"])
        numbers = {"found": found, "temperature": (-self.scale).exp()}
        return ObjectiveLoss(loss=loss, vectors=vectors, numbers=numbers)
