"""Which layers and which pooling are worth a closer look: a ridge per view, far cheaper than any other head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modaxfer.errors import RefusedError
from modaxfer.heads.classical.features import View

if TYPE_CHECKING:
    from modaxfer.heads.classical.trial import HeldOut, Trial
    from modaxfer.heads.search_options import SearchOptions

__all__ = ["Scout"]

PENALTIES = (100.0, 1000.0)
STILL = 1e-6
"""Deviation, beside a feature's size, from which on it moves: less is what float32 makes of equal numbers."""
PROMOTED = 2
"""Layers that are also read as mean and deviation, twice as wide: the best by their mean."""


class Scout:
    """Scores single layers and weighted sums of layers by inner validation of a ridge."""

    def __init__(self, held_out: HeldOut, layers: int, options: SearchOptions) -> None:
        self.held_out, self.count, self.options = held_out, layers, options
        self.layers = self._layers()
        self.spread: dict[View, float] = {}

    def run(self) -> list[Trial]:
        """Return one trial per view that the options allow."""
        narrow = self._moving(self._narrow())
        singles = [trial for trial in narrow if self.options.pooling in ("auto", trial.view.pooling)]
        singles += self._wide(narrow)
        if len(self.layers) == 1:
            return singles
        mixes = self._mixes(narrow, max(singles, key=lambda trial: trial.score).view.pooling)
        return mixes if self.options.layer == "mix" else [*singles, *mixes]

    def _layers(self) -> tuple[int, ...]:
        setting = self.options.layer
        if setting in ("auto", "mix"):
            return tuple(range(self.count))
        layer = self.count - 1 if setting == "last" else int(setting)
        if not 0 <= layer < self.count:
            raise RefusedError(
                "the encoder has no such layer",
                got=setting,
                allowed=f"auto, mix, last, 0 (embeddings) to {self.count - 1}",
                fix="choose another with --set strategy.layer=...",
            )
        return (layer,)

    def _narrow(self) -> list[Trial]:
        setting = self.options.pooling
        poolings = {"auto": ("cls", "mean"), "mean_std": ("mean",)}.get(setting, (setting,))
        return [self._try(View(layers=(layer,), pooling=pooling)) for layer in self.layers for pooling in poolings]

    def _moving(self, narrow: list[Trial]) -> list[Trial]:
        """Leave out views that are the same for every row, as the first token of a text before any layer is.

        All that can be learned from them is which class is common. Where other views are noise as well, that is the
        best guess, and the heads behind would be tried on nothing. Where there is no other view they stay.
        """
        return [trial for trial in narrow if self.spread[trial.view] > 0] or narrow

    def _wide(self, narrow: list[Trial]) -> list[Trial]:
        if self.options.pooling not in ("auto", "mean_std"):
            return []
        means = [trial for trial in narrow if trial.view.pooling == "mean"]
        promoted = sorted(means, key=lambda trial: trial.score, reverse=True)[:PROMOTED]
        return [self._try(View(layers=trial.view.layers, pooling="mean_std")) for trial in promoted]

    def _mixes(self, narrow: list[Trial], pooling: str) -> list[Trial]:
        """Try two weighted sums: all layers alike, and by a softmax of their scores (in deviations of those scores)."""
        judged = "mean" if pooling == "mean_std" else pooling
        layers = [trial for trial in narrow if trial.view.pooling == judged and self.spread[trial.view] > 0]
        scores = np.array([trial.score for trial in layers])
        if len(layers) < 2 or not np.isfinite(scores).all():
            return []
        sharp = np.exp((scores - scores.max()) / max(scores.std(), 1e-9))
        spread = np.array([self.spread[trial.view] for trial in layers])
        numbers = tuple(trial.view.layers[0] for trial in layers)
        return [self._try(_mix(numbers, share / spread, pooling)) for share in (np.ones(len(layers)), sharp)]

    def _try(self, view: View) -> Trial:
        space = self.held_out.space(view)
        cut = space.cut
        deviation = cut.rows.square().mean(0).sqrt() * cut.scale
        moves = deviation > STILL * cut.shift.abs()
        self.spread[view] = float((deviation * moves).square().mean().sqrt())
        return self.held_out.best(view, space, "ridge", grid=PENALTIES)


def _mix(layers: tuple[int, ...], shares: np.ndarray, pooling: str) -> View:
    weights = tuple(float(weight) for weight in shares / shares.sum())
    return View(layers=layers, weights=weights, pooling=pooling)
