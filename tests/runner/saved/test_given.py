"""Rows to be predicted come in many forms and end in one table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from modaxfer.errors import DataError
from modaxfer.runner.saved.given import as_table

ROWS = [{"text": "one", "age": 1.5}, {"text": "two", "age": None}]


def test_one_row_and_many_and_a_frame_are_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame(ROWS).to_csv(tmp_path / "rows.csv", index=False)
    # Cells of a csv are text until the model's own columns say what they are.
    ages = {"file": ["1.5", None], "rows": [1.5, None]}
    for given in (ROWS, tuple(ROWS), pd.DataFrame(ROWS), pa.Table.from_pylist(ROWS), tmp_path / "rows.csv"):
        table, root = as_table(given)
        assert root == tmp_path
        assert table.column("text").to_pylist() == ["one", "two"]
        assert table.column("age").to_pylist() == ages["file" if isinstance(given, Path) else "rows"]
    table, root = as_table(ROWS[0])
    assert (table.to_pylist(), root) == ([ROWS[0]], Path.cwd())


def test_what_a_row_leaves_out_is_empty_and_no_column_is_lost():
    table, _ = as_table([{"photo": "a.png"}, {"text": "words"}, {"age": 3, "photo": "b.png"}])
    assert table.to_pylist() == [
        {"photo": "a.png", "text": None, "age": None},
        {"photo": None, "text": "words", "age": None},
        {"photo": "b.png", "text": None, "age": 3},
    ]


@pytest.mark.parametrize("given", [3, [], ["a sentence"], [ROWS[0], "a sentence"], None, {"a sentence"}])
def test_what_are_no_rows_is_refused(given):
    with pytest.raises(DataError, match=r"cannot read rows to predict. Got: \w+. Allowed: a file, a mapping"):
        as_table(given)


@pytest.mark.parametrize("value", [3, object(), ["a", "list"]])
def test_a_column_of_many_kinds_is_named(value):
    with pytest.raises(DataError, match=r"no column can hold these values \(column 'text'\)"):
        as_table([{"text": "words"}, {"text": value}])
