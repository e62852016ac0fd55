"""Losses are tried on made-up features, before any weight is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from modaxfer.contracts import Hidden, LossContext, Step, StreamBatch, TrainedParameter
from modaxfer.errors import RefusedError, RunFailedError
from modaxfer.losses.build import build_combiner, build_terms
from modaxfer.plan import Labels, Reads

if TYPE_CHECKING:
    from modaxfer.contracts import StreamFacts
    from modaxfer.losses.build import Term
    from modaxfer.plan import Phase

__all__ = ["rehearse_losses"]

ROWS = 4
"""Rows of a stream that a rehearsal makes up features of."""


def rehearse_losses(phase: Phase, facts: Mapping[str, StreamFacts], *, seed: int, class_weight: str | None) -> None:
    """Build the losses of `phase` and call each once on random features and real targets.

    A loss that reads inputs, arrays that a stream computes first, or targets of which rows have several, is only built.

    Args:
        phase: Of a plan.
        facts: What is known of its streams.
        seed: Of the run.
        class_weight: The user's setting.

    Raises:
        RefusedError: A loss fails, for want of hidden targets or otherwise.
        ConfigError: One does not take what it is given.
    """
    context = LossContext(streams=facts, seed=seed, start=nn.Identity, class_weight=class_weight)
    terms = build_terms(phase, context)
    build_combiner(phase, terms)
    with torch.random.fork_rng(devices=()), torch.no_grad():
        for term in terms.values():
            if _can_be_made_up(term, phase, facts):
                streams = {name: _made_up(name, term, phase, facts[name]) for name in term.streams}
                _call(term, streams, _parameters(phase) if Reads.PARAMETERS in term.spec.reads else None)


def _can_be_made_up(term: Term, phase: Phase, facts: Mapping[str, StreamFacts]) -> bool:
    """Return whether a step of `term` can be made up: inputs, extras and ragged targets cannot."""
    targets = [facts[name].targets for name in term.streams]
    ragged = any(known is not None and known.dtype == object for known in targets)
    return (
        Reads.INPUTS not in term.spec.reads
        and not ragged
        and not any(
            phase.streams[name].extras or phase.streams[name].labels is Labels.PREDICTED for name in term.streams
        )
    )


def _call(
    term: Term, streams: Mapping[str, StreamBatch], trained: Mapping[str, TrainedParameter] | None = None
) -> None:
    steps = [streams] if term.spec.joint else [{name: batch} for name, batch in streams.items()]
    try:
        for step in steps:
            term(Step(streams=step, progress=0.0, trained=trained))
    except RunFailedError as error:
        raise RefusedError(error.what, got=error.got, allowed=error.allowed, fix=error.fix) from error


def _made_up(name: str, term: Term, phase: Phase, facts: StreamFacts) -> StreamBatch:
    rows, views = min(ROWS, facts.rows), phase.streams[name].views
    many = views * rows
    tokens = Hidden(torch.randn(many, 3, facts.width), torch.ones(many, 3, dtype=torch.bool))
    made: dict[str, Any] = {
        Reads.OUTPUTS: torch.randn(many, facts.outputs),
        Reads.POOLED: torch.randn(many, facts.width),
        Reads.TOKENS: tokens,
    }
    return StreamBatch(
        name=name,
        role=facts.role,
        rows=torch.arange(rows),
        targets=None if facts.targets is None else facts.objective.batch(facts.targets[:rows]),
        views=views,
        made={key: made[key] for key in term.spec.reads if key in made},
    )


def _parameters(phase: Phase) -> dict[str, TrainedParameter]:
    """Return a made-up matrix of each part that `phase` trains."""
    made = {}
    for part in sorted(phase.trainable):
        now, start = torch.randn(2, 3), torch.randn(2, 3)
        made[f"{part}.weight"] = TrainedParameter(
            part=part, layer=0, depth=1, now=now, phase_start=start, run_start=start
        )
    return made
