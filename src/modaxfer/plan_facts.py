"""Facts of a plan as a whole: which runs it joins, what it promises of single rows; `modaxfer.plan` has these names."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Merge", "Privacy"]


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Finished runs whose weights are joined into those that the first phase begins with.

    See `modaxfer.weight_space.merge`, which says what methods there are and what they take.
    """

    runs: tuple[str, ...]
    """Their folders, at least two, of one encoder checkpoint."""
    method: str
    weights: tuple[float, ...] = ()
    """Of each run; empty = all count alike."""
    density: float = 1.0
    """Share of each run's changes that is kept, where the method drops some."""
    scale: float | None = None
    """Factor on what is added to the checkpoint; None = the one that validation prefers."""
    seed: int = 0
    """Of what is dropped at random."""


@dataclass(frozen=True, kw_only=True)
class Privacy:
    """(ε, δ)-differential privacy of the training rows: DP-SGD (Abadi et al. 2016), on rows drawn by chance.

    Of each step the gradient of every row is cut to `clip_norm`, and noise of ``noise_multiplier * clip_norm`` is added
    to their sum. What comes out with one row more or less can hardly be told apart.
    """

    epsilon: float
    """Asked for; the planned steps stay below it."""
    delta: float
    """Chance that it does not hold."""
    noise_multiplier: float
    """Standard deviation of the noise, in units of `clip_norm`."""
    clip_norm: float
    """Largest norm of one row's gradient."""
    sampling_rate: float
    """Chance of each row to be in a step."""
    steps: int
    """Planned, over all phases."""
    rows: int
    """Training rows; their number is no secret."""
    repeatable: bool = False
    """Whether rows and noise are drawn from the run's seed: who knows it can take the noise off again."""
