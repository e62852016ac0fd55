"""Parts of objects are columns by their dotted names, once somebody asks for one."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modaxfer.config import RunConfig
from modaxfer.data.cells.columns import conform, require_columns
from modaxfer.data.cells.dotted import dotted_names, part_of, with_dotted
from modaxfer.data.given import given_rows
from modaxfer.errors import DataError
from modaxfer.spec import TEXT, Field
from modaxfer.tasks.load import load_task
from modaxfer.tasks.own import task_from_files

ROWS = [
    {"review": {"text": f"said {n}", "by": {"city": f"city {n // 2}", "age": n}}, "meta": {"kind": "pn"[n % 2]}}
    for n in range(40)
]


@pytest.fixture(params=["jsonl", "parquet", "uneven"])
def nested(request, tmp_path):
    """Rows of objects in a file; in the uneven one a part has several types, and an object lacks one."""
    path = tmp_path / f"rows.{'parquet' if request.param == 'parquet' else 'jsonl'}"
    if request.param == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
        return path
    rows = ROWS
    if request.param == "uneven":
        rows = [{**ROWS[0], "review": {"text": "said 0", "by": {"city": 7, "age": "?"}}}, *ROWS[1:]]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_a_task_may_be_made_of_parts_of_objects(nested):
    spec = task_from_files(RunConfig(data=str(nested), text=("review.text",), number=("review.by.age",),
                                     label=("meta.kind",), group=("review.by.city",)))  # fmt: skip
    data = load_task(spec)
    assert data.classes == ("n", "p")
    assert sum(data.rows.values()) == 40
    row = next(row for row in data.splits["train"] if row["row_id"] == "train-4")
    assert (row["review.text"], float(row["review.by.age"])) == ("said 3", 3)


def test_a_column_that_is_called_so_goes_first():
    table = pa.table({"a.b": ["own"], "a": [{"b": "part", "c": None}]})
    assert with_dotted(table, ["a.b", "a.c", "a.d", "x.y"]).column_names == ["a.b", "a", "a.c"]
    assert with_dotted(table, ["a.b"]).column("a.b").to_pylist() == ["own"]
    deep = pa.table({"a.b": [{"c.d": "x"}, None]})
    assert with_dotted(deep, ["a.b.c.d"]).column("a.b.c.d").to_pylist() == ["x", None]


def test_nothing_else_of_objects_is_taken_apart():
    table = pa.table({"a": [{"b": {"c": 1, "d": "x"}}], "p": [{"bytes": b"", "path": "x"}]})
    assert with_dotted(table, ["a.b.c"]).column_names == ["a", "p", "a.b.c"]
    assert dotted_names(table) == ["a.b.c", "a.b.d"]


def test_rows_in_memory_have_parts_too():
    fields = [Field(name="review.text", signal=TEXT)]
    given = given_rows([{"review": {"text": "good"}}, {"review": None}], fields)
    assert given.table.column("review.text").to_pylist() == ["good", None]
    assert conform(pa.table({"review": [{"text": "good"}]}), fields, {}).to_pylist() == [{"review.text": "good"}]
    assert part_of({"a": {"b": 1}}, "a.c") is None


def test_who_names_objects_or_a_part_that_is_not_there_is_told_the_parts():
    table = pa.table({"review": [{"text": "good", "stars": 5}]})
    with pytest.raises(DataError, match=r"cannot be read as text.*name what stands in its objects: review\.text or"):
        conform(table, [Field(name="review", signal=TEXT)], {})
    with pytest.raises(DataError, match=r"review, review\.text, review\.stars.*did you mean review\.text"):
        require_columns(table, ["review.txt"])
