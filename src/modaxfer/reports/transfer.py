"""What each step of a transfer was worth, and how much the seeds matter, in words and rows for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.reports.claims import Outcome, compare
from modaxfer.reports.scores import Interval, interval_of, interval_text, number
from modaxfer.runner.kinds import Step, steps

if TYPE_CHECKING:
    from modaxfer.result import Result

__all__ = ["Gain", "Spread", "gains", "spreads"]


@dataclass(frozen=True, kw_only=True)
class Gain:
    """How much better a run is for one step of its transfer, than the same run without it."""

    step: Step
    metric: str
    value: float
    """Positive where the step helped, whichever direction of the metric that is."""
    interval: Interval | None
    score: float | None = None
    """Test score with the step, a mean."""
    without: float | None = None
    count: int = 1
    """Seeds, or few-shot episodes, that it is a mean over."""
    over: str = "seeds"
    """``seeds`` or ``episodes``."""
    by_seed: tuple[float, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """``BEATS`` where the step helped."""
        return compare(self.interval, 0.0)

    @property
    def signed(self) -> str:
        """The gain with its sign."""
        return f"{'+' if self.value >= 0 else ''}{number(self.value)}"

    @property
    def sentence(self) -> str:
        """What may be said of it, without a full stop."""
        over = f" ({self.count} {self.over})" if self.count > 1 else ""
        interval = f" {interval_text(self.interval)}" if self.interval else ""
        rival, said = f"{self.step.rival}{over}", self.step.said
        size = f"{number(abs(self.value))} {self.metric}"
        change = f"{self.metric} {self.signed}{interval} against {rival}"
        return {
            Outcome.BEATS: f"{said} gained {size}{interval} over {rival}",
            Outcome.NO_EVIDENCE: f"no evidence that {said} helped: {change}",
            Outcome.FALLS_SHORT: f"{said} harmed: {change}",
            Outcome.NO_INTERVAL: f"whether {said} helped is not known, for want of an interval: {change}",
        }[self.outcome]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """One test metric over the seeds of a repeated run."""

    metric: str
    values: tuple[float | None, ...]
    mean: float | None
    deviation: float | None
    """Standard deviation, with n - 1."""


def gains(result: Result) -> tuple[Gain, ...]:
    """Return what each measured step gained in the primary metric, in the order in which a model takes them."""
    return tuple(found for step in steps() if (found := _gain(result, step)) is not None)


def _gain(result: Result, step: Step) -> Gain | None:
    metric = str(result.metrics.get("primary", ""))
    by_metric = (result.transfer_gain or {}).get(step.name)
    stored = by_metric.get(metric) if isinstance(by_metric, Mapping) else None
    if not isinstance(stored, Mapping) or not isinstance(stored.get("gain"), (int, float)):
        return None
    over = "episodes" if "episodes" in stored else "seeds"
    return Gain(
        step=step,
        metric=metric,
        value=float(stored["gain"]),
        interval=interval_of(stored.get("interval")),
        score=stored.get("with"),
        without=stored.get("without"),
        count=int(stored.get(over, 1)),
        over=over,
        by_seed=tuple(stored.get("by_seed", ())),
    )


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
