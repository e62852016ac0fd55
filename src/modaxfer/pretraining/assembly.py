"""What a pretraining is put together from: rows to draw, teachers, and an objective for each kind of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch

from modaxfer.contracts import BESIDE, ObjectiveContext, Reading, Row
from modaxfer.encoders.beginning import begin_with
from modaxfer.encoders.load import load_encoder
from modaxfer.encoders.runs import lineage
from modaxfer.local_paths import name_alone, names_alone
from modaxfer.pretraining.drawing import Drawing, Epochs, some_rows
from modaxfer.pretraining.mixture import ByKind, Turns, marked
from modaxfer.pretraining.reading import FIELD, reading_of
from modaxfer.pretraining.request import ResolvedPretraining
from modaxfer.pretraining.roots import placed
from modaxfer.pretraining.ways import Way
from modaxfer.registry import call_target

__all__ = ["begin", "drawing_of", "epochs_of", "held_out_rows", "load_teachers", "objective_of", "student_reading"]

HELD_OUT = 256
"""Rows that are held out, over all sources, at most."""

Taught = Mapping[str, tuple[Reading, ...]]
"""By kind of rows those who teach of them."""


def epochs_of(resolved: ResolvedPretraining) -> list[Epochs]:
    """Return the sources without end, of each kind with paths below one folder."""
    roots = {way.kind: way.root for way in resolved.ways}
    return [
        Epochs(placed(source, roots[source.kind]), resolved.config.seed + place)
        for place, source in enumerate(resolved.sources)
    ]


def drawing_of(resolved: ResolvedPretraining, epochs: Sequence[Epochs]) -> Drawing | Turns:
    """Return which rows a step sees: of several kinds, those of one."""
    config = resolved.config
    made = {
        way.kind: Drawing(
            [epochs[place] for place in way.places], way.weights, _field(resolved), config.batch_size, config.seed,
            _length(resolved) if way.kind == "text" else None,
        )
        for way in resolved.ways
    }  # fmt: skip
    if len(made) == 1:
        return next(iter(made.values()))
    return Turns(made, [way.share for way in resolved.ways], config.seed)


def held_out_rows(resolved: ResolvedPretraining, epochs: Sequence[Epochs]) -> list[Row]:
    """Return the rows that validate, those of a kind together."""
    field, found = _field(resolved), []
    for way in resolved.ways:
        rows: list[Row] = []
        for place, weight in zip(way.places, way.weights, strict=True):
            values = epochs[place].validation()[: max(2, round(HELD_OUT * way.share * weight))]
            rows += values if field is None else [{field: value} for value in values]
        found += rows if len(resolved.ways) == 1 else marked(rows, way.kind)
    return found


def begin(resolved: ResolvedPretraining, encoder: Any, drawing: Drawing | Turns) -> None:
    """Set what of random weights is set by rows: those of the kind that is named first."""
    way = resolved.ways[0]
    rows = some_rows(drawing.drawings[way.kind] if isinstance(drawing, Turns) else drawing)
    begin_with(encoder, student_reading(resolved, encoder, way.kind, way.root).batch(rows))


def student_reading(resolved: ResolvedPretraining, encoder: Any, kind: str, root: Path | None) -> Reading:
    """Return how the encoder that learns reads rows of a kind, whose paths are relative to `root`."""
    (way,) = (each for each in resolved.ways if each.kind == kind)
    options = way.options(resolved.groups.bridge)
    return reading_of(resolved.student, encoder, kind, way.bridge, options, resolved.groups.encoder, root)


def load_teachers(resolved: ResolvedPretraining, device: torch.device) -> tuple[Taught, list[str]]:
    """Return the frozen teachers, and their names, without folders, with the hashes of their weights."""
    readings: dict[str, tuple[Reading, ...]] = {}
    names = []
    fed = type(resolved.groups.encoder)()
    beside = resolved.objective.spec.beside
    for way in resolved.ways:
        own = []
        for teacher, bridge in way.teachers:
            encoder: Any = load_encoder(teacher, options=fed)
            encoder.to(device).requires_grad_(False)
            field = BESIDE if beside else FIELD
            own.append(reading_of(teacher, encoder, beside or way.kind, bridge, {}, fed, way.root, field))
            learned = "" if teacher.trained is None else f", {lineage(names_alone(teacher.trained))}"
            names.append(f"{name_alone(teacher.checkpoint)} ({(encoder.sha256 or 'random')[:12]}{learned})")
        readings[way.kind] = tuple(own)
    return readings, names


def objective_of(
    resolved: ResolvedPretraining,
    encoder: Any,
    taught: Taught,
    folder: Path,
    autocast: Callable[[], AbstractContextManager[None]],
) -> Any:
    """Return the objective; of several kinds of rows, one that has an objective for each."""

    def of(way: Way, kept: Path) -> Any:
        context = ObjectiveContext(
            student=student_reading(resolved, encoder, way.kind, way.root),
            field=FIELD,
            kind=way.kind,
            folder=kept,
            teachers=taught[way.kind],
            beside=BESIDE if resolved.objective.spec.beside else "",
            labels=way.labels,
            autocast=autocast,
        )
        return call_target(resolved.objective.spec.target, context, resolved.objective_options, kind="objective")

    if len(resolved.ways) == 1:
        return of(resolved.ways[0], folder)
    return ByKind({way.kind: of(way, folder / way.kind) for way in resolved.ways})


def _field(resolved: ResolvedPretraining) -> str | None:
    """Return the field that a source's value is; None where sources hold whole rows."""
    spec = resolved.objective.spec
    return None if spec.labels or spec.beside else FIELD


def _length(resolved: ResolvedPretraining) -> Callable[[Any], int]:
    return len if _field(resolved) else lambda row: len(row[FIELD])
