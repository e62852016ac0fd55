"""A model as a function of what it is given of one row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from modaxfer.contracts import WINDOWS, Batch, Example
from modaxfer.runner.explain.answer import Answer
from modaxfer.runner.explain.cutting import CUTTERS, Known, token_part
from modaxfer.runner.explain.part import Part
from modaxfer.runner.model.joint import parts_of

if TYPE_CHECKING:
    from modaxfer.contracts import Processor
    from modaxfer.runner.model.description import ModelDescription

__all__ = ["Probe", "joined", "opened"]

MOST_TOKENS = 4096
"""Tokens of the encoders in one forward pass with gradients."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A model, a row, and the number that is asked about."""

    model: Any
    batch: Batch
    """Of the row alone, on the model's device."""
    parts: tuple[Part, ...]
    """What can be moved; empty where nothing can."""
    answer: Answer
    rows: int
    """That go through the model together."""

    def __call__(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Return the answer for `inputs` ``[n, ...]``, one per part: float ``[n]``."""
        count = len(inputs[0])
        batch = {key: _repeated(values, count) for key, values in self.batch.items()}
        with ExitStack() as held:
            for part, values in zip(self.parts, inputs, strict=True):
                if part.embedding is not None:
                    held.enter_context(_standing_in(part.embedding, self.batch[part.key], values))
                else:
                    batch[part.key] = values if part.enter is None else part.enter(values)
            return self.answer(self.model(batch).float())


def opened(
    model: Any,
    described: ModelDescription,
    processor: Processor,
    example: Example,
    answer: Answer,
    means: Mapping[str, torch.Tensor],
) -> Probe:
    """Return the probe of a row.

    Args:
        model: In evaluation mode.
        described: What it is made of.
        processor: Of all towers.
        example: The row.
        answer: What is asked.
        means: By key of a batch, the mean of its tensor over training rows.
    """
    device = next(model.parameters()).device
    batch = {key: values.to(device) for key, values in processor.collate([example]).items()}
    tables = _looked_up(model, batch)
    parts = [
        part
        for place, (tower, own) in enumerate(zip(described.towers, parts_of(processor), strict=True))
        for part in _parts(
            {key: values for key, values in batch.items() if len(described.towers) == 1 or key.startswith(f"{place}.")},
            tables,
            lambda key, tower=tower, own=own: Known(
                key=key,
                fields=tuple(field.name for field in tower.fields),
                processor=own,
                patch=tower.layout.patch_size,
                mean=means.get(key),
            ),
        )
    ]
    tokens = max(1, processor.length(example))
    return Probe(
        model=model, batch=batch, parts=tuple(parts), answer=answer, rows=max(1, min(64, MOST_TOKENS // tokens))
    )


def _parts(batch: Batch, tables: Mapping[str, nn.Module], known: Any) -> Iterator[Part]:
    windows = max((int(values.max()) for key, values in batch.items() if key.rpartition(".")[2] == WINDOWS), default=0)
    for key, values in batch.items():
        last = key.rpartition(".")[2]
        if key in tables:
            yield token_part(known(key), values if windows else values[0], tables[key])
        elif last in CUTTERS and windows <= 1:  # Windows of a sound overlap: there is no one picture of them.
            yield CUTTERS[last](known(key), values[0].float())


def _looked_up(model: nn.Module, batch: Batch) -> dict[str, nn.Module]:
    """Return, by key of whole numbers in `batch`, the embedding that looks them up."""
    found: dict[str, nn.Module] = {}
    numbers = {
        key: values
        for key, values in batch.items()
        if not values.is_floating_point() and values.dtype == torch.int64 and values.ndim > 1
        and key.rpartition(".")[2] in ("input_ids", "ids")
    }  # fmt: skip

    def look(module: nn.Module, given: tuple[Any, ...], _: Any) -> None:
        for key, values in numbers.items():
            if key not in found and given and isinstance(given[0], torch.Tensor) and torch.equal(given[0], values):
                found[key] = module

    hooks = [part.register_forward_hook(look) for part in model.modules() if isinstance(part, nn.Embedding)]
    try:
        with torch.inference_mode():
            model(batch)
    finally:
        for hook in hooks:
            hook.remove()
    return found


@contextmanager
def _standing_in(embedding: nn.Module, ids: torch.Tensor, values: torch.Tensor) -> Iterator[None]:
    """Let `values` ``[n, ...]`` stand for what `embedding` finds for n times `ids`."""

    def instead(_: nn.Module, given: tuple[Any, ...], found: torch.Tensor) -> torch.Tensor | None:
        alike = given[0].numel() == len(values) * ids.numel() and given[0].shape[-1] == ids.shape[-1]
        return values.reshape(found.shape).to(found.dtype) if alike else None

    hook = embedding.register_forward_hook(instead)
    try:
        yield
    finally:
        hook.remove()


def _repeated(values: torch.Tensor, count: int) -> torch.Tensor:
    return values.repeat(count, *[1] * (values.ndim - 1))


def joined(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return numbers of all parts' units one behind the other."""
    return torch.cat(list(tensors)) if tensors else torch.zeros(0, dtype=torch.float64)
