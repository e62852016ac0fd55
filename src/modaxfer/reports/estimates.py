"""What a run that adapts says of the target without its labels, as labelled lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from modaxfer.reports.scores import interval_of, interval_text, number

if TYPE_CHECKING:
    from modaxfer.result import Result

__all__ = ["estimate_facts"]


def estimate_facts(result: Result) -> tuple[tuple[str, str], ...]:
    """Return label and text of the accuracy that is expected without labels, and of what validators say."""
    found = (("accuracy on test, estimated without its labels", _accuracy(result)), ("validators", _validators(result)))
    return tuple((label, text) for label, text in found if text)


def _accuracy(result: Result) -> str:
    told = result.estimates.get("accuracy") or {}
    parts = [
        f"{name.upper()} {number(each['value'])} {interval_text(interval_of(each['interval']))}".rstrip()
        for name, each in told.items()
        if isinstance(each, Mapping)
    ]
    if parts and told.get("measured") is not None:
        parts.append(f"measured {number(told['measured'])}")
    return ", ".join(parts)


def _validators(result: Result) -> str:
    """Say what each validator gives this run, and the one without adaptation where that was measured."""
    beside = result.estimates.get("source_only") or {}
    return ", ".join(
        f"{name} {number(value)}" + (f" (source-only {number(beside[name])})" if name in beside else "")
        for name, value in (result.estimates.get("validators") or {}).items()
    )
