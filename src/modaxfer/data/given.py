"""Rows that are in memory, in whatever form Python holds them, brought into one table."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from modaxfer.data.cells.columns import MEDIA, is_media
from modaxfer.data.cells.dotted import part_of
from modaxfer.data.names import tidy
from modaxfer.data.origin import name_classes, notes_of, stamp
from modaxfer.data.tables.mixed_types import as_text
from modaxfer.data.values import ASSUMED_RATE, absolute, as_media, is_media_struct, leads_out, media_name
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from modaxfer.spec import Field

__all__ = ["ANYWHERE", "FORMS", "Given", "given_rows", "shown_column"]

ANYWHERE = Path("/")
"""Root of media paths of which some lead out of the working directory."""

FORMS = (
    "a file",
    "a mapping or a sequence of mappings of column to value",
    "a mapping of column to values",
    "a data frame, Series, Arrow table or datasets.Dataset",
    "values for a model that reads one column: texts, lists of words, numbers, paths, PIL images, arrays",
)
"""What `given_rows` takes, and files."""

_MEDIA_STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


@dataclass(frozen=True, kw_only=True)
class Given:
    """Rows as one table."""

    table: pa.Table
    root: Path | None
    """Folder that relative media paths are resolved against."""
    shown: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Columns of images and sounds as they were named: paths as given, None where there is no name."""
    notes: tuple[str, ...] = ()
    """What was assumed or left out, one line each."""
    faults: Mapping[int, str] = field(default_factory=dict)
    """By position, why an image or a sound of a row is none; it is missing in the table."""


def given_rows(data: Any, fields: Sequence[Field], needed: Sequence[str] = ()) -> Given:
    """Return rows that are in memory as a table.

    Args:
        data: One of `FORMS`, files excepted.
        fields: The input fields; where there is one, plain values are its values, and a column of images or sounds may
            hold what `modaxfer.data.values.as_media` takes. Without any, every column is one.
        needed: Further columns that must not be left out.

    Raises:
        DataError: It is none of these, or a column holds values that no column can hold together.
    """
    columns = _with_dotted(_tidied(_columns(data, fields)), [*(item.name for item in fields), *needed])
    if not columns or not len(next(iter(columns.values()))):
        raise DataError("no rows given", got=type(data).__name__, fix="give at least one")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataError("columns of different lengths", got=[f"{name}: {count}" for name, count in lengths.items()])
    kinds = {item.name: item.signal.kind for item in fields}
    media = {name: _listed(values) for name, values in columns.items() if kinds.get(name) in MEDIA}
    files, faults = _files(media, kinds)
    # Paths in a program's own data are not those of a data file that somebody sent: none is out of bounds.
    outside = any(leads_out(one) for values in files.values() for one in values if isinstance(one, str))
    made: dict[str, Any] = {name: _media_column(values, outside) for name, values in files.items()}
    notes, mixed = list(_assumed(media, kinds)), []
    for name, values in columns.items():
        if name in made:
            continue
        try:
            made[name], several = _column(name, values)
            mixed += [name] if several else []
        except DataError:
            if not fields or name in (*kinds, *needed):
                raise
            notes.append(f"column {name!r} holds values that no column can hold together, and was left out")
    table = pa.table({name: made[name] for name in columns if name in made})
    return Given(
        table=stamp(table, file="", notes=notes_of(data) if isinstance(data, pa.Table) else (), mixed=mixed),
        root=ANYWHERE if outside else Path.cwd(),
        shown={name: [media_name(value) for value in values] for name, values in media.items()},
        notes=tuple(notes),
        faults=faults,
    )


def shown_column(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """Return a column as it is shown beside a prediction: of encoded files their names, null where they have none."""
    if not is_media(column):
        return column
    if pa.types.is_struct(column.type):
        return pa.array([media_name(value) for value in column.to_pylist()], pa.string())
    return pa.nulls(len(column), pa.string())


def _columns(data: Any, fields: Sequence[Field]) -> dict[str, Any]:
    """Return name to values, a sequence or an Arrow array."""
    frame = _from_frame(data, fields)
    if frame is not None:
        return frame
    if hasattr(data, "__arrow_c_stream__"):
        table = pa.table(data)
        return {name: _plain(table.column(name)) for name in table.column_names}
    if isinstance(data, Mapping) and not (is_media_struct(data) and _only(fields, MEDIA)):
        return _from_mapping(data, fields)
    if isinstance(data, np.ndarray) or hasattr(data, "detach"):
        return _from_array(data, fields)
    if isinstance(data, Iterable) and not isinstance(data, str | bytes | bytearray | Set | tuple | list | Mapping):
        data = list(data)
    if isinstance(data, list | tuple) and not _is_pair(data, fields):
        return _from_list(data, fields)
    if _is_value(data, fields):
        return {fields[0].name: [data]}
    raise DataError("cannot read these rows", got=type(data).__name__, allowed=FORMS)


def _from_frame(data: Any, fields: Sequence[Field]) -> dict[str, Any] | None:
    """Return the columns of a pandas object or a `datasets.Dataset`; None where it is neither."""
    # Whoever gives one of these has imported its library.
    pandas, datasets = sys.modules.get("pandas"), sys.modules.get("datasets")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return _from_pandas(data)
    if pandas is not None and isinstance(data, pandas.Series):
        return _from_series(data, fields)
    if datasets is not None and isinstance(data, datasets.Dataset):
        table = data.with_format("arrow")[:]
        table = name_classes(table.replace_schema_metadata(data.features.arrow_schema.metadata))
        return {name: table.column(name) for name in table.column_names}
    return None


def _from_pandas(frame: Any) -> dict[str, Any]:
    if twice := sorted(str(name) for name in frame.index.names if name is not None and name in frame.columns):
        raise DataError("index and column have the same name", got=twice, fix="rename one of them")
    if any(name is not None for name in frame.index.names):
        # A named index is a column that was put aside; a number by number one is none.
        frame = frame.reset_index()
    names = [str(name) for name in frame.columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError("two columns have the same name", got=twice, fix="rename one of them")
    return {name: _from_pandas_column(frame.iloc[:, place]) for place, name in enumerate(names)}


def _from_pandas_column(column: Any) -> Any:
    if column.dtype == object:
        return [None if _is_gap(value) else value for value in column]
    return _plain(pa.chunked_array([pa.Array.from_pandas(column)]))


def _from_series(series: Any, fields: Sequence[Field]) -> dict[str, Any]:
    names = [item.name for item in fields]
    if names and set(names) <= set(map(str, series.index)):
        return {str(name): [None if _is_gap(value) else value] for name, value in series.items()}  # a row of a frame
    if len(names) == 1:
        return {names[0]: _from_pandas_column(series)}
    raise DataError(
        "a Series is one column, and the rows have several", got=series.name, allowed=names, fix="give a data frame"
    )


def _from_mapping(data: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    """Return the columns of a mapping: of columns where every value is a sequence, else of one row."""
    media = {item.name for item in fields if item.signal.kind in MEDIA}
    if data and all(_is_column(values, str(name) in media) for name, values in data.items()):
        series = getattr(sys.modules.get("pandas"), "Series", ())
        return {
            str(name): _from_pandas_column(values) if isinstance(values, series) else values
            for name, values in data.items()
        }
    return {str(name): [value] for name, value in data.items()}


def _is_column(values: Any, media: bool) -> bool:
    """Tell whether `values` are those of several rows; an array of numbers may be one image or sound."""
    if isinstance(values, np.ndarray):
        return values.ndim == 1 and not (media and values.dtype.kind in "biuf")
    return isinstance(values, list | pa.Array | pa.ChunkedArray | getattr(sys.modules.get("pandas"), "Series", list))


def _from_array(data: Any, fields: Sequence[Field]) -> dict[str, Any]:
    array = data.detach().cpu().numpy() if hasattr(data, "detach") else data
    names = [item.name for item in fields]
    if array.ndim == 2 and not _only(fields, MEDIA) and array.shape[1] == len(names):
        return {name: array[:, place] for place, name in enumerate(names)}
    if len(names) != 1:
        raise _nameless(names, f"an array {list(array.shape)}")
    kind = fields[0].signal.kind
    rows_from = {"image": 4, "audio": 2}.get(kind, 1)
    if kind == "image" and array.ndim == 3 and array.shape[-1] not in (1, 3, 4) and array.shape[0] not in (1, 3, 4):
        rows_from = 3  # grey images
    single = array.ndim < rows_from and not (array.ndim == 1 and array.dtype.kind in "OUS")
    return {names[0]: [array] if single else [_scalar(value) for value in array]}


def _from_list(data: Sequence[Any], fields: Sequence[Field]) -> dict[str, Any]:
    rows = [isinstance(value, Mapping) and not (is_media_struct(value) and _only(fields, MEDIA)) for value in data]
    if data and all(rows):
        return {str(name): [row.get(name) for row in data] for name in dict.fromkeys(chain(*data))}
    if any(rows):
        first = rows.index(not rows[0])
        got = type(data[first]).__name__
        raise DataError("rows and bare values in one list", row=first + 1, got=got, allowed=FORMS)
    for number, value in enumerate(data, 1):
        if fields and value is not None and not _is_value(value, fields[:1]):
            raise DataError("cannot read these rows", row=number, got=type(value).__name__, allowed=FORMS)
    if len(fields) != 1:
        raise _nameless([item.name for item in fields], "values without names")
    return {fields[0].name: [_scalar(value) for value in data]}


def _nameless(names: Sequence[str], got: str) -> DataError:
    return DataError(
        "nothing says which column these values belong to", got=got, allowed=names or "a column name per value",
        fix='give mappings such as {"column": value}, or a data frame',
    )  # fmt: skip


def _is_value(value: Any, fields: Sequence[Field]) -> bool:
    """Tell whether `value` can be one value of the only field."""
    if len(fields) != 1:
        return isinstance(value, str | int | float | np.generic)
    kind = fields[0].signal.kind
    plain = isinstance(value, str | np.str_)
    if kind == "table":
        return plain or value is None or isinstance(value, bool | int | float | np.generic)
    if kind not in MEDIA:
        return plain or value is None or (kind == "words" and isinstance(value, list | tuple | np.ndarray))
    return not isinstance(value, bool | int | set | frozenset | float)


def _is_pair(data: Any, fields: Sequence[Field]) -> bool:
    """Tell whether `data` is one sound: samples and their rate."""
    pair = isinstance(data, tuple) and len(data) == 2 and isinstance(data[1], int | np.integer)
    return pair and _only(fields, ("audio",))


def _only(fields: Sequence[Field], kinds: Sequence[str]) -> bool:
    return len(fields) == 1 and fields[0].signal.kind in kinds


def _is_gap(value: Any) -> bool:
    not_a_number = isinstance(value, float) and value != value
    return value is None or not_a_number or type(value).__name__ in ("NAType", "NaTType")


def _scalar(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _listed(values: Any) -> list[Any]:
    return values.to_pylist() if isinstance(values, pa.Array | pa.ChunkedArray) else list(values)


def _column(name: str, values: Any) -> tuple[Any, bool]:
    """Return the values as a column, and whether they are of several types, which are then text as in JSON."""
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values, False
    plain = [None if _is_gap(value) else _scalar(value) for value in values]
    try:
        return pa.array(plain), False
    except (pa.ArrowException, OverflowError, ValueError, TypeError) as error:
        odd = not all(value is None or isinstance(value, str | bool | int | float) for value in plain)
        if not odd and not isinstance(error, UnicodeError):
            return as_text(plain), True
        raise DataError("no column can hold these values", column=name, got=error) from error


def _tidied(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return `columns` by names as files have them: in Unicode's composed form, nothing invisible."""
    names = [tidy(name) for name in columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError("two columns have the same name", got=twice, fix="rename one of them")
    return dict(zip(names, columns.values(), strict=True))


def _with_dotted(columns: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return `columns` with one for each of `names` that leads into objects: ``review.text``."""
    for name in dict.fromkeys(names):
        heads = [head for head in columns if name.startswith(f"{head}.")]
        if name in columns or not heads:
            continue
        head = max(heads, key=len)
        values = [part_of(value, name[len(head) + 1 :]) for value in _listed(columns[head])]
        if any(value is not None for value in values):
            columns = {**columns, name: values}
    return columns


def _files(media: Mapping[str, Sequence[Any]], kinds: Mapping[str, str]) -> tuple[dict[str, list[Any]], dict[int, str]]:
    """Return paths and encoded bytes by column, and by row what is neither an image nor a sound.

    Raises:
        DataError: No row of a column has one that can be used, and some have something else.
    """
    files: dict[str, list[Any]] = {}
    faults: dict[int, str] = {}
    for name, values in media.items():
        errors: list[DataError] = []
        files[name] = []
        for row, value in enumerate(values):
            try:
                files[name].append(as_media(value, kinds[name], {"row": row + 1, "column": name}))
            except DataError as error:
                errors.append(error)
                files[name].append(None)
                faults.setdefault(row, error.what if error.got is None else f"{error.what}: {error.got}")
        if errors and not any(files[name]):
            raise errors[0]
    return files, faults


def _media_column(files: Sequence[Any], outside: bool) -> pa.Array:
    made = [absolute(one) if outside and isinstance(one, str) else one for one in files]
    if all(one is None or isinstance(one, str) for one in made):
        return pa.array(made, pa.string())
    return pa.array([{"bytes": None, "path": one} if isinstance(one, str) else one for one in made], _MEDIA_STRUCT)


def _assumed(media: Mapping[str, Sequence[Any]], kinds: Mapping[str, str]) -> tuple[str, ...]:
    """Say of which sounds the rate had to be assumed."""
    found = []
    for name, values in media.items():
        bare = sum(isinstance(value, np.ndarray | list) or hasattr(value, "detach") for value in values)
        if kinds[name] == "audio" and bare:
            found.append(
                f"column {name!r}: {bare} sounds came without their rate and are taken to be at {ASSUMED_RATE:,} Hz; "
                "say otherwise with (samples, rate)"
            )
    return tuple(found)
