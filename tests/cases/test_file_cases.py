"""Files as programs and people leave them, from the path to the rows of a task; what is right is counted by hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from answers import answers_of
from modaxfer.config import RunConfig
from modaxfer.contracts import TaskData
from modaxfer.errors import DataError, ModaxferError
from modaxfer.tasks.load import load_task
from modaxfer.tasks.own import task_from_files

WORDS = (("awful", "broken"), ("lovely", "warm"))
ROWS = [(f"soup {n} was {WORDS[n % 2][n // 2 % 2]}", ("bad", "good")[n % 2]) for n in range(60)]
TRUE = dict(ROWS)


def load(path: Path, limit: int | None = None, **config: Any) -> TaskData:
    return load_task(task_from_files(RunConfig(data=str(path), **{"text": ("text",)} | config)), limit=limit)


def pairs(data: TaskData, column: str = "text") -> dict[str, str]:
    """Return label by text over all splits."""
    return {
        text: data.classes[number]
        for split, rows in data.splits.items()
        for text, number in zip(rows[column], answers_of(data)[split], strict=True)
    }


def written(path: Path, lines: list[str], **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", **options)
    return path


def table(mark: str = ",", header: str = "text{}label", end: str = "") -> list[str]:
    return [header.format(mark), *(f"{text}{mark}{label}{end}" for text, label in ROWS)]


def test_a_tsv_with_fields_that_start_with_a_quote_keeps_every_line(tmp_path):
    lines = ["text\tlabel"]
    lines += [f"{chr(34) * (n in (5, 25))}{text}\t{label}" for n, (text, label) in enumerate(ROWS)]
    data = load(written(tmp_path / "d.tsv", lines))
    expected = {f'"{text}' if n in (5, 25) else text: label for n, (text, label) in enumerate(ROWS)}
    assert pairs(data) == expected
    assert any("2 rows, the first is row 6" in line for line in data.warnings)


def test_the_same_in_csv(tmp_path):
    lines = table()
    lines[8] = '"' + lines[8]
    data = load(written(tmp_path / "d.csv", lines))
    assert len(pairs(data)) == 60
    assert any("1 rows, the first is row 8" in line for line in data.warnings)


@pytest.mark.parametrize(
    ("lines", "column"),
    [
        (["sep=;", *table(";")], "text"),
        (table("\t"), "text"),
        (table("|"), "text"),
        (["# made by hand", *table()], "text"),
        (table(header="\u00a0text\u200b{}label"), "text"),
        (table(header="text{}label,,", end=",,"), "text"),
        (table(";", header='"text, full"{}label'), "text, full"),
        (table(header="te\u0301xte{}label"), "te\u0301xte"),
    ],
)
def test_kinds_of_header(tmp_path, lines, column):
    data = load(written(tmp_path / "d.csv", lines, encoding="utf-8"), text=(column,))
    assert list(data.splits["train"].column_names)[1:] in (["t\u00e9xte"], [column])
    assert pairs(data, data.splits["train"].column_names[1]) == TRUE


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path, encoding):
    lines = ["text,label", *(f"{text} caf\u00e9 \u2013 \u20ac5,{label}" for text, label in ROWS)]
    data = load(written(tmp_path / "d.csv", lines, encoding=encoding))
    assert pairs(data) == {f"{text} caf\u00e9 \u2013 \u20ac5": label for text, label in ROWS}
    assert any("cp1252" in line for line in data.warnings) is (encoding == "cp1252")


def test_a_file_without_header_is_refused_before_columns_are_looked_for(tmp_path):
    with pytest.raises(DataError, match=r"the first line looks like a row.*add a line with names above it"):
        load(written(tmp_path / "d.csv", table()[1:]))


def test_shards_of_a_hub(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    shards = {"train-00000-of-00002": ROWS[:30], "train-00001-of-00002": ROWS[30:48], "test-00000-of-00001": ROWS[48:]}
    for name, rows in shards.items():
        texts, labels = zip(*rows, strict=True)
        pq.write_table(pa.table({"text": texts, "label": labels}), folder / f"{name}.parquet")
    data = load(tmp_path)
    assert pairs(data) == TRUE
    assert sorted(data.splits["test"]["text"]) == sorted(text for text, _ in ROWS[48:])


def test_paths_of_pictures_are_looked_for_beside_the_table_that_names_them(tmp_path):
    folder = tmp_path / "photos" / "data"
    folder.mkdir(parents=True)
    for n in range(20):
        Image.new("RGB", (8, 8), (n, 0, 0)).save(folder / f"{n}.png")
    written(folder / "train.csv", ["photo,label", *(f"{n}.png,{'ab'[n % 2]}" for n in range(20))])
    data = load(tmp_path / "photos", text=(), image=("photo",))
    assert data.root == folder
    assert data.dropped == {}


def test_the_folder_of_a_competition(tmp_path):
    written(tmp_path / "train.csv", table())
    written(tmp_path / "test.csv", ["text", "tea 1", "tea 2"])
    written(tmp_path / "sample_submission.csv", ["id,label", "1,bad"])
    data = load(tmp_path)
    assert pairs(data) == TRUE
    assert any("test.csv has no labels in column 'label': it is left out, for `predict`" in w for w in data.warnings)
    assert any("named for no split: sample_submission.csv" in line for line in data.warnings)


def test_json_rows_with_holes(tmp_path):
    lines = []
    for n, (text, label) in enumerate(ROWS):
        row = {"text": text, "label": int(label == "good"), "extra": {"k": [n]}}
        row = {**row, "label": (row["label"], str(row["label"]), float(row["label"]))[n % 3]}
        lines.append(json.dumps({key: cell for key, cell in row.items() if key != "text" or n % 10 != 9}))
    data = load(written(tmp_path / "d.jsonl", lines))
    kept = {text: str(int(label == "good")) for n, (text, label) in enumerate(ROWS) if n % 10 != 9}
    assert pairs(data) == kept
    assert data.dropped == {"empty_input": 6}


LARGE = "9" * 5000
REFUSED = {
    "deep.jsonl": ('{"text": ' * 50_000, r"nested too deeply .*row 1"),
    "digits.jsonl": ('{"text": "a", "label": ' + LARGE + "}", r"a number has too many digits .*row 1"),
    "nul.csv": ("text,label\na,b\n\0,c", r"line 3 holds a NUL byte"),
    "empty.csv": ("", r"the data file is empty"),
    "twice.csv": ("text,text,label\n1,2,3", r"two columns have the same name"),
    "ragged.csv": ("text,label\na,b\nc,d,e", r"the row has 3 cells, the header 2 .*row 2"),
    "quote.csv": ('text,label\na,b\n"c, d,e\nf,g', r"a quote is opened and not closed in its row .*row 2"),
    "page.csv": ("<!doctype html><title>Sign in</title>", r"is a web page"),
    "book.csv": ("PK\x03\x04", r"zip archive that is cut off"),
    "cut.parquet": ("PAR1", r"not a readable parquet file"),
    "half.csv": ("text,label\n\ud800,b", r"line 2 is not UTF-8"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_broken_files_end_in_one_paragraph_with_the_place(tmp_path, name):
    content, message = REFUSED[name]
    path = tmp_path / name
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(DataError, match=message) as caught:
        load(path)
    assert name in str(caught.value)
    assert caught.value.exit_status == 2


def test_what_is_no_file_never_hangs(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    reading, writing = os.pipe()  # What `--data <(...)` gives.
    for name in ("pipe.csv", "/dev/null", "/dev/zero", f"/dev/fd/{reading}"):
        with pytest.raises(DataError, match=r"a pipe or device, not a file"):
            load(tmp_path / name)
    os.close(reading)
    os.close(writing)
    # Inside of a folder one is passed over.
    written(tmp_path / "folder" / "train.csv", table())
    os.mkfifo(tmp_path / "folder" / "test.csv")
    assert pairs(load(tmp_path / "folder")) == TRUE


def test_very_many_equal_rows_take_no_memory_under_a_limit(tmp_path, monkeypatch):
    """Two million rows are 130 MB of text, and half a GB as Python objects; on disk they are 15 KB."""
    monkeypatch.setattr("modaxfer.tasks.load._MOST", 5_000)
    part = pa.table({"text": ["the same text in every row, with words to make it longer, 64 by."] * 500_000})
    part = part.append_column("label", pa.array(["a", "b"] * 250_000))
    with pq.ParquetWriter(tmp_path / "d.parquet", part.schema) as writer:
        for _ in range(4):
            writer.write_table(part)
    usual = pa.default_memory_pool()
    counted = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(counted)
    try:
        with pytest.raises(ModaxferError, match=r"not enough rows .*4998 duplicate"):
            load(tmp_path / "d.parquet", limit=10)
    finally:
        pa.set_memory_pool(usual)
    assert 0 < counted.max_memory() < 60 * 2**20
