"""What an encoder is pretrained by, as a loss of a phase: hidden tokens, patches or units are guessed from the rest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from modaxfer.contracts import LossContext, LossOutput, ObjectiveContext, Reading, Step, StreamEncoder
from modaxfer.errors import RefusedError
from modaxfer.registry import Entry, load_target, registry

__all__ = ["Masked"]

FIELD = "input"
LOOKED_AT = 256
"""Rows that an objective looks at before the first step, as in a pretraining."""


class Masked(nn.Module):
    """The loss of a `modaxfer.contracts.PretrainingObjective` over the rows of a step; no label is looked at.

    The objective runs the encoder that is trained itself, on inputs from which it has hidden something, so that the
    term reads inputs. What is hidden depends on the run's seed, on how far the phase is and on the row that the pass
    begins with, so that a resumed run hides the same. The loss of each row is that of the pass that it is in.

    Args:
        context: Of one stream or several, whose rows go through one encoder.
        objective: Name of a registered objective; empty = the one without a teacher for the encoder's kind of input:
            masked language modelling for text (Devlin et al. 2019), a masked autoencoder for pictures (He et al.
            2022), masked units for sound (Hsu et al. 2021).

    Raises:
        RefusedError: There is none for this input, or it cannot work on this encoder.
    """

    def __init__(self, context: LossContext, objective: str = "") -> None:
        super().__init__()
        given = context.encoder(next(iter(context.streams)))
        self._seed, self._autocast = context.seed, given.autocast
        chosen = _objective_for(given, objective)
        reading = Reading(encoder=given.encoder, batch=_inputs_of, sink=given.sink, first=given.first)
        options = load_target(chosen.spec.options)() if chosen.spec.options else None
        about = ObjectiveContext(student=reading, field=FIELD, kind=given.kind, folder=Path(), autocast=given.autocast)
        self.objective: Any = load_target(chosen.spec.target)(about, options)
        if given.some is not None:
            batch = given.some(LOOKED_AT)
            self.objective.begin(_rows(batch, len(next(iter(batch.values())))))

    def forward(self, step: Step) -> LossOutput:
        """Return the loss of the pass for each of its rows, ``[rows]``, and what the objective logs beside it."""
        stream = step.only
        inputs = {name: tensor.cpu() for name, tensor in stream.inputs.items()}
        count = stream.views * len(stream.rows)
        prepared = self.objective.prepare(_rows(inputs, count), self._chance(step.progress, int(stream.rows[0])))
        with self._autocast():
            told = self.objective(_placed(prepared, stream.rows.device))
        every = torch.ones(len(stream.rows), device=stream.rows.device)
        numbers = {name: number.detach().float() * every for name, number in told.numbers.items()}
        return LossOutput(losses=told.loss.float() * every, numbers=numbers)

    def _chance(self, progress: float, row: int) -> torch.Generator:
        drawn = np.random.SeedSequence([self._seed, round(progress * 2**40), row]).generate_state(1, np.uint64)
        return torch.Generator().manual_seed(int(drawn[0] >> np.uint64(1)))


def _objective_for(given: StreamEncoder, name: str) -> Entry:
    """Return the objective asked for, or the one for what the encoder takes.

    Raises:
        RefusedError: There is none, or it learns from a teacher or from labels.
    """
    alone = [each for each in registry().all("objective") if not (each.spec.teacher or each.spec.labels)]
    fitting = [each for each in alone if given.sink in each.spec.inputs]
    if not name and fitting:
        return fitting[0]
    chosen = registry().get("objective", name) if name else None
    if chosen is None or chosen not in alone or (chosen.spec.inputs and given.sink not in chosen.spec.inputs):
        raise RefusedError(
            "nothing can be hidden from this encoder and guessed: there is no masked objective for its kind of input",
            got=f"{type(given.encoder).__name__}, which is given {given.sink}" + (f"; {name}" if name else ""),
            allowed=[each.name for each in fitting] or "text, images, patches, audio",
            fix="choose an encoder that takes such rows as they are, or another strategy",
        )
    return chosen


def _rows(batch: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    """Return stand-ins of `count` rows that are a batch already."""
    return count * [{FIELD: batch}]


def _inputs_of(rows: Any) -> Any:
    return dict(rows[0][FIELD])


def _placed(prepared: Any, device: torch.device) -> Any:
    if isinstance(prepared, Mapping):
        return {name: _placed(value, device) for name, value in prepared.items()}
    return prepared.to(device) if isinstance(prepared, torch.Tensor) else prepared
