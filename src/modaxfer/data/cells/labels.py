"""Label cells as people and tools write them, and the classes and values that they mean."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from modaxfer.data.cells.numerals import MISSING, MOSTLY, Numerals, find_numerals, is_text_type, only_digits, parse
from modaxfer.data.cells.readings import is_number_type, present_text
from modaxfer.data.names import tidy
from modaxfer.data.origin import file_of, is_typed, separator_of
from modaxfer.errors import DataError

__all__ = [
    "NO_LABEL",
    "LabelReading",
    "Spellings",
    "cell_of",
    "items_of",
    "learn_labels",
    "looks_listed",
    "spellings",
    "values_of",
]

NO_LABEL = frozenset(MISSING) - {"-", "?"}
"""What a label cell of a file without types says where it has no label: what pandas takes for a gap."""

_NEVER = frozenset(("", "NaN", "nan", "-NaN", "-nan", "<NA>"))
"""Text that is no class even in a file with types."""
_WHOLE = re.compile(r"[-+]?\d+(\.0+)?")
_LISTED = re.compile(r"\[.*\]|\(.*\)|\{.*\}|set\(\)", re.DOTALL)
_OBJECT = re.compile(r"""[\[(]?\s*\{\s*["'][^"']*["']\s*:""")
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_QUOTES = re.compile(rf"\s*(?:(?:{_QUOTED})\s*,?\s*)*")


@dataclass(frozen=True, kw_only=True)
class LabelReading:
    """How a label column writes classes or values; found in the training rows."""

    whole: bool = False
    """Whether all labels are whole numbers, so that ``1.0`` is ``1``."""
    listed: bool = False
    """Whether cells are the text of lists, such as ``['a', 'b']``; one that is not is one label."""
    truth: Mapping[str, str] = field(default_factory=dict)
    """Class of each way to write true and false, where all labels are one of them: ``TRUE``, ``1``, ``0.0``."""
    numeric: bool = False
    """Whether the labels read as numbers."""
    numerals: Numerals = field(default_factory=Numerals)
    """How values are written."""
    doubt: str = ""
    """Why text that looks like numbers cannot be read as such; empty where it can, or is none."""

    def name(self, value: Any, *, typed: bool, classes: Sequence[str] = ()) -> str | None:
        """Return the class that a cell names; None where it says that there is none.

        Args:
            value: The cell.
            typed: Whether the column has its type from the file: then text such as ``None`` or ``NA`` is a class.
            classes: Names that are classes whatever they look like.
        """
        if value is None or (isinstance(value, float) and np.isnan(value)):
            return None
        if isinstance(value, bool):
            return self.truth.get(str(value).lower(), str(value).lower())
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = tidy(str(value))
        if text in classes:
            return text
        if text in (_NEVER if typed else NO_LABEL):
            return None
        if self.whole and _WHOLE.fullmatch(text):
            return text.split(".", 1)[0].lstrip("+")
        return self.truth.get(text.lower(), text)

    def names(self, value: Any, separator: str, *, typed: bool, classes: Sequence[str] = ()) -> tuple[str, ...] | None:
        """Return the classes that a multi-label cell names, by alphabet.

        An empty cell of a file without types means "no class", unless its cells are texts of lists, as then an empty
        list means that; elsewhere null means that the label is missing.
        """
        if value is None:
            return None if typed or self.listed else ()
        if isinstance(value, str):
            if self.listed and not looks_listed(value):
                value = None if self.name(value, typed=typed) is None else [value]
            else:
                value = items_of(value) if self.listed else value.split(separator)
        if value is None:
            return None
        parts = value if isinstance(value, list) else [value]
        return tuple(sorted({name for part in parts if (name := self.name(part, typed=typed, classes=classes))}))


def learn_labels(table: pa.Table, column: str) -> LabelReading:
    """Find out how `column` of the training rows writes labels.

    Raises:
        DataError: The labels are objects, names with values.
    """
    cells, typed = table.column(column), is_typed(table, column)
    if pa.types.is_nested(cells.type):
        _refuse_objects(table, column, str(cells.type), refuse=not _is_list_of_plain(cells.type))
        return LabelReading()
    if not is_text_type(cells.type):
        truth = pa.types.is_boolean(cells.type)
        return LabelReading(whole=not truth, numeric=is_number_type(cells.type) and not truth)
    missing = _NEVER if typed else NO_LABEL
    texts = [text for cell in cells.unique().to_pylist() if cell is not None and (text := tidy(cell)) not in missing]
    present = present_text(cells.cast(pa.string()))
    found = find_numerals(present, {"separator": separator_of(table)})
    if isinstance(found, str) and _mostly_plain(present):
        found = Numerals()
    listed = bool(texts) and (all(map(looks_listed, texts)) or any(map(_holds_several, texts)))
    _refuse_objects(table, column, texts[0] if texts else "", refuse=listed and _is_object(texts[0]))
    return LabelReading(
        whole=bool(texts) and all(_WHOLE.fullmatch(text) for text in texts),
        listed=listed,
        truth=_truth({text.lower(): text for text in texts}),
        # Text that a file with types keeps as plain digits is a code; with a currency it is an amount.
        numeric=isinstance(found, Numerals) and not found.words and not (typed and only_digits(present)),
        numerals=found if isinstance(found, Numerals) else Numerals(),
        doubt=found if isinstance(found, str) else "",
    )


def _truth(written: Mapping[str, str]) -> dict[str, str]:
    """Return the class of each way to write true and false; empty where a label is neither. `written` by lower case."""
    yes, no = ("true", "1", "1.0"), ("false", "0", "0.0")
    if not written or not set(written) <= {*yes, *no}:
        return {}
    words = bool(set(written) & {"true", "false"})
    true = written.get("true", "true") if words else "1"
    false = written.get("false", "false") if words else "0"
    return dict.fromkeys(yes, true) | dict.fromkeys(no, false)


def _is_list_of_plain(kind: pa.DataType) -> bool:
    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list, pa.types.is_list_view)
    return any(test(kind) for test in lists) and not pa.types.is_nested(kind.value_type)


def _is_object(text: str) -> bool:
    """Tell whether the text of a list is that of an object, names with values, or a list of them."""
    return bool(_OBJECT.match(text.strip()))


def _holds_several(text: str) -> bool:
    """Tell whether `text` can be nothing but a list: brackets around two or more quoted labels."""
    inner = text.strip()
    quoted = inner.startswith("[") and inner.endswith("]") and _QUOTES.fullmatch(inner[1:-1])
    return bool(quoted) and len(re.findall(_QUOTED, inner)) > 1


def _refuse_objects(table: pa.Table, column: str, got: str, *, refuse: bool) -> None:
    if refuse:
        raise DataError(
            "the labels are objects, not classes", file=file_of(table) or None, column=column, got=got[:80],
            fix="write a column of 0 and 1 for each key and name all of them with --label, or a list of the labels",
        )  # fmt: skip


def _mostly_plain(present: pa.ChunkedArray) -> bool:
    return bool(len(present) - parse(present, Numerals()).null_count >= MOSTLY * len(present))


def cell_of(labels: Iterable[str]) -> str:
    """Return one cell of text that holds several labels, whatever they contain: a JSON list, which `train` reads."""
    return json.dumps(list(labels), ensure_ascii=False)


def looks_listed(text: str) -> bool:
    """Tell whether `text` is that of a list, a tuple or a set."""
    return bool(_LISTED.fullmatch(text.strip()))


def values_of(cells: pa.ChunkedArray, reading: LabelReading) -> list[float | None]:
    """Return the values of a regression; None where there is none, NaN where the cell is no number."""
    if is_text_type(cells.type):
        text = cells.cast(pa.string())
        missing = [cell is None or cell.strip() in MISSING for cell in text.to_pylist()]
        values = parse(text, reading.numerals).to_pylist()
    else:
        # NaN is how many tools write a gap; only NaN differs from itself.
        missing = [cell is None or cell != cell for cell in cells.to_pylist()]
        values = cells.cast(pa.float64(), safe=False).to_pylist()
    return [
        None if absent else float("nan") if value is None else value
        for absent, value in zip(missing, values, strict=True)
    ]


def spellings(tables: Iterable[pa.Table], column: str, reading: LabelReading, classes: Sequence[str]) -> Spellings:
    """Return how the classes in `column` of `tables` are written, and what was taken for no label."""
    written: dict[str, set[str]] = {}
    gaps, kept = Counter[str](), Counter[str]()
    for table in tables:
        typed = is_typed(table, column)
        for pair in table.column(column).value_counts().to_pylist():
            value, count = pair["values"], pair["counts"]
            name = reading.name(value, typed=typed, classes=classes)
            if name is None and isinstance(value, str) and value.strip():
                gaps[value.strip()] += count
            elif name is not None:
                written.setdefault(name, set()).add(str(value))
                if typed and name in NO_LABEL:
                    kept[name] += count
    return Spellings(written=written, gaps=gaps, kept=kept)


@dataclass(frozen=True, kw_only=True)
class Spellings:
    """How classes are written in a file."""

    written: Mapping[str, set[str]]
    """By class, the cells that mean it."""
    gaps: Counter[str]
    """Cells that say "no label", with how often."""
    kept: Counter[str]
    """Classes that look like "no label" but are text in a file with types, with how often."""

    def notes(self, column: str) -> tuple[str, ...]:
        """Return what was merged, taken for missing or left apart, for people."""
        found = []
        if self.gaps:
            said = ", ".join(f"{count} {text!r}" for text, count in self.gaps.most_common(3))
            found.append(
                f"label column {column!r}: cells without a label: {said}; if it is a class, write it otherwise "
                "or give a file with types (jsonl, parquet)"
            )
        for text, count in self.kept.most_common(3):
            found.append(
                f"label column {column!r}: {text!r} is a class ({count} rows), for the file has types; "
                "leave the label empty where it is missing"
            )
        if merged := [name for name, cells in self.written.items() if len(cells) > 1]:
            shown = "; ".join(
                f"{', '.join(map(repr, sorted(self.written[name])))} are {name!r}" for name in sorted(merged)[:3]
            )
            found.append(f"label column {column!r}: labels written in several ways are one class: {shown}")
        return (*found, *self._alike(column))

    def _alike(self, column: str) -> tuple[str, ...]:
        groups: dict[str, list[str]] = {}
        for name in sorted(self.written):
            groups.setdefault(name.casefold(), []).append(name)
        alike = [" and ".join(map(repr, names)) for names in groups.values() if len(names) > 1]
        if not alike:
            return ()
        return (
            f"label column {column!r}: {', '.join(alike[:3])} differ in upper and lower case only and are separate "
            "classes; write them alike if they are one",
        )


def items_of(text: str) -> list[Any]:
    """Return the items of the text of a list: JSON, Python's, numpy's (no commas), or without quotes."""
    text = text.strip()
    try:
        read = json.loads(text)
    except ValueError:
        inner = "" if text == "set()" else text[1:-1]
        if _QUOTES.fullmatch(inner):
            return [ast.literal_eval(quoted) for quoted in re.findall(_QUOTED, inner)]
        return [part.strip().strip("'\"") for part in inner.split(",")]
    return read if isinstance(read, list) else [read]
