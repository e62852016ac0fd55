"""What a recommendation says of source tasks: whose inputs lie closest, and what else differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["source_lines"]


def source_lines(found: Mapping[str, Any]) -> list[str]:
    """Return lines on each source task, closest inputs first; none where no source was named."""
    known = found.get("sources", {})
    if not known:
        return []
    return [*_lines(found), "closest inputs first; whether a source helps was not measured"]


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    known = found["sources"]
    for place, name in enumerate(found.get("sources_order", ()), start=1):
        each = known[name]
        yield f"{place}. {name}, {each['rows']:,} rows as {each['encoder']} sees them"
        yield from (f"   {line}" for line in each["lines"])
        if each["command"]:
            yield f"   an option, not measured: {each['command']}"
    for name, each in known.items():
        if "failed" in each:
            yield f"{name} was not compared: {each['failed']}"
