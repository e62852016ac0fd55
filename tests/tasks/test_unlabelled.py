"""Rows without labels: where they come from, and which of them are left out."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from modaxfer.config import RunConfig
from modaxfer.errors import DataError, RefusedError, UnknownNameError
from modaxfer.tasks.load import fields_of, load_task
from modaxfer.tasks.own import task_from_files
from modaxfer.tasks.unlabelled import find_unlabelled, with_unlabelled

WORDS = ["river", "stone", "cloud", "lamp", "chair", "green", "paper", "seven", "north", "candle"]


def written(path, header, rows):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A table of texts with labels, in a file that also has rows without one."""
    folder = tmp_path_factory.mktemp("own")
    pairs = enumerate(zip(WORDS * 6, sorted(WORDS * 6), strict=True))
    labelled = [f"{one} {two} number {place},{place % 2}" for place, (one, two) in pairs]
    path = written(folder / "own.csv", "text,label", [*labelled, "a row that nobody has read,", "another of these,"])
    spec = task_from_files(RunConfig(data=path, text=("text",), label=("label",)))
    data = load_task(spec)
    return path, data, fields_of(spec, data)


def texts(data):
    return data.splits["unlabelled"]["text"]


def test_rows_without_a_label_in_the_same_file(loaded):
    path, data, fields = loaded
    made = with_unlabelled(data, fields, path, data_dir=None)
    assert texts(made) == ["a row that nobody has read", "another of these"]
    assert made.splits["unlabelled"]["row_id"] == ["unlabelled-61", "unlabelled-62"]
    assert made.unlabelled.dropped == {"copy_of_a_labelled_row": 60}
    assert made.rows == {**data.rows, "unlabelled": 2}
    assert "unlabelled" not in {*made.targets, *made.sealed}
    assert (made.fingerprint, made.identity("train")) == (data.fingerprint, data.fingerprint)
    assert made.identity("unlabelled") == made.unlabelled.fingerprint != data.fingerprint


def test_a_file_needs_the_columns_of_the_task_and_no_other(loaded, tmp_path):
    _, data, fields = loaded
    judging = [data.splits[split]["text"][0] for split in ("validation", "test")]
    taught = data.splits["train"]["text"][0]
    rows = ["Fresh words.", "fresh words", '" "', *(text.upper() for text in judging), taught, taught.upper()]
    path = written(tmp_path / "more.csv", "text", rows)
    made = with_unlabelled(data, fields, path, data_dir=None)
    # What differs from a training row by its letter case is another row; what differs so from one that judges is not.
    assert texts(made) == ["Fresh words.", "fresh words", taught.upper()]
    assert made.unlabelled.dropped == {
        "empty_input": 1,
        "copy_of_a_labelled_row": 1,
        "near_copy_of_a_judging_row": 2,
    }
    with pytest.raises(DataError, match=r"text"):
        with_unlabelled(data, fields, written(tmp_path / "other.csv", "words", ["a", "b"]), data_dir=None)
    with pytest.raises(DataError, match=r"no row without a label is left. Got: 1 copy_of_a_labelled_row"):
        with_unlabelled(data, fields, written(tmp_path / "none.csv", "text", [taught]), data_dir=None)


def test_the_one_field_of_another_task_may_have_another_name(loaded, monkeypatch):
    _, data, fields = loaded
    monkeypatch.delenv("MODAXFER_DATA", raising=False)
    assert find_unlabelled("trec-questions") == "questions/trec-questions"
    made = with_unlabelled(data, fields, "trec-questions", data_dir=None)
    assert made.rows["unlabelled"] > 10
    assert made.unlabelled.source.startswith("task questions/trec-questions, sample made by")
    with pytest.raises(RefusedError, match=r"rows of task breast-cancer lack what the task's rows have"):
        with_unlabelled(data, fields, "breast-cancer", data_dir=None)
    with pytest.raises(UnknownNameError):
        find_unlabelled("no-such-task")


def test_a_name_of_a_file_that_is_not_there_is_no_unknown_task(tmp_path):
    written(tmp_path / "more.csv", "text", ["a"])
    with pytest.raises(DataError, match=r"no such file .*did you mean more.csv"):
        find_unlabelled(str(tmp_path / "mroe.csv"))


def test_images_of_another_folder_are_carried_over(tmp_path):
    colours = np.random.default_rng(0).integers(0, 255, (24, 3))
    for place, colour in enumerate(colours):
        folder = tmp_path / "own" / ("cat" if place % 2 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), tuple(map(int, colour))).save(folder / f"{place}.png")
    other = tmp_path / "other"
    other.mkdir()
    Image.new("RGB", (8, 8), (1, 2, 3)).save(other / "new.png")
    written(other / "rows.csv", "image", ["new.png"])
    own = task_from_files(RunConfig(data=str(tmp_path / "own")))
    data = load_task(own)
    made = with_unlabelled(data, fields_of(own, data), str(other / "rows.csv"), data_dir=None)
    (value,) = made.splits["unlabelled"]["image"]
    assert value == (other / "new.png").read_bytes()
    # A folder of images needs no table, and no folders inside.
    (other / "rows.csv").unlink()
    made = with_unlabelled(data, fields_of(own, data), str(other), data_dir=None)
    assert made.splits["unlabelled"]["image"] == [value]
