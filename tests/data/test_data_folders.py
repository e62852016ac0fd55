from pathlib import Path

import pytest

from modaxfer.data.layouts.folders import read_data
from modaxfer.data.origin import file_of, notes_of
from modaxfer.errors import DataError


def fill(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text,label\na,b\n")
    return root


@pytest.mark.parametrize("alias", ["validation", "val", "valid", "dev", "Val"])
def test_split_files_and_their_aliases(tmp_path, alias):
    tables = read_data(fill(tmp_path, "train.csv", f"{alias}.csv", "test.csv", "README.md", "notes.csv"))
    assert list(tables) == ["train", "validation", "test"]
    assert file_of(tables["validation"]) == str(tmp_path / f"{alias}.csv")


def test_a_file_is_one_split(tmp_path):
    assert list(read_data(fill(tmp_path, "mine.csv") / "mine.csv")) == ["train"]


def test_class_folders(tmp_path):
    fill(tmp_path, "cat/1.png", "cat/deep/2.JPG", "dog/3.png", ".hidden/4.png", "dog/.DS_Store", "dog/notes.txt")
    table = read_data(tmp_path)["train"]
    assert table.to_pylist() == [
        {"image": "cat/1.png", "label": "cat"},
        {"image": "cat/deep/2.JPG", "label": "cat"},
        {"image": "dog/3.png", "label": "dog"},
    ]
    assert notes_of(table) == (f"{tmp_path}/dog: files left out, neither image nor sound: 1 .txt, e.g. notes.txt",)


def test_class_folders_below_splits(tmp_path):
    fill(tmp_path, "train/cat/1.wav", "train/dog/2.flac", "val/cat/3.ogg", "test/dog/4.wav")
    tables = read_data(tmp_path)
    assert {split: table.to_pylist() for split, table in tables.items()} == {
        "train": [{"audio": "train/cat/1.wav", "label": "cat"}, {"audio": "train/dog/2.flac", "label": "dog"}],
        "validation": [{"audio": "val/cat/3.ogg", "label": "cat"}],
        "test": [{"audio": "test/dog/4.wav", "label": "dog"}],
    }


def test_split_files_beat_the_media_folders_they_point_into(tmp_path):
    assert read_data(fill(tmp_path, "train.csv", "images/1.png"))["train"].column_names == ["text", "label"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("train.csv", "train.tsv"), r"two files for the split train .*train\.csv, train\.tsv.*keep one"),
        (("train.csv", "val.csv", "dev.csv"), r"two files for the split validation"),
        (("test.csv",), r"no training split .*Got: test"),
        (("data.csv",), r"no data in this folder .*Got: data\.csv\. Allowed: files named train, validation, test"),
        (("cat/1.png", "dog/2.wav"), r"images and sounds in one set"),
        (("train/1.png", "test/2.png"), r"no class folders with images or sounds .*test"),
        (("train/1.png", "train/metadata.csv"), r"Fix: name the file with their labels: --data .*train/metadata\.csv"),
    ],
)
def test_folders_that_are_neither(tmp_path, names, message):
    with pytest.raises(DataError, match=message):
        read_data(fill(tmp_path, *names))


def test_an_empty_folder(tmp_path):
    with pytest.raises(DataError, match=r"no data in this folder .*Got: an empty folder"):
        read_data(tmp_path)


def test_a_name_too_long_for_any_file():
    with pytest.raises(DataError, match=r"cannot read /x+\. Got: File name too long\. Fix: check the name"):
        read_data(Path("/" + "x" * 5000))
