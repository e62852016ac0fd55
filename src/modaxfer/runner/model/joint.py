"""Several encoders on one row: each field's examples side by side, and which of them the row really has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from modaxfer.contracts import Batch, Example, Processor
from modaxfer.runner.model.transfer import PRESENT, part_of_batch

__all__ = ["JointProcessor", "JointRows", "joined", "part_of_example", "parts_of"]


class JointProcessor:
    """The processors of several towers as one; examples carry each tower's arrays under its prefix ``0.``, ``1.``, ...

    Args:
        parts: One processor per tower.
    """

    def __init__(self, parts: Sequence[Processor]) -> None:
        self.parts = tuple(parts)
        self.identity = "+".join(part.identity for part in self.parts)

    def __call__(self, raws: Sequence[Any]) -> list[Example]:
        """Return examples of `raws`, each a tuple of one raw value per tower, with everything present."""
        columns = [part([raw[place] for raw in raws]) for place, part in enumerate(self.parts)]
        return [joined(row, [1.0] * len(row)) for row in zip(*columns, strict=True)]

    def length(self, example: Example) -> int:
        """Return how many tokens all bodies together will see."""
        return sum(part.length(part_of_example(example, place)) for place, part in enumerate(self.parts))

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad each tower's arrays by its own processor; ``TOWER.present`` is float32 ``[batch]``."""
        batch: Batch = {}
        for place, processor in enumerate(self.parts):
            parts = [part_of_example(example, place) for example in examples]
            there = torch.tensor([float(part.pop(PRESENT)) for part in parts])
            batch |= {f"{place}.{key}": value for key, value in processor.collate(parts).items()}
            batch[f"{place}.{PRESENT}"] = there
        return batch


def parts_of(processor: Processor) -> tuple[Processor, ...]:
    """Return the processor of each tower."""
    return processor.parts if isinstance(processor, JointProcessor) else (processor,)


class JointRows(Sequence[Example]):
    """Prepared rows of several towers, joined when they are read.

    Args:
        parts: Each tower's examples, in the same order of rows.
        there: bool ``[rows, towers]``: whether the row has any of the tower's fields.
    """

    def __init__(self, parts: Sequence[Sequence[Example]], there: np.ndarray) -> None:
        self.parts, self.there = tuple(parts), there.astype(np.float32)

    def __len__(self) -> int:
        return len(self.there)

    def __getitem__(self, row: Any) -> Any:
        return joined([part[row] for part in self.parts], self.there[row])


def joined(parts: Sequence[Example], there: Sequence[float] | np.ndarray) -> Example:
    """Return one example of several, each under its prefix."""
    arrays = {f"{place}.{key}": value for place, part in enumerate(parts) for key, value in part.items()}
    flags = {f"{place}.{PRESENT}": np.array(value, np.float32) for place, value in enumerate(there)}
    return arrays | flags


def part_of_example(example: Example, tower: int) -> Example:
    """Return the arrays of one tower, without its prefix."""
    part: Any = part_of_batch(example, tower)  # type: ignore[arg-type]
    return dict(part)
