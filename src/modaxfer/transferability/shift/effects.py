"""A number that says how large a difference is, how sure that is, and what none would look like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from modaxfer.metrics.intervals import percentiles
from modaxfer.metrics.resampling import draws

__all__ = ["LEVEL", "RESAMPLES", "Effect", "Part", "effect", "if_equal", "resamples"]

RESAMPLES, LEVEL = 400, 0.95


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A number with a percentile bootstrap interval over rows, or groups of them; what was fitted stays as it was."""

    name: str
    value: float
    low: float
    high: float
    if_equal: float | None = None
    """What equal tasks stay below in 95 of 100 cases; None where the value is about 0 then, on either side."""
    meaning: str

    @property
    def evidence(self) -> bool:
        """Whether the interval lies beyond what equal tasks would show."""
        return self.low > self.if_equal if self.if_equal is not None else self.low > 0 or self.high < 0

    def __str__(self) -> str:
        text = f"{self.name} {self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"
        return text + ("" if self.if_equal is None else f" (equal tasks: up to {self.if_equal:.3f})")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a shift report."""

    effects: tuple[Effect, ...] = ()
    left_out: str = ""
    """Why there is nothing to be said; empty where there is."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {
            "effects": [asdict(each) | {"evidence": each.evidence} for each in self.effects],
            "left_out": self.left_out,
            "notes": list(self.notes),
        }


def resamples(rows: int, groups: np.ndarray | None, seed: int) -> np.ndarray:
    """Return float ``[RESAMPLES, rows]``: how often each row is drawn, groups as a whole."""
    return np.concatenate(list(draws(rows, RESAMPLES, seed, groups)))


def effect(name: str, value: float, drawn: np.ndarray, meaning: str, equal: float | None = None) -> Effect:
    """Return an effect with the interval of `drawn`, its value in each resample."""
    low, high = percentiles(np.asarray(drawn), LEVEL)
    return Effect(name=name, value=float(value), low=low, high=high, if_equal=equal, meaning=meaning)


def if_equal(
    measure: Callable[[np.ndarray], float], domain: np.ndarray, groups: np.ndarray | None, seed: int, times: int = 100
) -> float:
    """Return the 95 % quantile of `measure` of domains ``[rows]`` that are dealt out by chance, a group to one of them.

    Args:
        measure: Of domain numbers, 0 or 1.
        domain: As they are.
        groups: Of all rows, none of which is in both domains; None = each row by itself.
        seed: Of chance.
        times: How often.
    """
    generator = np.random.default_rng(seed)
    unit = np.arange(len(domain)) if groups is None else np.unique(groups, return_inverse=True)[1].reshape(-1)
    of_unit = np.empty(unit.max() + 1, domain.dtype)
    of_unit[unit] = domain
    found = [measure(generator.permutation(of_unit)[unit]) for _ in range(times)]
    return float(np.quantile(found, LEVEL))
