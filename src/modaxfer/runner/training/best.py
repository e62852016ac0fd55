"""Which is the best: the one with the greatest score by the validator, and of equals the first.

The one place that says so, for the epochs of a phase and for the attempts of a search over learning rates.
Epochs before a loss's ramp has risen are not offered to it (`modaxfer.runner.training.loop`).
"""

from __future__ import annotations

from collections.abc import Callable

from modaxfer.contracts import Kept, Weights

__all__ = ["BestEpochs", "leads"]


def leads(score: float, best: float | None) -> bool:
    """Tell whether `score` is better than the `best` so far; None = there is none yet, and an undefined one will do."""
    return best is None or score > best


class BestEpochs:
    """The best epochs of a phase with their weights, best first.

    Args:
        most: How many are kept.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.kept: list[Kept] = []

    @property
    def best(self) -> Kept | None:
        """The best epoch so far; None before the first has been judged."""
        return self.kept[0] if self.kept else None

    def take(self, epoch: int, score: float, weights: Callable[[], Weights]) -> None:
        """Keep an epoch if it is among the best.

        Args:
            epoch: Its number, from 1, after those that were taken before.
            score: The validator's.
            weights: Returns what its weights are now; asked only if it is kept.
        """
        full = len(self.kept) >= self.most
        if leads(score, self.kept[-1].score if full else None):
            # Before the first that it leads: of equals the earlier stays before the later.
            place = next((at for at, kept in enumerate(self.kept) if leads(score, kept.score)), len(self.kept))
            self.kept.insert(place, Kept(epoch=epoch, score=score, weights=weights()))
            del self.kept[self.most :]

    def stale(self, epoch: int) -> int:
        """Return how many epochs have passed since the best one, when `epoch` of them have been judged."""
        return epoch - self.best.epoch if self.best else 0
