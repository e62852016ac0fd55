"""Markdown of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; cells are printed as they are, but for the bar that would end them."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def code(value: object) -> str:
    """Return `value` as code, or nothing where there is nothing."""
    return f"`{value}`" if value not in ("", None) else ""


def codes(values: Iterable[object]) -> str:
    """Return `values` as code, separated by commas."""
    return ", ".join(code(value) for value in values)
