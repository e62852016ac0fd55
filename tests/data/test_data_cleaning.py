import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from modaxfer.data import cleaning
from modaxfer.data.fingerprint import row_digests
from modaxfer.data.rows import Ledger, Rows
from modaxfer.errors import DataError
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, Field


def rows(columns, labels=None, fields=()):
    table = pa.table(columns)
    labels = labels or ["a"] * table.num_rows
    made = Rows(
        table=table, labels=labels, numbers=np.arange(1, table.num_rows + 1), split="train", file="/x/t.csv", media={}
    )
    digests = row_digests(table, fields, {}) if fields else ()
    return Rows(**{**made.__dict__, "digests": digests})


A, B = Field(name="a", signal=TEXT), Field(name="b", signal=TEXT)
N = Field(name="n", signal=TABLE)


def reasons(faults):
    return {position: reason for position, (reason, _) in faults.items()}


def test_label_faults():
    some = rows({"a": ["x"] * 4}, [None, 1.0, float("nan"), float("-inf")])
    assert reasons(cleaning.find_label_faults(some, ())) == {
        0: "missing_label",
        2: "label_not_a_number",
        3: "infinite_label",
    }
    some = rows({"a": ["x"] * 4}, ["a", "c", ("a", "d"), ("a",)])
    faults = cleaning.find_label_faults(some, ("a", "b"))
    assert reasons(faults) == {1: "unknown_label", 2: "unknown_label"}
    assert faults[2][1] == "label 'd' is no class of the task"


def test_a_value_beyond_float32_is_fine_and_one_without_a_square_is_infinite():
    assert reasons(cleaning.find_label_faults(rows({"a": ["x", "y"]}, [1e39, -1e200]), ())) == {1: "infinite_label"}


def test_text_is_empty_where_every_field_is_blank():
    some = rows({"a": ["x", " ", ""], "b": ["", "\t", "y"]})
    assert reasons(cleaning.find_empty(some, (A, B))) == {1: "empty_input"}


def test_a_table_row_is_empty_where_every_value_is_missing():
    some = rows({"n": pa.array([1.0, None, None]), "a": ["", "x", ""]})
    assert reasons(cleaning.find_empty(some, (N, A))) == {2: "empty_input"}


@pytest.mark.parametrize(
    "column",
    [
        ["a.png", "", None],
        [b"x", b"", None],
        [{"bytes": b"x", "path": None}, {"bytes": None, "path": ""}, None],
        [{"bytes": None, "path": "a.png"}, {"bytes": b"", "path": None}, {"bytes": None, "path": None}],
    ],
)
def test_media_must_be_there_whatever_the_text_says(column):
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())]) if isinstance(column[0], dict) else None
    some = rows({"i": pa.array(column, kind), "a": ["x", "y", "z"]})
    faults = cleaning.find_empty(some, (Field(name="i", signal=IMAGE), A))
    assert reasons(faults) == {1: "empty_input", 2: "empty_input"}


def test_infinite_inputs_are_found_and_gaps_are_not():
    some = rows({"n": pa.array([1.0, float("inf"), None, float("-inf")])})
    faults = cleaning.find_infinite(some, (N,))
    assert reasons(faults) == {1: "infinite_input", 3: "infinite_input"}
    assert faults[1][1] == "column 'n' is infinite"


def test_unreadable_media_are_found_with_their_reason():
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, "PNG")
    some = rows({"i": [buffer.getvalue(), b"broken"], "s": [b"broken", b"broken"]})
    fields = (Field(name="i", signal=IMAGE), Field(name="s", signal=AUDIO))
    kept, faults = cleaning.read_media(some, fields, None)
    assert reasons(faults) == {0: "unreadable_audio", 1: "unreadable_image"}
    assert "unreadable sound" in faults[0][1]
    assert len(kept.media["i"][0]) == 16


def test_duplicates_and_conflicts():
    some = rows({"a": ["x", "x", "x", "y"]}, ["p", "p", "n", "p"], (A,))
    faults = cleaning.find_duplicates(some)
    assert faults == {1: ("duplicate", "same inputs and label as row 1")}
    assert cleaning.conflicts(some) == 1


def test_few_distinct_rows_are_a_matter_of_tables_only():
    values = [1.0, 2.0] * 5
    assert cleaning.few_distinct(rows({"n": values}, fields=(N,)), (N,))
    assert not cleaning.few_distinct(rows({"n": list(map(float, range(10)))}, fields=(N,)), (N,))
    assert not cleaning.few_distinct(rows({"a": ["x", "y"] * 5}, fields=(A,)), (A,))


def test_constant_columns_count_a_gap_as_a_value():
    some = rows(
        {"n": [1.0, 1.0], "m": pa.array([1.0, None]), "z": pa.array([None, None], pa.string()), "a": ["x", "x"]}
    )
    fields = (N, Field(name="m", signal=TABLE), Field(name="z", signal=TABLE), A)
    assert cleaning.constant_columns(some, fields) == ("n", "z")


def test_the_ledger_counts_names_and_keeps_the_rest():
    ledger = Ledger("drop")
    kept = ledger.drop(rows({"a": ["x", "y", "z"]}, fields=(A,)), {1: ("empty_input", "no input")})
    assert kept.table["a"].to_pylist() == ["x", "z"]
    assert kept.ids() == ["train-1", "train-3"]
    assert len(kept.digests) == 2
    assert ledger.dropped == {"empty_input": 1}
    assert ledger.lines == ["t.csv row 2: no input"]
    ledger.refuse_if_asked()


def test_the_ledger_refuses_bad_rows_but_not_those_a_policy_takes_out():
    ledger = Ledger("fail")
    some = rows({"a": ["x"] * 7})
    ledger.drop(some, {0: ("also_in_test", "stands in test")}, bad=False)
    ledger.refuse_if_asked()
    ledger.drop(some, dict.fromkeys(range(1, 7), ("empty_input", "no input")))
    with pytest.raises(
        DataError, match=r"unusable rows: 6\. Got: t\.csv row 2: no input; .*row 6: no input; \.\.\..*--on-bad-row drop"
    ):
        ledger.refuse_if_asked()
