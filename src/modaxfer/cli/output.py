"""How commands print: a table as wide as the terminal, 80 letters where there is none, or all of it; or JSON."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import click

from modaxfer.cli.layout import fitting, indented, lay_out, widths_within
from modaxfer.escaping import json_text, lines, one_line
from modaxfer.fitted_lines import fit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["WIDE", "one_place", "plain", "print_details", "print_json", "print_lines", "print_table"]

_ASKED = "modaxfer.wide"


def _ask(context: click.Context, option: click.Parameter, asked: bool) -> None:
    context.meta[_ASKED] = asked


WIDE = click.option(
    "--wide", is_flag=True, expose_value=False, callback=_ask, help="Show all columns, one line per row, however long."
)
"""Of every command that prints a table which may be wider than a terminal."""


def print_lines(text: object = "", *, err: bool = False, whole: bool = False) -> None:
    """Print text of one or several lines; of what others wrote in it, nothing reaches the terminal but letters.

    Args:
        text: What is printed; on a terminal longer lines go on below themselves (`modaxfer.fitted_lines.fit`).
        err: Whether to standard error.
        whole: Whether programs or shells read it, so that lines stay as they are.
    """
    # The stream is named, or click would take an ASCII one for a mistake and write UTF-8 into it.
    stream = sys.stderr if err else sys.stdout
    click.echo(lines(text) if whole else fit(lines(text), stream), file=stream)


def one_place() -> bool:
    """Say whether standard output and standard error go to the same terminal, file or pipe."""
    try:
        return os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
    except (OSError, ValueError):
        return False


def print_json(value: Any) -> None:
    """Print `value`, specs and records included, as JSON."""
    print_lines(json_text(plain(value), indent=2), whole=True)


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    title: str = "",
    *,
    spare: Sequence[str] = (),
    group: str = "",
) -> None:
    """Print `rows` under `columns`; columns that are empty in every row are left out.

    What is shown fits the terminal, 80 letters where there is none: cells wrap, and columns of `spare` go, which is
    said. With --wide (`WIDE`) every column is there, and each row is one line.

    Args:
        columns: Their heads; the first names the row and never wraps while others can.
        rows: A cell per column each.
        title: Over the table.
        spare: Columns that a narrow terminal does without, the least needed first.
        group: The column whose values stand as headings over the rows that share them, unless all is shown.
    """
    used = [place for place, _ in enumerate(columns) if any(str(row[place]) for row in rows)]
    heads = [one_line(columns[place]) for place in used]
    texts = [[one_line(row[place]) for place in used] for row in rows]
    width = _width()
    if width is None:
        _print_rows(heads, {"": texts}, title, None)
        return
    parts = _grouped(heads, texts, group)
    heads = [head for head in heads if not group or head != group]
    kept = fitting(heads, [row for part in parts.values() for row in part], width, spare)
    shown = {name: [[row[place] for place in kept] for row in part] for name, part in parts.items()}
    _print_rows([heads[place] for place in kept], shown, title, width)
    if left := [column for place, column in enumerate(heads) if place not in kept]:
        print_lines(f"not shown: {', '.join(left)}; --wide shows all")


def print_details(title: str, values: Mapping[str, Any]) -> None:
    """Print one thing, an entry per value that is not empty; inner values are called ``outer.inner``."""
    entries = list(_flat("", plain(values)))
    room = max((len(key) for key, _ in entries), default=0)
    print_lines(title)
    for key, text in entries:
        for line in indented(f"  {key.ljust(room)}  ", one_line(text), _width()):
            print_lines(line.rstrip(), whole=True)


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


def _width() -> int | None:
    """Return how many letters a line may have; None where --wide was given."""
    context = click.get_current_context(silent=True)
    return None if context is not None and context.meta.get(_ASKED) else shutil.get_terminal_size().columns


def _grouped(heads: Sequence[str], rows: Sequence[Sequence[str]], group: str) -> dict[str, list[list[str]]]:
    """Return `rows` by their cell of the column `group`, without it; groups in the order in which they come first."""
    if not group or group not in heads:
        return {"": [list(row) for row in rows]}
    at = list(heads).index(group)
    found: dict[str, list[list[str]]] = {}
    for row in rows:
        found.setdefault(row[at] or f"no {group}", []).append([*row[:at], *row[at + 1 :]])
    return found


def _print_rows(
    heads: Sequence[str], parts: Mapping[str, Sequence[Sequence[str]]], title: str, width: int | None
) -> None:
    widths = widths_within(heads, [row for part in parts.values() for row in part], width)
    if title:
        print_lines(title)
    for line in lay_out(heads, widths):
        click.echo(click.style(line, bold=True) if sys.stdout.isatty() else line, file=sys.stdout)
    for name, part in parts.items():
        if name:
            print_lines(f"\n{name}")
        for row in part:
            print_lines("\n".join(lay_out(row, widths)), whole=True)
