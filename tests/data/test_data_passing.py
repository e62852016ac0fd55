"""Rows that pass by are those that are read whole, with the same numbers, from the first one or from any place."""

import gzip
import itertools
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modaxfer.data import read_data
from modaxfer.data.origin import numbers_of
from modaxfer.data.streaming.passing import Ahead, Place, passing_files
from modaxfer.data.tables import delimited, files, records
from modaxfer.data.tables.gathering import Columns
from modaxfer.errors import DataError

COLUMNS = Columns(needed=frozenset(["text"]), beside=frozenset(["row_id"]))


def csv(folder):
    parts = ["text,label\na,0\ntext,label\nb,1\n", 'text,label\n"c\nd",0\n,1\ne,1\n']
    for place, part in enumerate(parts):
        (folder / f"train-{place}.csv").write_text(part)
    (folder / "test.csv").write_text("text,label\nz,1\n")


def jsonl(folder):
    rows = [{"text": "a"}, None, {"text": "b", "late": 1}, {"text": None}, None]
    for place in range(2):
        lines = "\n".join(json.dumps(row) if row else "" for row in rows)
        (folder / f"train-{place}.jsonl.gz").write_bytes(gzip.compress(lines.encode()))


def parquet(folder):
    table = pa.table({"text": [f"row {row}" for row in range(10)], "row_id": list(range(10)), "other": [0.0] * 10})
    for place in range(2):
        pq.write_table(table.slice(5 * place, 5), folder / f"part-{place}.parquet", row_group_size=2)


def old_tools(folder):
    table = pa.table({"text": pd.Series(["a", "b", "a"]).astype("category")})
    pq.write_table(table, folder / "train.parquet")


@pytest.fixture(params=[csv, jsonl, parquet, old_tools])
def folder(request, tmp_path, monkeypatch):
    request.param(tmp_path)
    monkeypatch.setattr(records, "_BLOCK", 2)
    return tmp_path


def rows_of(blocks):
    blocks = list(blocks)
    texts = [text for table, _ in blocks for text in table["text"].to_pylist()]
    return texts, np.concatenate([numbers_of(table) for table, _ in blocks]).tolist()


def test_rows_and_numbers_are_those_of_the_whole(folder):
    passing = passing_files(folder, COLUMNS, print)
    whole = read_data(folder)
    assert list(passing.parts) == list(whole)
    for split, table in whole.items():
        assert rows_of(passing.blocks(split)) == (table["text"].to_pylist(), numbers_of(table).tolist())
    blocks = [table for table, _ in passing.blocks("train")]
    if "row_id" in whole["train"].column_names:
        assert {tuple(table.column_names) for table in blocks} == {("text", "row_id")}


def test_whoever_was_stopped_goes_on_at_any_place(folder):
    passing = passing_files(folder, COLUMNS, print)
    texts, numbers = rows_of(passing.blocks("train"))
    ahead = Ahead(passing.blocks("train"))
    for done in itertools.count():
        if ahead.place is None:
            break
        assert rows_of(passing.blocks("train", ahead.place)) == (texts[done:], numbers[done:])
        table = ahead.take(1)
        assert (table["text"].to_pylist(), numbers_of(table).tolist()) == ([texts[done]], [numbers[done]])
    assert done == len(texts)


def test_what_is_noted_is_told(tmp_path):
    csv(tmp_path)
    told = []
    list(passing_files(tmp_path, COLUMNS, told.append).blocks("train"))
    assert told == ["train-0.csv: rows that repeat the header and were left out: 1"]
    pq.write_table(pa.table({"text": [b"bytes"]}), tmp_path / "rows.parquet")
    list(passing_files(tmp_path / "rows.parquet", COLUMNS, told.append).blocks("train"))
    assert told[1:] == ["column 'text': bytes are read as UTF-8 text"]


def test_a_text_file_is_read_through_for_its_encoding_once(tmp_path, monkeypatch):
    (tmp_path / "rows.csv").write_text("text,label\na,0\n")
    seen, look = [], files.survey
    monkeypatch.setattr(files, "survey", lambda *given: (seen.append(given[0]), look(*given))[1])
    for _ in range(2):
        assert rows_of(passing_files(tmp_path / "rows.csv", COLUMNS, print).blocks("train")) == (["a"], [1])
    assert seen == [str(tmp_path / "rows.csv")]


def test_a_row_that_does_not_fit_into_a_block_passes_once(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "_BLOCKS", (64, 1 << 20))
    rows = [f"short {row}" for row in range(20)] + ["long " * 50, "last"]
    (tmp_path / "rows.csv").write_text("text,label\n" + "".join(f"{row},0\n" for row in rows))
    passing = passing_files(tmp_path / "rows.csv", COLUMNS, print)
    assert rows_of(passing.blocks("train")) == (rows, list(range(1, 23)))
    monkeypatch.setattr(delimited, "_BLOCKS", (64,))
    with pytest.raises(DataError, match="a cell is larger than"):
        list(passing.blocks("train"))


def test_few_groups_of_a_parquet_file_are_read_again(tmp_path, monkeypatch):
    parquet(tmp_path)
    asked, iterate = [], pq.ParquetFile.iter_batches
    monkeypatch.setattr(
        pq.ParquetFile,
        "iter_batches",
        lambda *given, **named: (asked.append(named["row_groups"]), iterate(*given, **named))[1],
    )
    blocks = passing_files(tmp_path, COLUMNS, print).blocks("train", Place(1, 3, 5))
    assert rows_of(blocks) == (["row 8", "row 9"], [9, 10])
    assert asked == [[1, 2]]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("train.json", '[{"text": "a"}, {"text": "b"}]', "one list is parsed whole, not as a stream.*jsonl"),
        ("train.jsonl", '{"rows": [{"text": "a"}, {"text": "b"}]}', "the file is one object, not rows"),
        ("train.jsonl", '{"text": "a"}\n{"text": \n', r"row 2.*not valid JSON|not valid JSON.*row 2"),
        ("train.csv", "text,label\n", "the data file holds no rows"),
        ("train.csv", "text,label\na,0,1,2\nb,0\n", "the row has 4 cells, the header 2"),
        ("train.parquet", "text", "magic bytes|not a readable parquet file|is not what"),
        ("train.conll", "a O\n", "tagged words is read whole"),
        ("test.csv", "text,label\na,0\n", "no training split"),
    ],
)  # fmt: skip
def test_what_cannot_pass_is_refused(name, content, told, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=told):
        list(passing_files(tmp_path, COLUMNS, print).blocks("train"))


def test_class_folders_do_not_pass(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(b"")
    with pytest.raises(DataError, match="nothing here that can be read as a stream"):
        passing_files(tmp_path, COLUMNS, print)
    (tmp_path / "labels.csv").write_text("text\na\n")
    with pytest.raises(DataError, match="no data in this folder"):
        passing_files(tmp_path, COLUMNS, print)
