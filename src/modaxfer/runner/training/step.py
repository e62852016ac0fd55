"""All losses of a step inside one forward pass, so that several processes find every parameter that takes part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from modaxfer.contracts import Batch, Hidden, Step, StreamBatch, TrainedParameter
from modaxfer.losses.build import Term
from modaxfer.plan import Reads, Role
from modaxfer.runner.processes.gather import gather_rows, world_size

__all__ = ["Chunk", "Made", "StepModule"]

Numbers = dict[str, torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Rows of one stream that go through the model together."""

    stream: str
    role: Role
    model: int
    """Which of the step module's models they go through."""
    start: int
    """Layer at which they enter it."""
    batch: Batch
    """On the device."""
    rows: torch.Tensor
    """int64 ``[rows]``."""
    of: int
    """Rows of the stream in the whole step, on all processes."""
    present: float
    """1; or 0 for a row that stands in where a process has none, and weighs nothing."""
    scales: Mapping[str, float]
    """By term with a loss per row: what their sum is multiplied by, so that a step's parts add up to its mean."""
    targets: torch.Tensor | None = None
    extras: Mapping[str, torch.Tensor] = field(default_factory=dict)
    """By row."""
    shared: Mapping[str, torch.Tensor] = field(default_factory=dict)
    """Extras that all rows share."""
    views: int = 1

    @property
    def share(self) -> float:
        """Part of the step's rows."""
        return self.present * len(self.rows) / self.of


class Made(NamedTuple):
    """What the model makes of a chunk, as far as a loss reads it, float32."""

    outputs: torch.Tensor | None
    pooled: torch.Tensor | None
    tokens: Hidden | None
    layers: Mapping[int, torch.Tensor] | None = None

    def tensors(self) -> list[torch.Tensor]:
        """Return all that is there."""
        tokens = self.tokens.tokens if self.tokens is not None else None
        found = (self.outputs, self.pooled, tokens, *(self.layers or {}).values())
        return [each for each in found if each is not None]


class StepModule(nn.Module):
    """The models of all tasks, the losses and their combiner as one module.

    Args:
        models: `TransferModel`, one per task; they may share an encoder.
        terms: The phase's losses by name.
        combiner: See `modaxfer.contracts.Combiner`.
        trained: What the phase trains, for losses that read parameters.
    """

    def __init__(
        self,
        models: Sequence[nn.Module],
        terms: Mapping[str, Term],
        combiner: nn.Module,
        trained: Mapping[str, TrainedParameter] | None = None,
    ) -> None:
        super().__init__()
        self.models: Any = nn.ModuleList(models)
        self.losses = nn.ModuleDict({name: term.module for name, term in terms.items()})
        self.combiner = combiner
        self._terms = terms
        self._trained = trained or {}

    def forward(self, chunks: Sequence[Chunk], progress: float, *, last: bool = True) -> dict[str, Numbers]:
        """Return the losses of `chunks`.

        Where a stream's rows are cut they are computed again on the way back, so that memory holds one chunk's states;
        losses are not, for they may count what they are given.

        Args:
            chunks: Of one stream; or all chunks of a step, which joint losses need.
            progress: Share of the phase that is done.
            last: Whether they are the last of the step: what takes no rows is added once.

        Returns:
            By the names of the losses: ``losses`` as they are, detached; ``weighed`` by terms and combiner, to be
            trained on; ``numbers`` that the terms log beside them. Each is this process's part of the step's.
        """
        there = {chunk.stream for chunk in chunks}
        again = len(chunks) > len(there) and torch.is_grad_enabled()
        made: list[Made] = [
            checkpoint(self.made, chunk, use_reentrant=False) if again else self.made(chunk) for chunk in chunks
        ]
        losses, numbers, shares = Numbers(), Numbers(), dict[str, float]()
        # Losses are small and decide everything: rounding them to half precision saves nothing and costs accuracy.
        with torch.autocast(chunks[0].rows.device.type, enabled=False):
            for chunk, own in zip(chunks, made, strict=True):
                of_rows, beside = self._per_row(chunk, own, progress)
                for name, loss in of_rows.items():
                    shares[name] = shares.get(name, 0.0) + chunk.share
                    losses[name] = losses[name] + loss if name in losses else loss
                for name, number in beside.items():
                    numbers[name] = numbers[name] + number if name in numbers else number
            for term in self._terms.values():
                if term.spec.joint and (last if term.spec.rowless else there.issuperset(term.streams)):
                    # Every process has the whole of it, and parts are added up.
                    shares[term.spec.name] = part = 1 / world_size()
                    loss, beside = self._joint(term, chunks, made, progress)
                    losses[term.spec.name] = loss * part
                    numbers |= {name: number * part for name, number in beside.items()}
            weights = {name: term.weight(progress) for term in self._terms.values() for name in term.names}
            weighed = dict(self.combiner({name: weights[name] * loss for name, loss in losses.items()}, shares))
        plain = {name: loss.detach() for name, loss in losses.items()}
        return {"losses": plain, "weighed": weighed, "numbers": numbers}

    def _terms_of(self, chunk: Chunk) -> list[Term]:
        return [term for term in self._terms.values() if chunk.stream in term.streams]

    def made(self, chunk: Chunk) -> Made:
        """Return what the model makes of `chunk`, as far as the losses of its stream read it."""
        model = self.models[chunk.model]
        reads = {reading for term in self._terms_of(chunk) for reading in term.spec.reads}
        if not reads - {Reads.INPUTS}:
            return Made(None, None, None)
        layers = Reads.LAYERS in reads
        features = model.features(chunk.batch, chunk.start, tokens=Reads.TOKENS in reads, layers=layers)
        outputs = model.outputs(features, chunk.batch) if Reads.OUTPUTS in reads else None
        return Made(
            outputs=outputs.float() if outputs is not None else None,
            pooled=features.pooled.float() if Reads.POOLED in reads else None,
            tokens=Hidden(features.tokens.float(), features.mask) if Reads.TOKENS in reads else None,
            layers={layer: made.float() for layer, made in features.by_layer.items()} if layers else None,
        )

    def _per_row(self, chunk: Chunk, made: Made, progress: float) -> tuple[Numbers, Numbers]:
        """Return the losses per row of a chunk, summed and scaled, and what they log beside."""
        losses, numbers = Numbers(), Numbers()
        known: dict[str, Any] = {**made._asdict(), Reads.INPUTS: chunk.batch}
        for term in self._terms_of(chunk):
            if not term.spec.joint:
                own: dict[str, Any] = {reading: known[reading] for reading in term.spec.reads}
                output = term(Step(streams={chunk.stream: _stream_batch(chunk, own)}, progress=progress))
                name = term.name(chunk.stream)
                losses[name] = output.losses.sum() * chunk.scales[term.spec.name]
                for called, number in output.numbers.items():
                    numbers[f"{name}.{called}"] = number.detach().float().sum() * (chunk.present / chunk.of)
        return losses, numbers

    def _joint(
        self, term: Term, chunks: Sequence[Chunk], made: Sequence[Made], progress: float
    ) -> tuple[torch.Tensor, Numbers]:
        streams = {}
        for name in term.streams:
            own = [(chunk, each) for chunk, each in zip(chunks, made, strict=True) if chunk.stream == name]
            streams[name] = _laid_together(own, term.spec.reads - {Reads.PARAMETERS})
        trained = self._trained if Reads.PARAMETERS in term.spec.reads else None
        output = term(Step(streams=streams, progress=progress, trained=trained))
        numbers = {f"{term.spec.name}.{name}": number.detach().float() for name, number in output.numbers.items()}
        return output.losses, numbers


def _stream_batch(chunk: Chunk, made: Mapping[str, Any]) -> StreamBatch:
    return StreamBatch(
        name=chunk.stream,
        role=chunk.role,
        rows=chunk.rows,
        targets=chunk.targets,
        extras={**chunk.extras, **chunk.shared},
        views=chunk.views,
        made=made,
    )


def _laid_together(own: Sequence[tuple[Chunk, Made]], reads: frozenset[Reads]) -> StreamBatch:
    """Return all rows of a stream in a step, those of other processes with them, in their common order."""
    first = own[0][0]

    def laid(parts: Sequence[Any]) -> torch.Tensor:
        # A row that stands in is left out.
        there = [part if chunk.present else part[:0] for (chunk, _), part in zip(own, parts, strict=True)]
        return gather_rows(torch.cat(there), first.of)

    made: dict[str, torch.Tensor] = {}
    for reading in sorted(reads):
        by_row = laid([_by_row(getattr(each, reading), first.views) for _, each in own])
        made[reading] = by_row.transpose(0, 1).flatten(0, 1)
    return StreamBatch(
        name=first.stream,
        role=first.role,
        rows=laid([chunk.rows for chunk, _ in own]),
        targets=None if first.targets is None else laid([chunk.targets for chunk, _ in own]),
        extras={**{name: laid([chunk.extras[name] for chunk, _ in own]) for name in first.extras}, **first.shared},
        views=first.views,
        made=made,
    )


def _by_row(values: torch.Tensor, views: int) -> torch.Tensor:
    """Turn ``[views * rows, ...]`` into ``[rows, views, ...]``."""
    return values.reshape(views, -1, *values.shape[1:]).transpose(0, 1)
