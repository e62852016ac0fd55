"""Table rows written out, so that a text encoder reads them (TabLLM, Hegselmann et al. 2023)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modaxfer.bridges.native import texts_of
from modaxfer.config import documented
from modaxfer.errors import ConfigError, RefusedError, close_matches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modaxfer.contracts import InputLayout, Row
    from modaxfer.spec import Field

__all__ = ["SerialiseBridge", "SerialiseOptions", "is_missing", "readable"]

EXACT = 1e15
"""Whole numbers below this are written with all their digits."""


@dataclass(frozen=True, kw_only=True)
class SerialiseOptions:
    """How a table row is written out; ``--set bridge.KEY=VALUE``."""

    style: str = documented(
        "sentence",
        "sentence: 'age is 42 years; job is missing.'; list: a line 'age: 42 years' per column; values: '42 years; "
        "missing'.",
        choices=("sentence", "list", "values"),
    )
    missing: str = documented("missing", "Word for a value that is not there.")
    first: tuple[str, ...] = documented((), "Columns to write first: where a row is too long, its end is cut.")
    digits: int = documented(6, "Significant digits of a number that is not whole.", minimum=1)


class SerialiseBridge:
    """Writes all table columns of a row as one string and keeps its text fields.

    A raw value is a tuple of strings in the task's order: the table stands where its first column does, every text
    field where it is. So a pure table is a single text, and a table with one text field is a text pair. Columns are
    never left out: a missing value is said to be missing.

    Args:
        options: How to write.
        fields: Table fields, at least one, and text fields.
        layout: Unused; the tokeniser knows the encoder's limits.
        root: Unused; values stand in the row itself.

    Raises:
        RefusedError: A field is neither table nor text, or no field is of a table.
        ConfigError: ``bridge.first`` names no table column.
    """

    def __init__(
        self, options: SerialiseOptions, fields: tuple[Field, ...], layout: InputLayout, root: Path | None
    ) -> None:
        _check(fields)
        columns = [field for field in fields if field.signal.kind == "table"]
        self._options, self._columns = options, _ordered(columns, options.first)
        self._parts = tuple(field.name if field.signal.kind == "text" else None for field in fields)
        named = [f"{column.name}[{column.unit}]" for column in self._columns]
        self.identity = f"serialise:{self._parts}:{','.join(named)}:{options}"

    def __call__(self, rows: Sequence[Row]) -> list[tuple[str, ...]]:
        """Return one tuple of strings per row."""
        return [self._texts(row) for row in rows]

    def _texts(self, row: Row) -> tuple[str, ...]:
        place = self._parts.index(None)
        return tuple(
            self.table_text(row) if name is None else texts_of(row, (name,))[0]
            for index, name in enumerate(self._parts)
            if name is not None or index == place
        )

    def table_text(self, row: Row) -> str:
        """Return the table columns of `row` as one string."""
        style = self._options.style
        values = [self._said(row[column.name], column.unit) for column in self._columns]
        if style == "values":
            return "; ".join(values)
        names = [readable(column.name) for column in self._columns]
        if style == "list":
            return "\n".join(f"{name}: {value}" for name, value in zip(names, values, strict=True))
        return "; ".join(f"{name} is {value}" for name, value in zip(names, values, strict=True)) + "."

    def _said(self, value: Any, unit: str) -> str:
        if is_missing(value):
            return self._options.missing
        text = value.strip() if isinstance(value, str) else _number(float(value), self._options.digits)
        return f"{text} {unit}".strip()


def readable(name: str) -> str:
    """Return a column's name as words: ``credit_amount`` is ``credit amount``."""
    return " ".join(name.replace("_", " ").split()) or name


def is_missing(value: Any) -> bool:
    """Tell whether a table cell is empty: None, not a number, or blank."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, float) and math.isnan(value))


def _number(value: float, digits: int) -> str:
    """Write `value` shortly: a whole number without a point, any other to `digits` significant digits.

    Digits in front of the point are never cut.
    """
    if not math.isfinite(value) or (value.is_integer() and abs(value) < EXACT):
        return f"{value + 0.0:.0f}"  # -0.0 is 0
    magnitude = math.floor(math.log10(abs(value)))
    if not -5 <= magnitude < 15:
        return f"{value:.{digits}g}"
    text = f"{value:.{max(0, digits - 1 - magnitude)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _ordered(columns: Sequence[Field], first: Sequence[str]) -> tuple[Field, ...]:
    by_name = {column.name: column for column in columns}
    unknown = [name for name in first if name not in by_name]
    if unknown:
        close = close_matches(unknown[0], by_name)
        raise ConfigError(
            "bridge.first names no table column",
            got=unknown,
            allowed=list(by_name),
            fix=f"did you mean {' or '.join(close)}?" if close else "name columns of the table",
        )
    chosen = dict.fromkeys(first)
    return tuple(by_name[name] for name in [*chosen, *(name for name in by_name if name not in chosen)])


def _check(fields: tuple[Field, ...]) -> None:
    kinds = {field.signal.kind for field in fields}
    if kinds <= {"table", "text"} and "table" in kinds:
        return
    raise RefusedError(
        "the serialise bridge writes out table columns, beside text fields",
        got=[f"{field.name} ({field.signal})" for field in fields] or "no field",
        allowed="at least one table field, and any number of text fields",
        fix="leave --bridge out; text alone goes to a text encoder as it is"
        if kinds == {"text"}
        else "choose a task or fields of these kinds, or --bridge montage",
    )
