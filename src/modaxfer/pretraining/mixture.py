"""Rows of several kinds in one pretraining: each step has rows of one kind, which has an objective of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import nn

from modaxfer.contracts import ObjectiveLoss, Row
from modaxfer.pretraining.drawing import Drawing, some_rows

__all__ = ["KIND", "ByKind", "Turns", "marked"]

KIND = "kind"
"""Key of a row that says which kind it is of."""

TURNS = 1024
"""Steps of which each kind has its share, as near as whole steps come to it."""


class Turns:
    """Steps of several kinds by turns, in a random order that depends on seed and step alone.

    Args:
        drawings: By kind.
        shares: Of each, in all 1.
        seed: Of the order.
    """

    def __init__(self, drawings: Mapping[str, Drawing], shares: Sequence[float], seed: int) -> None:
        self.drawings, self._seed = dict(drawings), seed
        self._ends = np.cumsum([0.0, *shares])
        self._pool = lru_cache(maxsize=1)(self._shuffled)

    def rows(self, step: int) -> list[Row]:
        """Return the rows of a step, each with its kind."""
        number, place = divmod(step, TURNS)
        order, starts = self._pool(number)
        kind = int(order[place])
        name = list(self.drawings)[kind]
        own = int(starts[kind]) + int((order[:place] == kind).sum())
        return marked(self.drawings[name].rows(own), name)

    def looked_at(self) -> list[Row]:
        """Return the rows of each kind's first steps, for what has to be known before training."""
        return [row for name, drawing in self.drawings.items() for row in marked(some_rows(drawing), name)]

    def _shuffled(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the kind of each step of a pool, and how many steps each kind has had before."""
        before, after = (np.rint(self._ends * TURNS * each).astype(np.int64) for each in (number, number + 1))
        starts, counts = np.diff(before), np.diff(after) - np.diff(before)
        kinds = np.repeat(np.arange(len(counts)), counts.clip(min=0))
        return np.random.default_rng([self._seed, number, 2]).permutation(kinds), starts


class ByKind(nn.Module):
    """An objective for each kind of rows.

    Args:
        parts: By kind.
    """

    def __init__(self, parts: Mapping[str, Any]) -> None:
        super().__init__()
        self.parts = nn.ModuleDict(parts)
        self.least = {
            _named(name, kind): bound
            for kind, part in parts.items()
            for name, bound in getattr(part, "least", {}).items()
        }

    def begin(self, rows: Sequence[Row]) -> None:
        """Let each look at rows of its kind."""
        for kind, part in self.parts.items():
            own: Any = part
            own.begin([row for row in rows if row[KIND] == kind])

    def prepare(self, rows: Sequence[Row], generator: torch.Generator) -> Mapping[str, Any]:
        """Return what the objective of the rows' kind makes of them."""
        kind = rows[0][KIND]
        part: Any = self.parts[kind]
        return {"kind": kind, "made": part.prepare(rows, generator)}

    def forward(self, prepared: Mapping[str, Any]) -> ObjectiveLoss:
        """Return the loss of the kind's objective, its parts by name and kind."""
        kind = prepared["kind"]
        said: ObjectiveLoss = self.parts[kind](prepared["made"])
        numbers = {_named("loss", kind): said.loss} | {_named(name, kind): each for name, each in said.numbers.items()}
        return ObjectiveLoss(loss=said.loss, vectors=said.vectors, numbers=numbers)


def marked(rows: Sequence[Row], kind: str) -> list[Row]:
    """Return `rows`, each with its kind."""
    return [{**row, KIND: kind} for row in rows]


def _named(name: str, kind: str) -> str:
    return f"{name} of {kind}"
