import json

import pyarrow as pa
import pytest

from modaxfer.data.cells.columns import conform, file_columns, require_columns
from modaxfer.data.cells.interpret import interpret
from modaxfer.data.origin import stamp
from modaxfer.errors import DataError
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, Field, Signal

UNTYPED = {"typed": False, "file": "t.csv"}


def field(name, signal):
    return Field(name=name, signal=signal)


def test_text_columns_become_strings_and_gaps_empty_ones():
    table = pa.table({"a": pa.array([7, None]), "b": pa.array(["x", None], pa.large_string()), "c": [1, 2]})
    done = conform(table, [field("a", TEXT), field("b", TEXT)])
    assert done.to_pydict() == {"a": ["7", ""], "b": ["x", ""]}
    assert set(done.schema.types) == {pa.large_string()}


def test_untyped_table_columns_are_numbers_where_every_cell_is():
    table = stamp(pa.table({"n": [" 1", "2.5e1", "NA", None, "inf"], "c": ["1", "2", "x", "", "3"]}), **UNTYPED)
    done = conform(table, [field("n", TABLE), field("c", TABLE)])
    assert done["n"].to_pylist() == [1.0, 25.0, None, None, float("inf")]
    assert done["c"].to_pylist() == ["1", "2", "x", "", "3"]


def test_what_a_column_means_survives_json_and_reads_another_file():
    train = stamp(pa.table({"p": ["$1,200", "$3"] * 10, "d": ["31/01/2024", "03/02/2024"] * 10}), **UNTYPED)
    meant = interpret(train, [field("p", TABLE), field("d", TABLE)])
    saved = json.loads(json.dumps({name: reading.to_dict() for name, reading in meant.types.items()}))
    assert file_columns(meant.fields, saved) == ("p", "d")
    new = stamp(pa.table({"d": ["05/02/2024", "soon"], "p": ["$1,000.50", None]}), **UNTYPED)
    done = conform(new, meant.fields, saved).to_pylist()
    assert done[0] == {"p": 1000.5, "d month": 2, "d day": 5, "d weekday": 0, "d elapsed days": 5}
    assert done[1] == dict.fromkeys(done[0])


def test_typed_columns_are_what_they_say():
    table = pa.table({"zip": ["00123", "123"], "n": [1, None], "b": [True, False], "nan": [float("nan"), 1.0]})
    done = conform(table, [field(name, TABLE) for name in table.column_names])
    assert done.to_pydict() == {"zip": ["00123", "123"], "n": [1.0, None], "b": [1.0, 0.0], "nan": [None, 1.0]}


def test_given_types_decide_at_prediction():
    table = stamp(pa.table({"n": ["1", "unknown"], "c": ["1", "2"]}), **UNTYPED)
    done = conform(table, [field("n", TABLE), field("c", TABLE)], {"n": "number", "c": "category"})
    assert done.to_pydict() == {"n": [1.0, None], "c": ["1", "2"]}


def test_media_and_unknown_kinds_are_left_as_they_are():
    media = pa.array([{"bytes": b"x", "path": None}])
    table = pa.table({"i": media, "p": ["a.wav"], "x": [[1, 2]]})
    done = conform(table, [field("i", IMAGE), field("p", AUDIO), field("x", Signal(kind="event-stream"))])
    assert done.to_pylist() == table.to_pylist()


@pytest.mark.parametrize(
    ("column", "signal", "message"),
    [
        ([[1]], TEXT, r"cannot be read as text \(file t\.csv, column 'c'\).*Got: list"),
        ([b"x"], TEXT, r"cannot be read as text"),
        ([1], IMAGE, r"a column of image must hold encoded files .*Got: int64.*Allowed: paths, bytes"),
        ([[1]], TABLE, r"cannot be read as text .*Fix: flatten it before.*json_normalize"),
    ],
)
def test_wrong_types_are_refused(column, signal, message):
    with pytest.raises(DataError, match=message):
        conform(stamp(pa.table({"c": column}), file="t.csv"), [field("c", signal)])


def test_absent_columns_are_named_with_close_ones():
    table = stamp(pa.table({"text": ["a"], "label": ["b"]}), file="t.csv")
    with pytest.raises(
        DataError,
        match=r"input column 'txt' is not in the data \(file t\.csv\)\. Allowed: text, label\. Fix: did you mean text",
    ):
        conform(table, [field("txt", TEXT)])
    with pytest.raises(DataError, match=r"label column 'y' is not in the data.*name a column of the file"):
        require_columns(table, ["y"], "label column")


@pytest.mark.parametrize("column", [pa.nulls(2), pa.array([float("nan"), None]), pa.array([None, None], pa.int64())])
@pytest.mark.parametrize("signal", [IMAGE, AUDIO])
def test_a_media_column_without_any_value_is_one_of_gaps(column, signal):
    done = conform(pa.table({"m": column}), [field("m", signal)])
    assert done["m"].to_pylist() == [None, None]
    with pytest.raises(DataError, match="must hold encoded files"):
        conform(pa.table({"m": pa.array([1.0, None])}), [field("m", signal)])
