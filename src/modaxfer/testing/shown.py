"""What is said of a plugin that was checked: as text of at most 80 columns, and as JSON."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from typing import Any

from modaxfer.registry import PluginRecord
from modaxfer.testing.check import Level
from modaxfer.testing.outcome import Conformance, Outcome, Status

__all__ = ["as_json", "as_text", "failure_text"]

WIDTH = 80
"""Columns of a line."""


def as_text(found: Conformance) -> str:
    """Return what became of all checks: a line per level, each failure in full, why checks were skipped."""
    return "\n".join(_lines(found))


def as_json(found: Conformance) -> dict[str, Any]:
    """Return the same as plain JSON types, with every outcome."""
    plugin = found.plugin
    return {
        "plugin": plugin.namespace,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "level": int(found.level),
        "passed": found.passed,
        "unchecked": [int(level) for level in found.unchecked],
        "counts": {str(status): count for status, count in found.counts().items()},
        "outcomes": [_facts(outcome) for outcome in found.outcomes],
    }


def failure_text(plugin: PluginRecord, outcome: Outcome) -> str:
    """Return what went wrong, whose it is, what is allowed and how to mend it."""
    what = outcome.kind if outcome.id == plugin.namespace else f"{outcome.kind} {outcome.id}"
    head = [f"{str(outcome.status).upper()}  {what}: {outcome.check.name}", *_wrapped("", outcome.check.meaning)]
    said = (
        ("plugin", str(plugin).removeprefix("plugin ")),
        ("what", outcome.what),
        ("returned", outcome.got),
        ("allowed", outcome.allowed),
        ("fix", outcome.fix),
        ("known", outcome.reason),
    )
    return "\n".join([*head, *(line for label, text in said if text for line in _wrapped(label, text))])


def _counted(status: Status, count: int) -> str:
    plural = {Status.EXPECTED: "s", Status.UNEXPECTED: "es"}.get(status, "") if count > 1 else ""
    return f"{count} {status}{plural}"


def _lines(found: Conformance) -> Iterator[str]:
    yield f"{found.plugin}, checked at levels 0 to {found.level:d}"
    yield ""
    for level in Level:
        if level <= found.level:
            counts = found.counts(level)
            told = ", ".join(_counted(status, count) for status, count in counts.items()) or "nothing to check"
            yield f"  {level:d} {level.title:<28}{told}"
    for outcome in found.failures:
        yield from ("", failure_text(found.plugin, outcome))
    for status, verb in ((Status.EXPECTED, "fails, as expected"), (Status.SKIPPED, "skipped")):
        yield from _excused(found, status, verb)
    yield from ("", *textwrap.wrap(_verdict(found), WIDTH))


def _excused(found: Conformance, status: Status, verb: str) -> Iterator[str]:
    """Yield why checks do not count, those with one reason together."""
    reasons = Counter((o.check.name, o.reason or o.what) for o in found.outcomes if o.status is status)
    if reasons:
        yield ""
    for (name, reason), count in reasons.items():
        times = f" ({count} times)" if count > 1 else ""
        yield from textwrap.wrap(f"{name} {verb}{times}: {reason}", WIDTH, subsequent_indent="  ")


def _verdict(found: Conformance) -> str:
    bad, made = len(found.failures), sum(o.status is not Status.SKIPPED for o in found.outcomes)
    said = f"{bad} of {made} checks failed" if bad else f"all {made} checks passed"
    levels = [f"{level:d} ({level.title})" for level in found.unchecked]
    return f"{said}; nothing was looked at on level {' and '.join(levels)}" if levels else said


def _wrapped(label: str, text: str) -> list[str]:
    head = f"  {label + ':':<10}" if label else "  "
    return textwrap.wrap(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head))


def _facts(outcome: Outcome) -> dict[str, Any]:
    check = outcome.check
    said = {key: getattr(outcome, key) for key in ("what", "got", "allowed", "fix", "reason") if getattr(outcome, key)}
    named = {"check": check.name, "level": int(check.level), "kind": outcome.kind, "id": outcome.id}
    return {**named, "status": str(outcome.status), "seconds": round(outcome.seconds, 3), **said}
