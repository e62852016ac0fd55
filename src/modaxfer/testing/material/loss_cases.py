"""Losses to look at: those that a strategy's plan names, built, and steps of made-up rows to call them with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from modaxfer.contracts import Hidden, LossContext, Step, StreamBatch, StreamFacts, TrainedParameter
from modaxfer.contracts.source_head import no_source_head
from modaxfer.errors import RefusedError
from modaxfer.losses.build import Term, build_terms
from modaxfer.losses.rehearse import ROWS, can_be_made_up, made_up, made_up_parameters, seen_of
from modaxfer.plan import Labels, Phase, Reads, Stream
from modaxfer.registry import BUILTIN, problem_of
from modaxfer.testing.check import skip
from modaxfer.testing.material.strategy_cases import plans_of

if TYPE_CHECKING:
    from modaxfer.testing.subject import Subject

__all__ = ["LossCase", "loss_cases", "rows_of"]

_CLASSES, _WIDTH = 2, 4


@dataclass(frozen=True, kw_only=True)
class LossCase:
    """A loss of a phase, and the streams that it takes."""

    term: Term
    phase: Phase
    facts: Mapping[str, StreamFacts]

    def steps(self, *, scale: float = 1.0) -> list[Step]:
        """Return the steps that it is called with: the same each time, outputs multiplied by `scale`."""
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(0)
            seen = {name: seen_of(self.phase.streams[name], own, no_source_head) for name, own in self.facts.items()}
            streams = {
                name: _learned(made_up(name, self.term, self.phase, self.facts[name], seen), scale)
                for name in self.term.streams
            }
            trained = made_up_parameters(self.phase) if Reads.PARAMETERS in self.term.spec.reads else None
        own = [streams] if self.term.spec.joint else [{name: batch} for name, batch in streams.items()]
        parameters = None if trained is None else {name: _moving(one) for name, one in trained.items()}
        return [Step(streams=each, progress=0.5, trained=parameters) for each in own]


def loss_cases(subject: Subject) -> Iterator[LossCase]:
    """Yield the losses that a strategy's plan names and its plugin brings; those that read inputs are left out."""
    plan = plans_of(subject).get("pretrained")
    if plan is None:
        skip("it refuses a tiny encoder with a few rows of two classes, with its default options")
    found = False
    for number, phase in enumerate(plan.phases):
        facts = {name: _facts(stream) for name, stream in phase.streams.items()}
        context = LossContext(streams=facts, seed=0, start=nn.Identity)
        for term in _built(phase, context, number) if phase.solver is None else ():
            if _is_own(subject, term) and can_be_made_up(term, facts):
                found = True
                yield LossCase(term=term, phase=phase, facts=facts)
    if not found:
        skip("its plan names no loss of its own that could be called with made-up rows")


def _built(phase: Phase, context: LossContext, number: int) -> list[Term]:
    try:
        return [*build_terms(phase, context, number).values()]
    except RefusedError as refused:
        skip(f"a loss of it needs more than made-up rows: {refused.what}")


def rows_of(batch: StreamBatch, rows: list[int]) -> StreamBatch:
    """Return some rows of a batch, in all their views."""
    count = len(batch.rows)
    places = torch.tensor([view * count + row for view in range(batch.views) for row in rows])
    own = torch.tensor(rows)
    extras = {name: one[own] if len(one) == count else one for name, one in batch.extras.items()}
    targets = None if batch.targets is None else batch.targets[own]
    made = {name: _taken(value, places) for name, value in batch.made.items()}
    return replace(batch, rows=batch.rows[own], targets=targets, extras=extras, made=made)


def _taken(value: Any, places: torch.Tensor) -> Any:
    if isinstance(value, Hidden):
        return Hidden(value.tokens[places], value.mask[places])
    if isinstance(value, Mapping):
        return {key: one[places] for key, one in value.items()}
    return value[places]


def _facts(stream: Stream) -> StreamFacts:
    targets = np.arange(2 * ROWS) % _CLASSES
    return StreamFacts(
        role=stream.role,
        width=_WIDTH,
        outputs=_CLASSES,
        criterion=problem_of("binary").criterion(_CLASSES, targets),
        rows=len(targets),
        link="softmax",
        targets=targets if stream.labels is Labels.GIVEN else None,
    )


def _is_own(subject: Subject, term: Term) -> bool:
    return subject.plugin.namespace == BUILTIN or term.spec.target.partition(".")[0] != BUILTIN


def _learned(batch: StreamBatch, scale: float) -> StreamBatch:
    """Return the batch with outputs and features that take a gradient, as those of a model do."""
    made = dict(batch.made)
    if Reads.OUTPUTS in made:
        made[Reads.OUTPUTS] = made[Reads.OUTPUTS] * scale
    for value in made.values():
        for one in value.values() if isinstance(value, Mapping) else [getattr(value, "tokens", value)]:
            one.requires_grad_()
    return replace(batch, made=made)


def _moving(one: TrainedParameter) -> TrainedParameter:
    return replace(one, now=one.now.clone().requires_grad_())
