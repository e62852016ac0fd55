import gzip
import json

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modaxfer.data.files import EXTENSIONS, extension, read_table
from modaxfer.data.origin import file_of, is_typed, notes_of
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
    assert table.schema.field("kind").type == pa.string()
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
        ("t.csv", "a,b\n\u00e9,2\n".encode("latin-1"), r"not UTF-8 text .*t\.csv.*iconv"),
        ("t.csv", "\u00e9,b\n1,2\n".encode("latin-1"), r"not UTF-8 text .*t\.csv.*iconv"),
        ("t.csv", "a,b\n1,2\n".encode("utf-16"), r"not UTF-8 text"),
        ("t.csv", "", r"the data file is empty .*t\.csv"),
        ("t.csv", "a,b\n", r"holds no rows .*t\.csv"),
        ("t.csv", "a,a\n1,2\n", r"two columns have the same name.*Got: a"),
        ("t.jsonl", '{"a": 1}\n{"a": \n', r"not valid JSON .*row 2"),
        ("t.jsonl", '{"a": 1}\n3\n', r"a row must be an object .*row 2.*Got: int"),
        ("t.jsonl", "", r"holds no rows"),
        ("t.jsonl", '{"a": "\u00e9"}'.encode("latin-1"), r"not UTF-8 text"),
        ("t.json", "[{]", r"not valid JSON .*t\.json"),
        ("t.parquet", b"no parquet", r"not a readable parquet file .*t\.parquet"),
        ("t.csv.gz", b"no gzip", r"cannot read the data file .*t\.csv\.gz.*[Nn]ot a gzipped"),
        ("t.csv.gz", gzip.compress(CSV.encode() * 500)[:-20], r"cannot read the data file"),
        ("t.xlsx", "x", r"no reader for this kind of file .*Got: xlsx\. Allowed: csv, tsv.*export"),
        ("t", "x", r"no reader for this kind of file .*Got: no extension"),
        ("t.parquet.gz", b"x", r"no reader for this kind of file"),
    ],
)  # fmt: skip
def test_malformed_files_are_refused_by_name_and_row(tmp_path, name, content, message):
    with pytest.raises(DataError, match=message):
        read_table(written(tmp_path, name, content))


def test_missing_file_names_close_ones(tmp_path):
    written(tmp_path, "train.csv", CSV)
    with pytest.raises(DataError, match=r"no such data file .*did you mean train\.csv"):
        read_table(tmp_path / "tran.csv")
    with pytest.raises(DataError, match=r"no such data file .*check the path"):
        read_table(tmp_path / "nowhere" / "x.csv")
    with pytest.raises(DataError, match=r"expected a file, found a folder"):
        read_table(tmp_path)


def test_every_extension_has_a_reader(tmp_path):
    assert [extension(tmp_path / f"t.{name}") for name in EXTENSIONS] == list(EXTENSIONS)
