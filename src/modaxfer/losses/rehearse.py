"""Losses are tried on made-up features, before any weight is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from modaxfer.contracts import Features, Hidden, LossContext, Seen, Step, StreamBatch, TrainedParameter
from modaxfer.contracts.source_head import no_source_head
from modaxfer.contracts.stream_encoder import no_encoder
from modaxfer.errors import ModaxferError, PluginFaultError, RefusedError, RunFailedError
from modaxfer.losses.build import build_combiner, build_terms
from modaxfer.losses.extras import compute_extra
from modaxfer.losses.predicted import predicted
from modaxfer.plan import Labels, Reads
from modaxfer.registry import BUILTIN

if TYPE_CHECKING:
    from modaxfer.contracts import StreamEncoder, StreamFacts
    from modaxfer.losses.build import Term
    from modaxfer.plan import Phase, Stream

__all__ = ["can_be_made_up", "made_up", "made_up_parameters", "rehearse_losses", "seen_of"]

ROWS = 4
"""Rows of a stream that a rehearsal makes up features of."""

LAYERS = 2
"""Layers of a body whose vectors it makes up."""


def rehearse_losses(
    phase: Phase,
    facts: Mapping[str, StreamFacts],
    *,
    seed: int,
    class_weight: str | None,
    label_smoothing: float = 0.0,
    encoder: Callable[[str], StreamEncoder] = no_encoder,
    source_head: Callable[[], nn.Module] = no_source_head,
) -> None:
    """Build the losses of `phase` and call each once on random features and real targets.

    Predicted labels are those of the random outputs, and extras are computed from them. A loss that reads inputs, or
    targets of which rows have several, is only built.

    Args:
        phase: Of a plan.
        facts: What is known of its streams.
        seed: Of the run.
        class_weight: The user's setting.
        label_smoothing: The user's setting.
        encoder: Returns the outline of a stream's encoder.
        source_head: Returns a head like that of the source.

    Raises:
        RefusedError: A loss or an extra fails, for want of hidden targets or otherwise.
        ConfigError: A loss does not take what it is given.
    """
    context = LossContext(
        streams=facts,
        seed=seed,
        start=nn.Identity,
        class_weight=class_weight,
        label_smoothing=label_smoothing,
        encoder=encoder,
        source_head=source_head,
    )
    with torch.random.fork_rng(devices=()), torch.no_grad():
        terms = build_terms(phase, context)
        build_combiner(phase, terms)
        seen = {name: seen_of(phase.streams[name], own, source_head) for name, own in facts.items()}
        for term in terms.values():
            if can_be_made_up(term, facts):
                streams = {name: made_up(name, term, phase, facts[name], seen) for name in term.streams}
                _call(term, streams, made_up_parameters(phase) if Reads.PARAMETERS in term.spec.reads else None)


def can_be_made_up(term: Term, facts: Mapping[str, StreamFacts]) -> bool:
    """Return whether a step of `term` can be made up: inputs and ragged targets cannot."""
    targets = [facts[name].targets for name in term.streams]
    ragged = any(known is not None and known.dtype == object for known in targets)
    return Reads.INPUTS not in term.spec.reads and not ragged


def _call(
    term: Term, streams: Mapping[str, StreamBatch], trained: Mapping[str, TrainedParameter] | None = None
) -> None:
    steps = [streams] if term.spec.joint else [{name: batch} for name, batch in streams.items()]
    with _refused(f"loss {term.spec.name}"):
        for step in steps:
            term(Step(streams=step, progress=0.0, trained=trained))


@contextmanager
def _refused(who: str) -> Iterator[None]:
    """Turn what would fail in the run into a refusal; `who` fails, for people."""
    try:
        yield
    except RunFailedError as error:
        if isinstance(error, PluginFaultError) and error.blame["plugin"] not in ("", BUILTIN):
            raise  # A loss that a plugin brings is to be mended there, not to be done without.
        raise RefusedError(error.what, got=error.got, allowed=error.allowed, fix=error.fix) from error
    except ModaxferError:
        raise
    except Exception as error:
        raise RefusedError(
            f"{who} fails on made-up features",
            got=f"{type(error).__name__}: {error}",
            fix="correct the plan of the strategy, or the loss",
        ) from error


def seen_of(stream: Stream, facts: StreamFacts, source_head: Callable[[], nn.Module]) -> Seen:
    """Return what an untrained model might say of the first rows of a stream."""
    rows = min(ROWS, facts.rows)
    pooled, layers = torch.randn(rows, facts.width), _layers(rows, facts.width)
    targets = None if facts.targets is None or stream.labels is not Labels.GIVEN else facts.targets[:rows]
    outputs = torch.randn(rows, facts.outputs)
    return Seen(
        outputs=outputs,
        pooled=lambda: pooled,
        layers=lambda: layers,
        source_outputs=lambda: source_head()(Features(pooled=pooled)),
        targets=targets,
        score=None,
    )


def _layers(rows: int, width: int) -> dict[int, torch.Tensor]:
    return {layer: torch.randn(rows, width) for layer in range(LAYERS + 1)}


def made_up(name: str, term: Term, phase: Phase, facts: StreamFacts, seen: Mapping[str, Seen]) -> StreamBatch:
    """Return rows of stream `name` as `term` is given them: random features, and the first of its targets."""
    stream = phase.streams[name]
    rows, views = min(ROWS, facts.rows), len(stream.views)
    many = views * rows
    tokens = Hidden(torch.randn(many, 3, facts.width), torch.ones(many, 3, dtype=torch.bool))
    made: dict[str, Any] = {
        Reads.OUTPUTS: torch.randn(many, facts.outputs),
        Reads.POOLED: torch.randn(many, facts.width),
        Reads.TOKENS: tokens,
        Reads.LAYERS: _layers(many, facts.width),
    }
    with _refused(f"an extra of stream {name}"):
        extras = {extra.name: compute_extra(extra, seen, name, rows) for extra in stream.extras}
    extras |= {"teacher": torch.randn(rows, facts.outputs)} if stream.teacher else {}
    return StreamBatch(
        name=name,
        role=facts.role,
        rows=torch.arange(rows),
        targets=_targets(stream, facts, seen[name]),
        extras=extras,
        views=views,
        made={key: made[key] for key in term.spec.reads if key in made},
    )


def _targets(stream: Stream, facts: StreamFacts, seen: Seen) -> torch.Tensor | None:
    if stream.labels is Labels.PREDICTED:
        return predicted(facts.criterion, seen.outputs)
    return None if facts.targets is None else facts.criterion.batch(facts.targets[: len(seen.outputs)])


def made_up_parameters(phase: Phase) -> dict[str, TrainedParameter]:
    """Return a made-up matrix of each part that `phase` trains."""
    made = {}
    for part in sorted(phase.parts):
        now, start = torch.randn(2, 3), torch.randn(2, 3)
        made[f"{part}.weight"] = TrainedParameter(
            part=part, layer=0, depth=1, now=now, phase_start=start, run_start=start
        )
    return made
