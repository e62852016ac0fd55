"""Pretraining objectives to look at: built for tiny encoders of each input that they work on, with made rows."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from modaxfer.config import EncoderOptions
from modaxfer.contracts import BESIDE, LABEL, SOURCE, ObjectiveContext, ObjectiveLoss, Reading, Row
from modaxfer.encoders.checkpoints import ResolvedEncoder, resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.pretraining.reading import FIELD, find_bridge, reading_of
from modaxfer.registry import load_target, problem_of
from modaxfer.spec import ObjectiveSpec
from modaxfer.testing.check import skip
from modaxfer.testing.material import tiny_models
from modaxfer.testing.material.encoder_cases import tiny_encoder
from modaxfer.testing.material.task_rows import rows_of
from modaxfer.testing.subject import Subject

__all__ = ["Built", "ObjectiveCase", "objective_cases"]

ROWS = 4
_TASK = "kit/rows"
_ENTERED = {
    "text": ("bert", "text"),
    "image": ("vit", "image"),
    "patches": ("vit", "text"),
    "audio": ("wav2vec2", "audio"),
}
"""By kind of an encoder's input: a tiny encoder that takes it, and the kind of the rows that lead there."""

_ANY = ("text", "image", "audio")
"""What one is tried on that says that it works on every input."""

_COLUMNS = {"text": "note", "image": "photo", "audio": "clip"}


@dataclass(frozen=True, kw_only=True)
class ObjectiveCase:
    """An objective and an encoder of one kind of input, to be built as often as is needed."""

    spec: ObjectiveSpec
    target: Any
    sink: str
    """Kind of the encoder's input."""
    kind: str
    """Of the rows."""
    model: str
    """Of the tiny encoder."""

    def __str__(self) -> str:
        return f"{self.spec.name} on rows of {self.kind}, encoder {self.model}"

    def rows(self, seed: int = 0) -> Sequence[Row]:
        """Return rows with what the spec says that it reads, and nothing else."""
        values = _values(self.kind, seed)
        made: list[dict[str, Any]] = [{FIELD: value} for value in values]
        if self.spec.beside:
            made = [{**row, BESIDE: value} for row, value in zip(made, _values(self.spec.beside, seed), strict=True)]
        if self.spec.labels:
            made = [{**row, LABEL: number % 2, SOURCE: _TASK} for number, row in enumerate(made)]
        return made

    def built(self, folder: Path, seed: int = 0, *, given: bool = True) -> Built:
        """Return it with an encoder of its own, and what the spec says that it needs.

        Args:
            folder: Where it may keep things.
            seed: Of its own random weights.
            given: Whether teachers and labels are there, where the spec asks for them.
        """
        teachers: tuple[Reading, ...] = ()
        if self.spec.teacher and given:
            kind = self.spec.beside or self.kind
            teachers = (_reading(_ENTERED[kind][0], kind, BESIDE if self.spec.beside else FIELD),)
            teachers[0].encoder.requires_grad_(False)  # type: ignore[attr-defined]
        student = _reading(self.model, self.kind, FIELD)
        labels = {_TASK: problem_of("binary").criterion(2, np.arange(ROWS) % 2)} if self.spec.labels and given else {}
        context = ObjectiveContext(
            student=student,
            field=FIELD,
            kind=self.kind,
            folder=folder,
            beside=BESIDE if self.spec.beside else "",
            teachers=teachers,
            labels=labels,
        )
        options = load_target(self.spec.options)() if self.spec.options else None
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            objective = self.target(context, options)
        return Built(objective=objective, encoder=student.encoder)


@dataclass(frozen=True, kw_only=True)
class Built:
    """An objective and the encoder that learns by it."""

    objective: Any
    encoder: Any

    @property
    def module(self) -> nn.ModuleDict:
        """Both, as a pretraining moves and keeps them."""
        return nn.ModuleDict({"encoder": self.encoder, "objective": self.objective})

    def begin(self, rows: Sequence[Row]) -> None:
        """Show it rows before the first step."""
        with torch.no_grad():
            self.objective.begin(rows)

    def said(self, rows: Sequence[Row], seed: int = 0, *, training: bool = False) -> ObjectiveLoss:
        """Return what it says of rows, its chance drawn from `seed`."""
        self.module.train(training)
        loss: ObjectiveLoss = self.objective(self.objective.prepare(rows, torch.Generator().manual_seed(seed)))
        return loss

    def kept(self) -> Mapping[str, torch.Tensor]:
        """Return what a stopped pretraining keeps: parameters, and the objective's buffers."""
        buffers = {f"objective.{name}": one for name, one in self.objective.named_buffers()}
        return {**dict(self.module.named_parameters()), **buffers}


def objective_cases(subject: Subject) -> tuple[ObjectiveCase, ...]:
    """Return the objective on each kind of input that it works on, as far as there are tiny encoders of it."""
    spec: ObjectiveSpec = subject.spec
    cases = [_case(subject, kind) for kind in spec.inputs or _ANY if kind in _ENTERED]
    able = [case for case in cases if not spec.model_types or case.model in spec.model_types]
    if not able:
        named = [*spec.inputs, *spec.model_types]
        skip(f"the kit has no tiny encoder of {', '.join(named)}: a pretraining of its own has to show that it learns")
    return tuple(able)


def _case(subject: Subject, sink: str) -> ObjectiveCase:
    model, kind = _ENTERED[sink]
    spec: ObjectiveSpec = subject.spec
    known = {**tiny_models.CONFIGS, **tiny_models.OTHERS}
    fitting = [name for name in spec.model_types if name in known and tiny_models.kind_of(name) == kind]
    if fitting and model not in fitting:
        model = fitting[0]
    return ObjectiveCase(spec=spec, target=subject.target(), sink=sink, kind=kind, model=model)


def _values(kind: str, seed: int) -> list[Any]:
    return [row[_COLUMNS[kind]] for row in rows_of([kind], ROWS, seed)]


def _reading(model: str, kind: str, field: str) -> Reading:
    """Return an encoder of its own, and how it reads rows."""
    resolved, encoder = _loaded(model)
    own = copy.deepcopy(encoder)
    return reading_of(resolved, own, kind, find_bridge(resolved, kind, None), {}, EncoderOptions(), None, field)


@cache
def _loaded(model: str) -> tuple[ResolvedEncoder, Any]:
    resolved = resolve(str(tiny_encoder(model)))
    return resolved, load_encoder(resolved, options=EncoderOptions(), dropout=0.0)
