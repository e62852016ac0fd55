"""What pretrained weights were worth, and how much the seeds matter, in words and rows for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.reports.claims import Outcome, compare
from modaxfer.reports.scores import Interval, interval_of, interval_text, number

if TYPE_CHECKING:
    from modaxfer.result import Result

__all__ = ["Gain", "Spread", "gain", "gain_sentence", "spreads"]


@dataclass(frozen=True, kw_only=True)
class Gain:
    """How much better a model is for its pretrained weights, than the same architecture from random ones."""

    metric: str
    value: float
    """Positive where pretraining is better, whichever direction of the metric that is."""
    interval: Interval | None
    pretrained: float | None = None
    """Test score, averaged over seeds."""
    scratch: float | None = None
    seeds: int = 1
    by_seed: tuple[float, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """``BEATS`` where pretraining helped."""
        return compare(self.interval, 0.0)

    @property
    def signed(self) -> str:
        """The gain with its sign."""
        return f"{'+' if self.value >= 0 else ''}{number(self.value)}"

    @property
    def sentence(self) -> str:
        """What may be said of it, without a full stop."""
        over = f" ({self.seeds} seeds)" if self.seeds > 1 else ""
        interval = f" {interval_text(self.interval)}" if self.interval else ""
        rival = f"the same architecture from scratch{over}"
        size = f"{number(abs(self.value))} {self.metric}"
        change = f"{self.metric} {self.signed}{interval} against {rival}"
        return {
            Outcome.BEATS: f"pretraining gained {size}{interval} over {rival}",
            Outcome.NO_EVIDENCE: f"no evidence that pretraining helped: {change}",
            Outcome.FALLS_SHORT: f"pretraining harmed: {change}",
            Outcome.NO_INTERVAL: f"whether pretraining helped is not known, for want of an interval: {change}",
        }[self.outcome]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """One test metric over the seeds of a repeated run."""

    metric: str
    values: tuple[float | None, ...]
    mean: float | None
    deviation: float | None
    """Standard deviation, with n - 1."""


def gain(result: Result) -> Gain | None:
    """Return the transfer gain in the primary metric; None where it was not measured."""
    metric = str(result.metrics.get("primary", ""))
    stored = (result.transfer_gain or {}).get(metric)
    if not isinstance(stored, Mapping) or not isinstance(stored.get("gain"), (int, float)):
        return None
    return Gain(
        metric=metric,
        value=float(stored["gain"]),
        interval=interval_of(stored.get("interval")),
        pretrained=stored.get("pretrained"),
        scratch=stored.get("scratch"),
        seeds=int(stored.get("seeds", 1)),
        by_seed=tuple(stored.get("by_seed", ())),
    )


def gain_sentence(result: Result) -> str:
    """Say what pretraining did; empty where it was not measured."""
    found = gain(result)
    return found.sentence if found else ""


def spreads(result: Result) -> tuple[Spread, ...]:
    """Return every test metric over the seeds, the primary first; nothing for a run with one seed."""
    stored, primary = result.repeats.get("test") or {}, result.metrics.get("primary")
    means: Mapping[str, float] = result.repeats.get("mean") or {}
    deviations: Mapping[str, float] = result.repeats.get("std") or {}
    names: Sequence[str] = sorted(stored, key=lambda name: name != primary)
    return tuple(
        Spread(metric=name, values=tuple(stored[name]), mean=means.get(name), deviation=deviations.get(name))
        for name in names
    )
