"""Rows for a saved model come from files, folders, a pipe or memory."""

from __future__ import annotations

import gzip
import io
import os
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from modaxfer.errors import DataError
from modaxfer.runner.predict.given import find_rows, piped_rows
from modaxfer.spec import AUDIO, IMAGE, TEXT, Field

TEXT_FIELD, IMAGE_FIELD, SOUND_FIELD = (
    (Field(name=name, signal=signal),) for name, signal in (("text", TEXT), ("photo", IMAGE), ("sound", AUDIO))
)
FRAME = pd.DataFrame({"id": [1, 2], "text": ["one, two", "three"]})


def piped(suffix):
    """Return the bytes of `FRAME` as a file of that kind."""
    file = io.BytesIO()
    if suffix == "parquet":
        FRAME.to_parquet(file)
    elif suffix == "json":
        FRAME.to_json(file, orient="records")
    elif suffix == "jsonl":
        FRAME.to_json(file, orient="records", lines=True)
    else:
        FRAME.to_csv(file, index=False, sep="\t" if suffix == "tsv" else ",")
    return file.getvalue()


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "jsonl", "parquet", "csv.gz"])
def test_a_pipe_brings_any_kind_of_table(suffix):
    data = gzip.compress(piped("csv")) if suffix == "csv.gz" else piped(suffix)
    assert piped_rows(data, TEXT_FIELD).table.column("text").to_pylist() == ["one, two", "three"]


def test_a_pipe_may_have_a_name(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(piped("csv"),))
    writer.start()
    assert find_rows(tmp_path / "pipe", TEXT_FIELD).table.num_rows == 2
    writer.join()


def test_a_malformed_pipe_is_called_standard_input():
    with pytest.raises(DataError, match=r"not valid JSON \(file standard input, row 2\)"):
        piped_rows(b'{"text": "a"}\n{"text": \n', TEXT_FIELD)


def test_a_pipe_brings_one_picture():
    file = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(file, "PNG")
    given = piped_rows(file.getvalue(), IMAGE_FIELD)
    assert given.table.column("photo").to_pylist() == [{"bytes": file.getvalue(), "path": None}]


@pytest.mark.parametrize(("data", "message"), [(b" \n", "standard input is empty"), (b"\x1f\x8bx", "broken gzip")])
def test_an_unusable_pipe_is_named(data, message):
    with pytest.raises(DataError, match=message):
        piped_rows(data, TEXT_FIELD)


def test_a_folder_is_read_all_levels_down_without_hidden_files(tmp_path):
    for name in ("b.png", "deep/er/a.png", ".ipynb_checkpoints/b-checkpoint.png", "deep/.hidden.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    soundfile.write(tmp_path / "noise.wav", np.zeros(80), 8000)
    given = find_rows(tmp_path, IMAGE_FIELD)
    assert sorted(given.table.column("photo").to_pylist()) == ["b.png", "deep/er/a.png"]
    assert given.root == tmp_path.resolve()
    assert given.notes == (
        "files left out: 1 .txt, e.g. notes.txt",
        "files left out, of another kind: 1",
    )
    assert find_rows(str(tmp_path), SOUND_FIELD).table.column("sound").to_pylist() == ["noise.wav"]


def test_one_media_file_or_a_table_of_them(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "rows.csv").write_text("photo\na.png\n")
    assert find_rows(tmp_path / "a.png", IMAGE_FIELD).table.column("photo").to_pylist() == [str(tmp_path / "a.png")]
    given = find_rows(tmp_path / "rows.csv", IMAGE_FIELD)
    assert (given.table.column("photo").to_pylist(), given.root) == (["a.png"], tmp_path.resolve())


def test_text_is_a_sentence_unless_a_file_is_called_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    FRAME.to_csv("rows.csv", index=False)
    assert find_rows("rows.csv", TEXT_FIELD).table.num_rows == 2
    (tmp_path / "court").mkdir()
    for sentence in ("Rows are fine.", "a" * 5000, "court", "", "either/or", "a\0zero"):
        assert find_rows(sentence, TEXT_FIELD).table.column("text").to_pylist() == [sentence]


def test_a_text_file_is_one_text_and_that_is_said(tmp_path):
    (tmp_path / "note.TXT").write_bytes("d\u00e9j\u00e0 vu,\nagain".encode("cp1252"))
    given = find_rows(tmp_path / "note.TXT", TEXT_FIELD)
    assert given.table.column("text").to_pylist() == ["d\u00e9j\u00e0 vu,\nagain"]
    assert "was read as Windows-1252" in given.notes[0]
    assert given.notes[1] == "note.TXT is read as one text; several go into a table, one a row, in a column 'text'"
    (tmp_path / "note.txt").write_bytes(b"%PDF-1.7")
    with pytest.raises(DataError, match="the file is a PDF"):
        find_rows(tmp_path / "note.txt", TEXT_FIELD)


MISSING = {
    "a misspelt text": ("nota.txt", TEXT_FIELD, r"no such file \(file nota.txt\)"),
    "a misspelt table": ("row.csv", TEXT_FIELD, r"no such file \(file row.csv\). Fix: did you mean rows.csv\?"),
    "a misspelt picture": ("b.png", IMAGE_FIELD, r"no such file \(file b.png\). Fix: did you mean a.png\?"),
    "a folder without pictures": ("empty", IMAGE_FIELD, r"no image files in this folder .*Got: an empty folder"),
    "a folder for a text model": ("empty", (*TEXT_FIELD, *IMAGE_FIELD), r"expected a file, found a folder"),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_is_not_there_is_named(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.png").touch()
    (tmp_path / "rows.csv").touch()
    data, fields, message = MISSING[case]
    with pytest.raises(DataError, match=message):
        find_rows(Path(data), fields)
