"""Which tables of word embeddings a phase trains by the rows that its texts name, and which rows those are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from modaxfer.contracts import Example, GradientCombiner
from modaxfer.plan import Phase, Reads, Refresh
from modaxfer.runner.model.joint import part_of_example, parts_of
from modaxfer.runner.model.transfer import PRESENT, ModelParameter
from modaxfer.runner.rows.batches import evaluation_batches
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.known import adds
from modaxfer.runner.training.step import StepModule
from modaxfer.runner.training.streams import TrainStream
from modaxfer.runner.training.vocabulary import Vocabulary, asked_ids

__all__ = ["vocabularies"]

LEAST_SPARED = 1 << 20
"""Numbers that nothing names, from which on leaving them out is worth an index: some 2 of a step's milliseconds."""

MOST_NAMED = 0.5
"""Share of a table's rows, above which all of them are trained as they stand."""


def vocabularies(
    phase: Phase,
    session: TaskSession,
    streams: Mapping[str, TrainStream],
    module: StepModule,
    trainable: Mapping[str, ModelParameter],
) -> dict[str, Vocabulary]:
    """Return by name, among `trainable`, the tables of which a phase trains the rows alone that its texts name.

    They are those of which nothing but looking tokens up can ask for another row, or send another a gradient, that are
    large and mostly unnamed.

    Args:
        phase: With its losses.
        session: The one whose model it trains.
        streams: All that it draws from.
        module: All that a step runs.
        trainable: What it trains.
    """
    if not _only_looks_up(phase, session, streams, module):
        return {}
    names = {id(parameter.tensor): name for name, parameter in trainable.items()}
    made = {}
    for table in _tables(session.model.towers):
        name = names.get(id(table.weight))
        if name is not None and _is_alone(table, module):
            rows = _named(table, session.model.towers, streams.values())
            spared = table.num_embeddings - len(rows)
            if len(rows) <= MOST_NAMED * table.num_embeddings and spared * table.embedding_dim >= LEAST_SPARED:
                made[name] = Vocabulary(name, table, rows)
    alone = partial(_only_source, module=module, streams=streams.values())
    return {name: vocabulary for name, vocabulary in made.items() if alone(vocabulary)}


def _only_looks_up(phase: Phase, session: TaskSession, streams: Mapping[str, TrainStream], module: StepModule) -> bool:
    """Tell whether rows stay as they were prepared, and gradients of the table come from looking up and are summed."""
    made = {Reads.OUTPUTS, Reads.POOLED, Reads.TOKENS, Reads.LAYERS}
    alone = len(module.models) == 1 and session.accelerator.num_processes == 1 and not session.sharded
    as_ever = session.privacy is None and not isinstance(module.combiner, GradientCombiner)
    return (
        alone
        and as_ever
        # Elsewhere the gradient of a look-up may be summed in another order for fewer rows.
        and session.computer.device.type == "cpu"
        and not (phase.auto_rgn or phase.unfreeze)
        and all(term.reads <= made for term in phase.losses)
        and not any(any(each.stream.changes) or adds(each.stream, Refresh.EPOCH) for each in streams.values())
    )


def _tables(towers: Sequence[Any]) -> Iterator[nn.Embedding]:
    """Yield the tables that towers begin with, each once; a bridge may read the one of the encoder behind it."""
    seen: set[int] = set()
    for tower in towers:
        parts = dict(tower.encoder.named_modules())
        for name in getattr(tower.encoder, "front", ()):
            table = parts.get(name)
            # A subclass may do more than look up.
            if type(table) is nn.Embedding and table.weight.numel() > LEAST_SPARED and id(table) not in seen:
                seen.add(id(table))
                if all(each.bridge is None for each in towers if each.encoder is tower.encoder):
                    yield table


def _is_alone(table: nn.Embedding, module: StepModule) -> bool:
    """Tell whether `table` does nothing but look up, below all layers, and no other module has its weight."""
    owners = [own for own in module.modules() for each in own.parameters(recurse=False) if each is table.weight]
    layers = [part for model in module.models for tower in model.towers for part in tower.encoder.layers.modules()]
    plain = table.max_norm is None and not table.sparse and not table.scale_grad_by_freq
    hooked = table._forward_hooks or table._forward_pre_hooks or "forward" in vars(table)
    return plain and not hooked and len(owners) == 1 and all(part is not table for part in layers)


def _only_source(vocabulary: Vocabulary, module: StepModule, streams: Iterable[TrainStream]) -> bool:
    """Tell, by a row of each stream, whether what a step makes of it leads back to the table by looking up alone."""
    for stream in streams:
        stream.session.model.eval()
        with torch.enable_grad(), stream.session.computer.arithmetic(), vocabulary.looked_up():
            made = [each.sum() for each in module.made(stream.lone(0)).tensors() if each.requires_grad]
            gradients = torch.autograd.grad(made, [vocabulary.table.weight], allow_unused=True) if made else ()
        if any(gradient is not None for gradient in gradients):
            return False
    return True


def _named(table: nn.Embedding, towers: Sequence[Any], streams: Iterable[TrainStream]) -> torch.Tensor:
    """Return which rows the texts of `streams`, and what pads them, ask `table` for: int64 ``[named]``."""
    named = torch.zeros(table.num_embeddings, dtype=torch.bool)

    def note(module: nn.Module, inputs: tuple[torch.Tensor, ...], keywords: Mapping[str, torch.Tensor]) -> None:
        named[asked_ids(inputs, keywords)] = True

    handle = table.register_forward_pre_hook(note, with_kwargs=True)
    try:
        for stream in streams:
            for place, tower in enumerate(towers):
                if any(part is table for part in tower.encoder.modules()):
                    _look_up(stream, tower, place if len(towers) > 1 else None)
    finally:
        handle.remove()
    return named.nonzero().flatten()


def _look_up(stream: TrainStream, tower: Any, place: int | None) -> None:
    """Let `tower` look up all rows of `stream`; it has `place` among several."""
    processor = parts_of(stream.session.processor)[place or 0]
    tower.eval()
    with torch.no_grad(), stream.session.computer.arithmetic():
        for chosen in _passes(stream.lengths, stream.session.train.max_tokens):
            tower.embed(processor.collate([_part(stream.entry.rows[int(row)], place) for row in chosen]))


def _passes(lengths: np.ndarray, max_tokens: int) -> Iterator[np.ndarray]:
    """Yield all rows, some at once, each time with one of the time before: if any differ in length, some are padded."""
    passes = evaluation_batches(lengths, max_tokens=max_tokens)
    yield passes[0]
    for before, chosen in pairwise(passes):
        yield np.concatenate([before[-1:], chosen])


def _part(example: Example, place: int | None) -> Example:
    """Return what the tower at `place` of several, or the only one, is given of a row."""
    if place is None:
        return example
    return {key: value for key, value in part_of_example(example, place).items() if key != PRESENT}
