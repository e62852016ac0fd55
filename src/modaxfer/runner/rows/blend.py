"""Pairs of rows blended into one, with their targets: augmentations of whole batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
import torch

from modaxfer.augmentations.choice import Augmentation
from modaxfer.contracts import Batch, Example, Mixed
from modaxfer.registry import call_target, fault

__all__ = ["Blender"]

OF_PARTNERS, OF_SHARES = 2, 3
"""Keep these draws apart, and from those that change single rows."""


class Blender:
    """Blends the rows of each step in pairs.

    Partners are a permutation of a step's rows. They and the shares depend on seed, epoch, step and row alone, so that
    it does not matter how a step is split into forward passes or over processes.

    Args:
        augmentations: Those of whole batches, in the order in which they are applied.
        seed: Of the run.
        stream: Name of the stream whose rows they are.
    """

    def __init__(self, augmentations: Sequence[Augmentation], seed: int, stream: str = "train") -> None:
        self._seed, self._stream = seed, crc32(stream.encode())
        self._steps = [(one.spec.target, one.strength) for one in augmentations if one.spec.level == "batch"]

    def __bool__(self) -> bool:
        return bool(self._steps)

    def partners(self, chosen: np.ndarray, rows: np.ndarray, epoch: int, step: int) -> np.ndarray:
        """Return the partner of each row `chosen` among a step's `rows`, int64 ``[chosen]``."""
        order = np.random.default_rng([OF_PARTNERS, self._seed, self._stream, epoch, step]).permutation(len(rows))
        partner = dict(zip(rows.tolist(), rows[order].tolist(), strict=True))
        return np.array([partner[row] for row in chosen.tolist()], np.int64)

    def __call__(
        self,
        own: Sequence[Example],
        partners: Sequence[Example],
        rows: np.ndarray,
        collate: Callable[[Sequence[Example]], Batch],
        *,
        epoch: int,
    ) -> tuple[Batch, torch.Tensor]:
        """Return the blended batch, and each row's own share in its target, float32 ``[rows]``.

        Args:
            own: Examples of the rows.
            partners: Examples of their partners.
            rows: Their numbers.
            collate: Pads examples and stacks them.
            epoch: Of the draw.
        """
        # Padded together, so that a row and its partner have the same shapes.
        batch = collate([*own, *partners])
        made, shares = [], []
        for place, row in enumerate(rows):
            generator = np.random.default_rng([OF_SHARES, self._seed, self._stream, epoch, int(row)])
            mixed = Mixed(inputs={key: value[place] for key, value in batch.items()}, share=1.0)
            other = {key: value[len(own) + place] for key, value in batch.items()}
            for target, strength in self._steps:
                again = _mixed(target, mixed.inputs, other, strength, generator)
                mixed = Mixed(inputs=again.inputs, share=mixed.share * again.share)
            made.append(mixed.inputs)
            shares.append(mixed.share)
        return {key: torch.stack([inputs[key] for inputs in made]) for key in batch}, torch.tensor(shares)


def _mixed(
    target: str,
    own: Mapping[str, torch.Tensor],
    other: Mapping[str, torch.Tensor],
    strength: float,
    generator: np.random.Generator,
) -> Mixed:
    made: Any = call_target(target, own, other, strength, generator, kind="augmentation")
    if isinstance(made, Mixed) and set(made.inputs) == set(own):
        return made
    got = f"Mixed of {sorted(made.inputs)}" if isinstance(made, Mixed) else type(made).__name__
    allowed = f"modaxfer.contracts.Mixed of {sorted(own)}"
    raise fault(target, "returned what it must not", got=got, allowed=allowed, kind="augmentation")
