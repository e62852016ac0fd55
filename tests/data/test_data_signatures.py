import gzip
import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modaxfer.data.tables.files import read_table
from modaxfer.errors import DataError


def zipped(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return stream.getvalue()


def parquet():
    stream = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", zipped("xl/workbook.xml"), r"is an Excel workbook \(xlsx\) .*Fix: open it and save .*CSV UTF-8"),
        ("t.xlsx", zipped("xl/workbook.xml"), r"is an Excel workbook .*read_excel\('t\.xlsx'\)\.to_csv\('t\.csv'"),
        ("t.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), r"is an old Excel workbook"),
        ("t.csv", zipped("content.xml"), r"is an OpenDocument file"),
        ("t.zip", zipped("train.csv", "test.csv"), r"is a zip archive with 2 files .*Fix: unpack it"),
        ("t.csv", zipped("train.csv")[:40], r"zip archive that is cut off"),
        ("t.csv", gzip.compress(b"a,b\n1,2\n"), r"is a gzip archive .*Fix: rename it to t\.csv\.gz"),
        ("t.csv", parquet(), r"is a parquet file .*Fix: rename it to t\.parquet"),
        ("t.parquet", b"\n<!DOCTYPE html><html>", r"is a web page \(HTML\) .*needs a login or is gone"),
        ("t.csv", b"<html><body>404</body>", r"is a web page"),
        ("t.csv", b'<?xml version="1.0"?>', r"is an XML document"),
        ("t.csv", b'{"text": "a"}\n', r"is JSON .*Fix: rename it to t\.jsonl"),
        ("t.tsv", b'[{"text": "a"}]', r"is JSON .*Fix: rename it to t\.json"),
        ("t.jsonl", b"text,label\na,b\n", r"is no JSON.*if it is csv, rename it to t\.csv"),
        ("t.parquet", b"version https://git-lfs.github.com/spec/v1\noid", r"pointer of Git LFS.*git lfs pull"),
        ("t.pkl", b"\x80\x04\x95abc", r"is a Python pickle"),
        ("t.jsonl", b"SQLite format 3\0", r"is an SQLite database"),
    ],
)  # fmt: skip
def test_a_file_that_is_something_else_says_what_and_what_to_do(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / name)
