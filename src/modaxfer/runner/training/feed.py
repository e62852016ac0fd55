"""What a stream's batches are made of: prepared rows, or rows made again, as they are or blended in pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from modaxfer.augmentations.choice import find_augmentations
from modaxfer.contracts import Batch, Example
from modaxfer.plan import Stream
from modaxfer.runner.request.augmented import blends, is_live
from modaxfer.runner.rows.blend import Blender
from modaxfer.runner.rows.live import Draw, RowMaker
from modaxfer.runner.rows.remade import RemadeRows
from modaxfer.runner.rows.workers import Job, LiveRows
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.features import EntryPoint
from modaxfer.runner.training.targets import RowTargets

__all__ = ["Fed", "Feed", "Moment"]


class Moment(NamedTuple):
    """When rows are asked for; with the seed of the run it decides what becomes of them."""

    epoch: int
    """Counted over all phases."""
    step: int
    """In the epoch."""


@dataclass(frozen=True, kw_only=True)
class Fed:
    """A batch, and what its rows were blended with."""

    batch: Batch
    partners: np.ndarray | None = None
    """int64 ``[rows]``; None where nothing was blended."""
    shares: torch.Tensor | None = None
    """float32 ``[rows]``: the row's own part in its target."""

    def targets(self, known: RowTargets, rows: np.ndarray) -> torch.Tensor:
        """Return the targets of `rows`, mixed as they are, of those that are `known` by row number."""
        if self.partners is None or self.shares is None:
            return known.batch(rows)
        one, other = known.soft(rows), known.soft(self.partners)
        share = self.shares.to(one.dtype).reshape(-1, *[1] * (one.ndim - 1))
        return share * one + (1 - share) * other


class Feed:
    """Makes the batches of a stream.

    Args:
        name: Of the stream.
        stream: What the plan says of it.
        session: Its task's.
        entry: Where its rows enter the model; at the bottom, if they are made again or blended.
    """

    def __init__(self, name: str, stream: Stream, session: TaskSession, entry: EntryPoint) -> None:
        views = [find_augmentations(changes) for changes in stream.changes]
        self.augmentations = tuple(dict.fromkeys(str(one) for view in views for one in view))
        """``NAME=STRENGTH``, as they are applied."""
        self._name, self._views, self._entry = name, len(views), entry
        remade = isinstance(entry.rows, RemadeRows)
        self._plain = {number for number, view in enumerate(views) if all(map(blends, view)) and not remade}
        """Views that show rows as they were prepared."""
        self._blender = Blender(find_augmentations(stream.transforms), session.seed, name)
        self.maker = (
            RowMaker(session.recipe(stream.split), views, session.seed, name) if is_live(stream) or remade else None
        )
        self.live: LiveRows | None = None
        """Where rows that are made again come from; set before the first batch is asked for."""

    def job(self, chosen: np.ndarray, rows: np.ndarray, moment: Moment) -> Job:
        """Return what has to be made for the rows `chosen` of a step's `rows`, and for their partners."""
        return Job(self._name, tuple(draw for draw in self._wanted(chosen, rows, moment) if self._is_made(draw)))

    def __call__(self, chosen: np.ndarray, rows: np.ndarray, moment: Moment) -> Fed:
        """Return the batch of the rows `chosen` of a step's `rows`, view after view."""
        if self.maker is None and not self._blender and self._views == 1:
            return Fed(batch=self._entry.collate([self._entry.rows[row] for row in chosen]))
        made = self._made(chosen, rows, moment)
        own = [made[draw] for draw in self._draws(chosen, moment)]
        partners = self._partners(chosen, rows, moment)
        if partners is None:
            return Fed(batch=self._entry.collate(own))
        others = [made[draw] for draw in self._draws(partners, moment)]
        batch, shares = self._blender(
            own, others, np.tile(chosen, self._views), self._entry.collate, epoch=moment.epoch
        )
        return Fed(batch=batch, partners=partners, shares=shares[: len(chosen)])

    def _made(self, chosen: np.ndarray, rows: np.ndarray, moment: Moment) -> Mapping[Draw, Example]:
        wanted = self._wanted(chosen, rows, moment)
        plain = {draw: self._entry.rows[draw.row] for draw in wanted if not self._is_made(draw)}
        if self.maker is None:
            return plain
        assert self.live is not None, "set before the first batch"
        job = self.job(chosen, rows, moment)
        return plain | dict(zip(job.draws, self.live.take(job), strict=True))

    def _wanted(self, chosen: np.ndarray, rows: np.ndarray, moment: Moment) -> Sequence[Draw]:
        """Return the draws of the rows `chosen` and of their partners, each once."""
        partners = self._partners(chosen, rows, moment)
        wanted = np.unique(np.concatenate([chosen, partners]) if partners is not None else chosen)
        return self._draws(wanted, moment)

    def _is_made(self, draw: Draw) -> bool:
        return self.maker is not None and draw.view not in self._plain

    def _partners(self, chosen: np.ndarray, rows: np.ndarray, moment: Moment) -> np.ndarray | None:
        return self._blender.partners(chosen, rows, moment.epoch, moment.step) if self._blender else None

    def _draws(self, rows: Sequence[int] | np.ndarray, moment: Moment) -> Sequence[Draw]:
        return [Draw(int(row), moment.epoch, view) for view in range(self._views) for row in rows]
