import gzip
import json
import os

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modaxfer.data.origin import file_of, is_typed, notes_of, numbers_of
from modaxfer.data.tables.draws import Draw
from modaxfer.data.tables.files import EXTENSIONS, extension, read_table
from modaxfer.data.tables.gathering import Selection
from modaxfer.errors import DataError


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


ROWS = [{"text": "a,b", "label": "x"}, {"text": 'he said "no"', "label": "y"}]
CSV = 'text,label\n"a,b",x\n"he said ""no""",y\n'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", CSV),
        ("t.csv", "\ufeff" + CSV),
        ("t.CSV", CSV.replace("\n", "\r\n")),
        ("t.csv.gz", gzip.compress(CSV.encode())),
        ("t.csv", 'text;label\na,b;x\n"he said ""no""";y\n'),
        ("t.csv", CSV.replace("text,label", " text , label")),
        ("t.tsv", 'text\tlabel\na,b\tx\n"he said ""no"""\ty\n'),
        ("t.jsonl", "\n".join(map(json.dumps, ROWS)) + "\n\n"),
        ("t.ndjson.gz", gzip.compress("\n".join(map(json.dumps, ROWS)).encode())),
        ("t.json", json.dumps(ROWS, indent=2)),
        ("t.json", "\n".join(map(json.dumps, ROWS))),
    ],
)
def test_every_text_format_gives_the_same_rows(tmp_path, name, content):
    path = written(tmp_path, name, content)
    table = read_table(path)
    assert table.to_pylist() == ROWS
    assert file_of(table) == str(path)
    assert is_typed(table) is ("json" in name)


def test_parquet_keeps_types_and_loses_orders_to_decode(tmp_path):
    source = pa.table({"image": [{"bytes": b"x", "path": None}], "n": [1], "kind": pa.array(["a"]).dictionary_encode()})
    source = source.append_column("__index_level_0__", pa.array([7]))
    source = source.replace_schema_metadata({"huggingface": "{}"})
    pq.write_table(source, tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    assert table.column_names == ["image", "n", "kind"]
    assert table.schema.field("kind").type == pa.large_string()
    assert b"huggingface" not in table.schema.metadata
    assert is_typed(table)


def test_class_numbers_of_datasets_become_names(tmp_path):
    features = datasets.Features({"label": datasets.ClassLabel(names=["no", "yes"]), "n": datasets.Value("int64")})
    datasets.Dataset.from_dict({"label": [1, 0, -1, None], "n": [1, 0, 1, 0]}, features).to_parquet(
        tmp_path / "t.parquet"
    )
    table = read_table(tmp_path / "t.parquet")
    assert table.to_pydict() == {"label": ["yes", "no", None, None], "n": [1, 0, 1, 0]}


def test_csv_cells_stay_as_written_and_empty_ones_are_null(tmp_path):
    table = read_table(written(tmp_path, "t.csv", 'code,text\n007,NA\n1.50,\n,"line one\nline two"\n'))
    assert table["code"].to_pylist() == ["007", "1.50", None]
    assert table["text"].to_pylist() == ["NA", None, "line one\nline two"]


def test_nameless_columns_are_left_out_and_noted(tmp_path):
    table = read_table(written(tmp_path, "t.csv", ",text\n0,a\n1,b\n"))
    assert table.column_names == ["text"]
    assert notes_of(table) == ("t.csv: column 1 has no name and was left out",)


def test_json_rows_may_lack_keys_and_mix_types(tmp_path):
    table = read_table(written(tmp_path, "t.jsonl", '{"a": 1}\n{"a": "two", "b": [1]}\n{"b": null}\n'))
    assert table.to_pylist() == [{"a": "1", "b": None}, {"a": "two", "b": [1]}, {"a": None, "b": None}]


def test_json_text_that_looks_like_a_date_stays_text(tmp_path):
    assert read_table(written(tmp_path, "t.jsonl", '{"a": "2020-01-01"}\n'))["a"].to_pylist() == ["2020-01-01"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "a,b\n1,2\n\"x\ny\",4\n5\n", r"the row has 1 cells, the header 2 \(file .*t\.csv, row 3\)"),
        ("t.csv", "a,b\n1,2,3\n", r"the row has 3 cells, the header 2 .*row 1.*Fix: quote cells"),
        ("t.csv", "a,b\n\u0442\u0435\u043a\u0441\u0442,2\n".encode("cp1251"), r"line 2 is not UTF-8 .*cp1251 for Cyr"),
        ("t.csv", "", r"the data file is empty .*t\.csv"),
        ("t.csv", "a,b\n", r"holds no rows .*t\.csv"),
        ("t.csv", "a,a\n1,2\n", r"two columns have the same name.*Got: a"),
        ("t.jsonl", '{"a": 1}\n{"a": \n', r"not valid JSON .*row 2"),
        ("t.jsonl", '{"a": 1}\n3\n', r"a row must be an object .*row 2.*Got: int"),
        ("t.jsonl", "", r"holds no rows"),
        ("t.jsonl", '{"a": "\u4f60\u597d"}'.encode("gbk"), r"line 1 is not UTF-8 text"),
        ("t.jsonl", '{"a": 1}\n' + '{"a": ' * 100_000, r"nested too deeply .*row 2"),
        ("t.jsonl", '{"a": 1}\n{"a": ' + "9" * 5000 + "}", r"too many digits .*row 2.*Fix: write it as a text"),
        ("t.jsonl", '{"a": 1, "a": 2}', r"a key stands twice .*row 1.*Got: a"),
        ("t.jsonl", '{"a": 1, " a\u200b": 2}', r"two columns have the same name .*row 1.*Got: a"),
        ("t.csv", "a,b\n1,2\n\0\0\0,2\n", r"line 3 holds a NUL byte.*t\.csv"),
        ("t.csv", "soup,bad\ntea,bad\nham,bad\ncake,bad\n", r"looks like a row.*Got: soup, bad.*add a line"),
        ("t.csv", "0.5,1\n0.25,0\n1.5,1\n", r"first line looks like a row"),
        ("t.csv", "Report\n\na,b\n1,2\n3,4\n", r"first line has one cell, the lines below it have 2 .*.*take away"),
        ("t.csv", "Report,,\n,,\na,b,c\n1,2,3\n3,4,5\n", r"names only the first column.*Got: Report.*take away"),
        ("t.json", '{"train": [{"a": 1}, {"a": 2}], "test": [{"a": 1}, {"a": 2}]}', r"keys train, test.*train\.json"),
        ("t.json", '{"x": {"a": 1}, "y": {"a": 2}}', r"one object, not rows .*rows below the keys x, y"),
        ("t.json", '{"a": [1, 2, 3], "b": [1, 2, 3]}', r"written column by column"),
        ("t.json", '{"columns": ["a"], "index": [0, 1], "data": [[1], [3]]}', r"written column by column"),
        ("t.csv", "Report\na;b\n1;2\n3;4\n", r"first line has one cell, the lines below it have 2"),
        ("t.csv", "a,b\n1,2,3\n4,5,6\n", r"every row has 3 cells, the header 2 .*as R does, begin the header with ','"),
        ("t.json", '{"data": [{"a": 1}, {"a": 2}]}', r"one object, not rows .*key 'data'.*give that list alone"),
        ("t.json", '{"a": {"0": 1, "1": 2}, "b": {"0": 3, "1": 4}}', r"written column by column.*orient=\"records\""),
        ("t.csv", 'a,b\n"one, two,x\nthree,y\n', r"a quote is opened and not closed .*row 1.*Got: \"one, two,x"),
        ("t.json", "[{]", r"not valid JSON .*t\.json"),
        ("t.parquet", b"no parquet", r"not a readable parquet file .*t\.parquet"),
        ("t.csv.gz", b"no gzip", r"cannot read the data file .*t\.csv\.gz.*[Nn]ot a gzipped"),
        ("t.csv.gz", gzip.compress(CSV.encode() * 500)[:-20], r"cannot read the data file"),
        ("t.xlsx", "x", r"no reader for this kind of file .*Got: xlsx\. Allowed: csv, tsv.*export"),
        ("t.png", "x", r"Got: png\. .*Fix: name the folder of such files, .*, or a table with a column of their paths"),
        ("t", "x", r"no reader for this kind of file .*Got: no extension"),
        ("t.parquet.gz", b"x", r"no reader for this kind of file"),
    ],
)  # fmt: skip
def test_malformed_files_are_refused_by_name_and_row(tmp_path, name, content, message):
    with pytest.raises(DataError, match=message):
        read_table(written(tmp_path, name, content))


def test_missing_file_names_close_ones(tmp_path):
    written(tmp_path, "train.csv", CSV)
    with pytest.raises(DataError, match=r"no such file .*did you mean train\.csv"):
        read_table(tmp_path / "tran.csv")
    with pytest.raises(DataError, match=r"no such file .*check the path"):
        read_table(tmp_path / "nowhere" / "x.csv")
    with pytest.raises(DataError, match=r"no such file .*download it first"):
        read_table("https://example.org/train.csv")
    with pytest.raises(DataError, match=r"expected a file, found a folder"):
        read_table(tmp_path)


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "t.csv")
    with pytest.raises(DataError, match=r"a pipe or device, not a file.*write it to a file first"):
        read_table(tmp_path / "t.csv")


def test_a_link_to_nowhere_and_a_folder_with_the_name_of_a_file(tmp_path):
    (tmp_path / "t.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(DataError, match=r"a broken link .*t\.csv.*Got: .*gone\.csv"):
        read_table(tmp_path / "t.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match=r"expected a file, found a folder"):
        read_table(tmp_path / "folder.csv")


def test_halves_of_characters_become_the_sign_for_what_is_lost_and_are_counted(tmp_path):
    lines = [r'{"a": "x \ud83d", "b": ["\udc00"]}', r'{"a": "\ud83d\ude00", "b": ["y"]}']
    table = read_table(written(tmp_path, "t.jsonl", "\n".join(lines)))
    assert table.to_pylist() == [{"a": "x \ufffd", "b": ["\ufffd"]}, {"a": "\U0001f600", "b": ["y"]}]
    assert notes_of(table) == ("t.jsonl: halves of characters (lone surrogates) were replaced by \ufffd, in 1 rows",)


def test_rows_of_json_lines_are_numbered_by_their_lines(tmp_path):
    table = read_table(written(tmp_path, "t.jsonl", '{"a": 1}\n\n{"a": 2}\n'))
    assert numbers_of(table).tolist() == [1, 3]


def test_json_types_are_the_same_whether_they_change_within_a_block_or_between(tmp_path, monkeypatch):
    path = written(tmp_path, "t.jsonl", '{"a": 1, "b": 1}\n{"a": 2, "b": 2.5, "c": "x"}\n{"a": 3.0}\n{"a": "4"}\n')
    whole = read_table(path)
    monkeypatch.setattr("modaxfer.data.tables.records._BLOCK", 1)
    parts = read_table(path)
    assert whole.to_pydict() == parts.to_pydict()
    assert whole.to_pydict() == {"a": ["1", "2", "3.0", "4"], "b": [1, 2.5, None, None], "c": [None, "x", None, None]}
    assert not is_typed(parts, "a")
    assert is_typed(parts, "b")


def test_a_cell_may_be_larger_than_the_block_that_is_parsed_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("modaxfer.data.tables.delimited._BLOCKS", (256, 1 << 14))
    path = written(tmp_path, "t.csv", "text,label\nshort,a\n" + "x" * 5000 + ",b\n" + "last,a\n")
    assert [len(text) for text in read_table(path)["text"].to_pylist()] == [5, 5000, 4]
    written(tmp_path, "t.csv", "text,label\n" + "x" * 40_000 + ",b\n")
    with pytest.raises(DataError, match=r"a cell is larger than 1 GiB"):
        read_table(path)


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_rows_that_do_not_fit_into_memory_are_refused_while_they_are_read(tmp_path, monkeypatch, name):
    monkeypatch.setattr("modaxfer.data.tables.memory._SPARE", 100)
    monkeypatch.setattr("modaxfer.data.tables.memory.free_memory", lambda: 1000)
    content = "a,b\n" + "1,2\n" * 50 if name == "t.csv" else '{"a": 1}\n' * 50
    path = written(tmp_path, name, content)
    if name == "t.parquet":
        pq.write_table(pa.table({"a": [1] * 50}), path)
    with pytest.raises(DataError, match=r"the rows do not fit into memory .*Got: 50 rows need about .* --limit"):
        read_table(path)
    assert read_table(path, Selection(draw=Draw(rows=3, seed=0))).num_rows == 3


def test_every_extension_has_a_reader(tmp_path):
    assert [extension(tmp_path / f"t.{name}") for name in EXTENSIONS] == list(EXTENSIONS)


def test_bytes_of_parquet_that_are_text_are_text_and_pictures_stay_bytes(tmp_path):
    picture = b"\x89PNG\r\n\x1a\n"
    source = pa.table({"t": ["caf\u00e9".encode(), None], "p": [picture, picture], "zeros": [b"RIFF\0\0", b"RIFF\0\1"]})
    pq.write_table(source, tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    assert table.column("t").to_pylist() == ["caf\u00e9", None]
    assert table.column("p").to_pylist() == [picture, picture]
    assert pa.types.is_large_binary(table.column("zeros").type)
    assert "column 't': bytes are read as UTF-8 text" in notes_of(table)
