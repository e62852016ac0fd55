"""What the pages of measurements share: the conditions, and numbers with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modaxfer.reports.claims import Outcome, compare

__all__ = ["conditions", "gained", "outcome", "score"]


def conditions(found: Mapping[str, Any]) -> str:
    """Return when, on what and with which versions a measurement was made."""
    machine = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return f"Measured {found['date']} on {machine['cores']} cores of {machine['processor']}. {versions}."


def score(value: float, deviation: float | None) -> str:
    """Return a mean, with the standard deviation over seeds where there are several."""
    return f"{value:.3f}" if deviation is None else f"{value:.3f} ± {deviation:.3f}"


def outcome(interval: Sequence[float | None] | None) -> Outcome:
    """Return what the interval of a gain supports."""
    if interval is None or None in interval:
        return Outcome.NO_INTERVAL
    low, high = (float(end) for end in interval if end is not None)
    return compare((low, high), 0.0)


def gained(value: float, interval: Sequence[float | None] | None) -> tuple[str, str]:
    """Return a gain and its interval, both with signs."""
    if outcome(interval) is Outcome.NO_INTERVAL:
        return f"{value:+.3f}", "-"
    assert interval is not None, "asked above"
    return f"{value:+.3f}", " to ".join(f"{end:+.3f}" for end in interval if end is not None)
