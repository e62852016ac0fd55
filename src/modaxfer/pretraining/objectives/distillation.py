"""Distillation of encoders into another, across architectures and bridges: vectors, states of words, similarities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from modaxfer.config import documented
from modaxfer.contracts import NO_UNIT, UNITS, Batch, Hidden, ObjectiveContext, ObjectiveLoss, Row, pool
from modaxfer.errors import ConfigError
from modaxfer.pretraining.teacher import (
    Kept,
    Teacher,
    even_places,
    states_of,
    word_rows,
    word_states,
)

__all__ = ["Distillation", "DistillationOptions", "relations"]


@dataclass(frozen=True, kw_only=True)
class DistillationOptions:
    """``--set objective.KEY=VALUE``."""

    states: float = documented(
        0.5,
        "Weight of the states of words, where both encoders keep words apart, or of the parts of a sound; 0 = none.",
        minimum=0.0,
    )
    parts: int = documented(10, "Equal parts of a sound whose states are compared; 0 = none.", minimum=0)
    relations: float = documented(1.0, "Weight of the similarities of rows to each other.", minimum=0.0)
    vectors: float = documented(1.0, "Weight of the mean vector of a row.", minimum=0.0)
    first: float = documented(0.5, "Weight of the vector of its class token, where it has one.", minimum=0.0)
    alone: bool = documented(
        False, "Whether the teacher is shown each word by itself: what a word means, whatever stands beside it."
    )
    kept: float = documented(8.0, "Gigabytes of what teachers say that are kept on disk while training.", minimum=0.0)

    @property
    def by_row(self) -> bool:
        """Whether anything is learned of whole rows."""
        return max(self.vectors, self.first, self.relations) > 0


def relations(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return the mean squared difference of two batches' cosines between different rows; both ``[rows, width]``."""
    if len(one) < 2:
        return one.sum() * 0
    first, second = nn.functional.normalize(one, dim=1), nn.functional.normalize(other, dim=1)
    different = ~torch.eye(len(one), dtype=torch.bool, device=one.device)
    return (first @ first.T - second @ second.T)[different].square().mean()


class Distillation(nn.Module):
    """One minus the cosine to each teacher's vectors, of rows and of words, less their means; and similarities.

    Words are those of the text (`modaxfer.bridges.word_cells.words_in`), for student and teacher alike; where one of
    them cannot keep them apart, vectors of rows are all that is learned. A sound is cut into equal parts, which serve
    as its words, where both hear it as a sound. The maps to a teacher's width are thrown away in the end.
    """

    def __init__(self, context: ObjectiveContext, options: DistillationOptions) -> None:
        super().__init__()
        self._student, self._field = context.student, context.field
        options = options if context.student.first else replace(options, first=0.0)
        everyone = [context.student, *context.teachers]
        self._by_word = options.states > 0 and all(each.words is not None for each in everyone)
        hear = context.kind == "audio" and all(each.sink == "audio" for each in everyone)
        self._parts = options.parts if options.states > 0 and hear else 0
        self._units = self._by_word or self._parts > 0
        if not (self._units or options.by_row):
            raise ConfigError(
                "there is nothing to learn", got=options, fix="give objective.vectors or another part a weight above 0"
            )
        self._teachers = []
        for number, reading in enumerate(context.teachers):
            folder = context.folder / f"teacher-{number}"
            kept = Kept(folder, reading.encoder.hidden_size, options.kept) if options.kept else None
            self._teachers.append(
                Teacher(
                    reading,
                    context.field,
                    by_word=self._by_word,
                    parts=self._parts,
                    alone=options.alone,
                    whole=options.by_row or not self._by_word,
                    kept=kept,
                    autocast=context.autocast,
                )
            )
        widths = [reading.encoder.hidden_size for reading in context.teachers]
        self.lessons = nn.ModuleList(_Lesson(context.student.encoder.hidden_size, width, options) for width in widths)

    def begin(self, rows: Sequence[Row]) -> None:
        """Take the means of the teachers' vectors, without which all of them look alike."""
        for teacher, lesson in zip(self._teachers, self.lessons, strict=True):
            assert isinstance(lesson, _Lesson)
            vectors, states, read = teacher.answer(teacher.question(rows))
            lesson.mean.copy_(vectors.mean(0))
            if self._units:
                lesson.word_mean.copy_(states[read].mean(0))

    def prepare(self, rows: Sequence[Row], generator: torch.Generator) -> Mapping[str, Any]:
        """Return the student's batch, and what each teacher is asked."""
        asked = {str(number): teacher.question(rows) for number, teacher in enumerate(self._teachers)}
        return {"batch": self._batch(rows), "asked": asked}

    def forward(self, prepared: Mapping[str, Any]) -> ObjectiveLoss:
        """Return the weighted sum of all parts, which are logged one by one."""
        batch = prepared["batch"]
        hidden = states_of(self._student, batch)
        words, shown = None, torch.empty(0, dtype=torch.bool)
        if self._units:
            places = batch[UNITS] if self._by_word else even_places(hidden.mask, self._parts)
            words = word_states(hidden, places)
            shown = (places >= 0)[places > NO_UNIT]
        total = hidden.tokens.new_zeros((), dtype=torch.float32)
        numbers: dict[str, torch.Tensor] = {}
        for number, lesson in enumerate(self.lessons):
            told = self._teachers[number].answer(prepared["asked"][str(number)])
            loss, parts = lesson(hidden, words, shown, *(each.to(hidden.tokens.device) for each in told))
            total = total + loss
            numbers |= {name if not number else f"{name}_{number + 1}": part for name, part in parts.items()}
        return ObjectiveLoss(loss=total, vectors=pool(hidden, "mean"), numbers=numbers)

    def _batch(self, rows: Sequence[Row]) -> Batch:
        if not self._by_word:
            return self._student.batch(rows)
        assert self._student.words is not None, "asked before"
        return self._student.words(word_rows(rows, self._field))


class _Lesson(nn.Module):
    """What is learned from one teacher: maps from the student's states to its own, and the means of its vectors."""

    mean: torch.Tensor
    word_mean: torch.Tensor

    def __init__(self, width: int, wanted: int, options: DistillationOptions) -> None:
        super().__init__()
        self._options = options
        self.of_mean, self.of_first = nn.Linear(width, wanted), nn.Linear(width, wanted)
        self.of_words = nn.Linear(width, wanted)
        self.register_buffer("mean", torch.zeros(wanted))
        self.register_buffer("word_mean", torch.zeros(wanted))

    def forward(
        self,
        hidden: Hidden,
        words: torch.Tensor | None,
        shown: torch.Tensor,
        vectors: torch.Tensor,
        states: torch.Tensor,
        read: torch.Tensor,
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the weighted sum and its parts.

        Args:
            hidden: States of the student.
            words: Of the words that it has read, ``[words, width]``.
            shown: Which of all words these are.
            vectors: What the teacher says of rows.
            states: What it says of all words.
            read: Which of them it has read.
        """
        options, wanted = self._options, vectors - self.mean
        said = self.of_mean(pool(hidden, "mean")).float()
        parts: dict[str, tuple[float, Callable[[], torch.Tensor]]] = {
            "vectors": (options.vectors, lambda: _apart(said, wanted)),
            "first": (options.first, lambda: _apart(self.of_first(pool(hidden, "cls")).float(), wanted)),
            "relations": (options.relations, lambda: relations(said, wanted)),
        }
        found = {name: (weight, part()) for name, (weight, part) in parts.items() if weight}
        if words is not None:
            both = shown & read
            own = self.of_words(words[both[shown]]).float()
            found["states"] = (options.states, _apart(own, states[both] - self.word_mean))
        total = torch.stack([weight * part for weight, part in found.values()]).sum()
        return total, {name: part for name, (_, part) in found.items()}


def _apart(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return the mean of one minus the cosine of each pair of rows."""
    return (1 - nn.functional.cosine_similarity(one, other, dim=1)).mean() if len(one) else one.sum() * 0
