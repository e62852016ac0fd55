"""Decide what every table column of the training rows means, and say what was decided."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modaxfer.data.cells import dates
from modaxfer.data.cells.numerals import (
    Numerals,
    find_numerals,
    is_gap,
    is_text_type,
    number_note,
    only_digits,
    unusual,
)
from modaxfer.data.cells.readings import Reading, is_clock_type, is_number_type, present_text
from modaxfer.data.origin import is_typed, numbers_of, separator_of
from modaxfer.spec import Field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Interpretation", "Strange", "interpret", "row_counters", "strange_cells"]

_FEWEST = 10
"""Rows below which a rising column says nothing of itself."""
_MANY = 20
"""Distinct texts from which a column that repeats none is called an identifier."""
_IDENTIFIER = re.compile(r"(?i:(.*[_ .-])?(id|uid|uuid|guid))|.*[a-z](Id|ID)")
_SAVED_INDEX = re.compile(r"Unnamed: \d+(\.\d+)?|index|level_0|__index_level_0__")


@dataclass(frozen=True, kw_only=True)
class Interpretation:
    """What the columns of a task's fields mean."""

    fields: tuple[Field, ...]
    """The fields of the model: as given, but a date is one field for each number made of it."""
    types: dict[str, Reading]
    """By table field."""
    notes: tuple[str, ...]
    """What was converted, and what was not for want of certainty: one line per column."""


@dataclass(frozen=True, kw_only=True)
class Strange:
    """Cells of one column that a model cannot take as they are."""

    column: str
    """Column of the file."""
    rows: tuple[int, ...]
    """Positions of the rows, from 0."""
    cells: tuple[str, ...]
    """What stands there, one per row."""
    what: str
    """``no number``, ``no date`` or ``no category of the training rows``."""

    def __str__(self) -> str:
        """Return a line for people, with up to three different cells."""
        shown = ", ".join(map(repr, list(dict.fromkeys(self.cells))[:3]))
        count = f"{len(self.rows)} cell{'s' * (len(self.rows) != 1)}"
        verb = "are" if len(self.rows) != 1 else "is"
        return f"column {self.column!r}: {count} {verb} {self.what} ({shown})"


def interpret(table: pa.Table, fields: Sequence[Field]) -> Interpretation:
    """Find out what the table columns of `fields` mean, from the training rows `table` alone.

    A typed column is what its type says, but that text may hold dates, and numbers with a currency, a unit or marks
    that no number type has. Text without types is a number if nearly every cell of it reads as one. Of two ways to read
    a column the rest of the file may tell the right one: its other columns, and what separates its cells.
    """
    tabular = [field for field in fields if field.signal.kind == "table"]
    texts = {one.name: _present(table.column(one.name)) for one in tabular if _is_text(table, one)}
    found = _numerals(texts, separator_of(table))
    made = [_interpreted(table, one, texts, found) if one in tabular else ([one], {}, "") for one in fields]
    return Interpretation(
        fields=tuple(field for some, _, _ in made for field in some),
        types={name: reading for _, types, _ in made for name, reading in types.items()},
        notes=tuple(note for _, types, note in made for note in (note, *_gaps_of(table, types)) if note),
    )


def row_counters(table: pa.Table, names: Sequence[str]) -> tuple[str, ...]:
    """Return those of the columns `names` that only number the rows: 0, 1, 2 ... or 1, 2, 3 ..., or a saved index.

    pandas writes such a column, called ``Unnamed: 0`` when it is read again; where rows are sorted by label it gives
    the label away.
    """
    return tuple(name for name in names if _counts_rows(table, name))


def strange_cells(table: pa.Table, types: Mapping[str, object]) -> tuple[Strange, ...]:
    """Return, by column, the cells that cannot be read as `types` says, and categories that train lacks.

    Args:
        table: Rows as read from a file; columns that it lacks are passed over.
        types: By field, as `Interpretation.types` or as a saved model keeps them.
    """
    found: dict[str, Strange] = {}
    for name, saved in types.items():
        reading = Reading.of(name, saved)
        if reading.column in found or reading.column not in table.column_names:
            continue
        column = table.column(reading.column)
        if pa.types.is_nested(column.type):
            continue
        rows = np.flatnonzero(reading.strange(column).to_numpy(zero_copy_only=False))
        if len(rows):
            what = {"number": "no number", "date": "no date"}.get(reading.kind, "no category of the training rows")
            cells = tuple(str(cell) for cell in column.take(pa.array(rows)).to_pylist())
            found[reading.column] = Strange(column=reading.column, rows=tuple(rows.tolist()), cells=cells, what=what)
    return tuple(found.values())


def _numerals(texts: Mapping[str, pa.ChunkedArray], separator: str) -> dict[str, Numerals | str | None]:
    """Return how each column writes numbers; what one is certain of helps with the others."""
    found = {name: find_numerals(cells) for name, cells in texts.items()}
    certain = [one for one in found.values() if isinstance(one, Numerals)]
    marks = {one.decimal for one in certain if one.thousands or one.decimal == ","}
    hints = {"separator": separator} | ({"decimal": marks.pop()} if len(marks) == 1 else {})
    for name, one in found.items():
        # 1.234 is a plain number, but not among decimal commas.
        if isinstance(one, str) or (isinstance(one, Numerals) and one.plain and hints.get("decimal") == ","):
            found[name] = find_numerals(texts[name], hints)
    return found


def _interpreted(
    table: pa.Table,
    field: Field,
    texts: Mapping[str, pa.ChunkedArray],
    numerals: Mapping[str, Numerals | str | None],
) -> tuple[list[Field], dict[str, Reading], str]:
    """Return the fields made of `field`, their readings and a line on what was decided."""
    name, column = field.name, table.column(field.name)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _dated(table, field, dates.TYPED)
    if dates.are_compact(column):
        return _dated(table, field, dates.COMPACT)
    if name not in texts:
        return _typed(field, column)
    present, typed = texts[name], is_typed(table, name)
    found = numerals[name]
    if isinstance(found, Numerals) and not (typed and only_digits(present)):
        unit = field.unit or found.unit
        return (
            [replace(field, unit=unit)],
            {name: Reading(kind="number", column=name, numerals=found)},
            _said(name, present, found, typed),
        )
    written = dates.find_format(present) if not isinstance(found, Numerals) else None
    if written:
        return _dated(table, field, written)
    reading = Reading(kind="category", column=name)
    if written is None and found is None and dates.look_dated(present):
        found = "these look like dates, but not all in one format that is known"
    return [field], {name: reading}, _doubt(name, present, "dates" if written == "" else found, typed)


def _typed(field: Field, column: pa.ChunkedArray) -> tuple[list[Field], dict[str, Reading], str]:
    """Return the reading of a column that is no text and no date."""
    clock = is_clock_type(column.type)
    words = pa.types.is_boolean(column.type) or _only_bits(column)
    reading = Reading(
        kind="number" if clock or is_number_type(column.type) else "category",
        column=field.name,
        numerals=Numerals(clock=True) if clock else Numerals(words=words),
    )
    note = f"column {field.name!r}: times ({column.type}) are read as hours" if clock else ""
    return [field], {field.name: reading}, note or _identifier(field.name, column)


def _dated(table: pa.Table, field: Field, written: str) -> tuple[list[Field], dict[str, Reading], str]:
    """Return one field for each number of a date that varies in `table`."""
    column = table.column(field.name)
    found = dates.instants(column, written)
    origin = dates.first_of(found)
    values = {part: dates.part_of(found, part, origin) for part in dates.PARTS}
    varying = [part for part, one in values.items() if pc.count_distinct(one, mode="only_valid").as_py() > 1]
    parts = varying or ["elapsed days"]
    taken = set(table.column_names)
    names = {part: _free(f"{field.name} {part}", taken) for part in parts}
    readings = {
        names[part]: Reading(kind="date", column=field.name, written=written, part=part, origin=origin)
        for part in parts
    }
    fields = [
        replace(field, name=names[part], unit="days" if part == "elapsed days" else "") for part in parts
    ]  # fmt: skip
    how = "" if written == dates.TYPED else f" ({written})"
    return fields, readings, f"column {field.name!r}: dates{how} are read as {', '.join(parts)}"


def _said(name: str, present: pa.ChunkedArray, found: Numerals, typed: bool) -> str:
    if found.words:
        both = present.unique().to_pylist()
        bits = all(str(cell).strip() in ("0", "1", "0.0", "1.0") for cell in both)
        return "" if bits else f"column {name!r}: true and false are read as 1 and 0"
    if not found.plain or typed:
        return number_note(f"column {name!r}", present, found)
    if len(others := unusual(present)):
        return number_note(f"column {name!r}", others, found)
    if only_digits(present) and _are_codes(present) and pc.any(pc.starts_with(present, "0")).as_py():
        return f"{number_note(f'column {name!r}', present, found)}; digits that are codes belong into a file with types"
    return _identifier(name, present)


def _identifier(name: str, column: pa.ChunkedArray) -> str:
    """Return a line on a column of numbers that is called an identifier and repeats none."""
    if not _IDENTIFIER.fullmatch(name) or pa.types.is_nested(column.type):
        return ""
    distinct = pc.count_distinct(column, mode="only_valid").as_py()
    if distinct < _MANY or distinct < len(column) - column.null_count:
        return ""
    return f"column {name!r}: a number of its own in every row; if it only names the row, leave it out"


def _doubt(name: str, present: pa.ChunkedArray, found: Numerals | str | None, typed: bool) -> str:
    """Return a line on why a text column stays a category, where one may have expected something else."""
    if found == "dates":
        return (
            f"column {name!r}: dates that do not say which number is the day and which the month; it stays a category "
            "(write 2024-01-31 to have them read)"
        )
    if isinstance(found, str):
        return f"column {name!r}: {found}; it stays a category"
    if isinstance(found, Numerals) and len(present) and not _are_codes(present):
        return (
            f"column {name!r}: numbers that the file keeps as text stay categories "
            "(store them as numbers to have them read as such)"
        )
    distinct = pc.count_distinct(present).as_py()
    if distinct == len(present) and distinct >= _MANY:
        words = pc.mean(pc.utf8_length(present)).as_py() > 30
        advice = f"as text it is read with --text {name!r}" if words else "leave it out by naming the other columns"
        return f"column {name!r}: every cell is different, so as a category it says nothing of new rows; {advice}"
    return ""


def _are_codes(present: pa.ChunkedArray) -> bool:
    """Tell whether digits are those of codes, such as postal ones: all of one length, four at least."""
    lengths = pc.utf8_length(present).unique()
    return len(lengths) == 1 and lengths[0].as_py() >= 4


def _counts_rows(table: pa.Table, name: str) -> bool:
    column = table.column(name)
    if not (is_text_type(column.type) or pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return False
    values = Reading(kind="number", column=name).read(column)
    if len(values) < _FEWEST or values.null_count:
        return False
    numbers = values.to_numpy()
    rising = numbers_of(table)
    if np.array_equal(numbers, rising) or np.array_equal(numbers, rising - 1):
        return True
    whole = bool((numbers == np.floor(numbers)).all())
    return bool(_SAVED_INDEX.fullmatch(name)) and whole and len(np.unique(numbers)) == len(numbers)


def _is_text(table: pa.Table, field: Field) -> bool:
    return is_text_type(table.column(field.name).type)


def _present(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the cells that have a value; a column of nothing but gaps as only numbers have them keeps these."""
    text = _plain_text(column)
    present = present_text(text)
    return present if len(present) else text.filter(pc.fill_null(is_gap(text), False))


def _gaps_of(table: pa.Table, types: Mapping[str, Reading]) -> list[str]:
    columns = {one.column: one for one in types.values()}
    return [_gaps(name, table.column(name), one) for name, one in columns.items()]


def _gaps(name: str, column: pa.ChunkedArray, reading: Reading) -> str:
    """Return a line on the cells of a number or a date that say in words or signs of their own that it is missing."""
    if reading.kind == "category" or not is_text_type(column.type):
        return ""
    gaps = _plain_text(column)
    gaps = gaps.filter(pc.fill_null(is_gap(gaps), False))
    shown = ", ".join(map(repr, gaps.unique().to_pylist()[:3]))
    return f"column {name!r}: {len(gaps)} cells were taken for gaps ({shown})" if len(gaps) else ""


def _plain_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string())


def _only_bits(column: pa.ChunkedArray) -> bool:
    """Tell whether a column of numbers holds 0 and 1 only, so that new rows may say false and true."""
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return False
    return bool(pc.all(pc.is_in(column.cast(pa.float64(), safe=False).drop_null(), pa.array([0.0, 1.0]))).as_py())


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name
