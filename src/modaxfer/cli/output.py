"""How commands print: a table on a terminal, aligned plain lines elsewhere, JSON on request."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import click

from modaxfer.escaping import json_text, lines, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["fitting", "plain", "print_details", "print_json", "print_lines", "print_table"]

READABLE = 22
"""Letters to a line of a cell that wraps, at least."""

GAP = 2
"""Spaces between two columns."""


def print_lines(text: object = "", *, err: bool = False) -> None:
    """Print text of one or several lines; of what others wrote in it, nothing reaches the terminal but letters."""
    # The stream is named, or click would take an ASCII one for a mistake and write UTF-8 into it.
    click.echo(lines(text), file=sys.stderr if err else sys.stdout)


def print_json(value: Any) -> None:
    """Print `value`, specs and records included, as JSON."""
    print_lines(json_text(plain(value), indent=2))


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    title: str = "",
    *,
    spare: Sequence[str] = (),
    wide: bool = False,
) -> None:
    """Print `rows` under `columns`; columns that are empty in every row are left out.

    A terminal shows what fits: cells wrap, and columns of `spare` go, which is said. A pipe gets all, a line per row.

    Args:
        columns: Their heads; the first names the row and never wraps.
        rows: A cell per column each.
        title: Over the table.
        spare: Columns that a narrow terminal does without, the least needed first.
        wide: Show a terminal what a pipe gets.
    """
    used = [place for place, _ in enumerate(columns) if any(str(row[place]) for row in rows)]
    heads = [columns[place] for place in used]
    texts = [[one_line(row[place]) for place in used] for row in rows]
    if sys.stdout.isatty() and not wide:
        _print_rich(heads, texts, title, spare)
    else:
        _print_plain(heads, texts, title)


def print_details(title: str, values: Mapping[str, Any]) -> None:
    """Print one thing, a line per value that is not empty; inner values are called ``outer.inner``."""
    lines = list(_flat("", plain(values)))
    width = max((len(key) for key, _ in lines), default=0)
    print_lines(title)
    for key, text in lines:
        print_lines(f"  {key.ljust(width)}  {one_line(text)}".rstrip())


def plain(value: Any) -> Any:
    """Return `value` in JSON types. A task's source, whose fields depend on its class, names the class as ``type``."""
    if is_dataclass(value) and not isinstance(value, type):
        of_class = {"type": type(value).__name__} if type(value).__name__.endswith("Source") else {}
        return of_class | {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return plain(value.value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else key, item)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for place, item in enumerate(value, start=1):
            yield from _flat(f"{prefix}.{place}", item)
    elif value not in (None, "", []):
        yield prefix, ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _print_plain(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    widths = [max(len(text) for text in column) for column in zip(columns, *rows, strict=True)]
    for line in ([[title]] if title else []) + [list(columns), *map(list, rows)]:
        print_lines("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=False)).rstrip())


def _print_rich(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str, spare: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = shutil.get_terminal_size().columns
    kept = fitting(columns, rows, width, spare)
    table = Table(title=title or None, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for place in kept:
        table.add_column(columns[place], overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*(Text(row[place]) for place in kept))
    Console(width=width).print(table)
    if left := [column for place, column in enumerate(columns) if place not in kept]:
        print_lines(f"not shown: {', '.join(left)}; --wide shows all")


def fitting(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, spare: Sequence[str]) -> list[int]:
    """Return the places of the columns that are readable side by side in `width` letters.

    Args:
        columns: Their heads; the first never wraps.
        rows: A cell per column each.
        width: Of the terminal.
        spare: Columns that may go, the least needed first; where that is not enough, all others stay.
    """
    widest = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    needed = [widest[0], *(min(each, READABLE) for each in widest[1:])]
    kept = list(range(len(columns)))
    for name in spare:
        if sum(needed[place] for place in kept) + GAP * (len(kept) - 1) <= width:
            break
        kept = [place for place in kept if columns[place] != name]
    return kept
