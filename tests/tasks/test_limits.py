"""The limit comes first: only a part of the rows is cleaned and decoded, and it is the same part for the same seed."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from PIL import Image

from answers import answers_of
from modaxfer.data import cleaning
from modaxfer.data.rows import Rows
from modaxfer.errors import DataError
from modaxfer.spec import IMAGE, TEXT, Field, FolderSource, Target, TaskSpec
from modaxfer.tasks import reading
from modaxfer.tasks.load import load_task


@pytest.fixture
def small_pools(monkeypatch):
    monkeypatch.setattr(reading, "_POOL", 60)
    monkeypatch.setattr(reading, "_MEDIA_POOL", 60)


def task(path, field=TEXT):
    name = "image" if field is IMAGE else "text"
    return TaskSpec(
        name="mine", fields=(Field(name=name, signal=field),), target=Target(), sources=(FolderSource(name=str(path)),)
    )


def rows(count, classes="ab"):
    return pa.table(
        {
            "text": [f"text {number}" for number in range(count)],
            "label": [classes[number % len(classes)] for number in range(count)],
        }
    )


def written(tmp_path, table, name="t.parquet"):
    pq.write_table(table, tmp_path / name)
    return tmp_path / name


def test_the_limit_is_read_first_and_that_is_said(tmp_path, small_pools):
    data = load_task(task(written(tmp_path, rows(3000))), limit=20)
    assert {split: len(part) for split, part in data.splits.items()} == {"train": 20, "validation": 5, "test": 5}
    (note,) = data.warnings
    assert note.startswith("60 of 3,000 rows of train were drawn for the limit, before cleaning")
    # The ids name rows of the file, not of the part that was drawn.
    for part in data.splits.values():
        for row_id, text in zip(part["row_id"], part["text"], strict=True):
            assert text == f"text {int(row_id.removeprefix('train-')) - 1}"


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({"limit": 20, "test_limit": 90}, {"train": 20, "validation": 5, "test": 60}),
        ({"limit": 20, "test_limit": 4}, {"train": 20, "validation": 5, "test": 4}),
        ({"test_limit": 30}, {"train": 204, "validation": 36, "test": 30}),
    ],
)
def test_test_rows_have_a_limit_of_their_own(tmp_path, asked, kept):
    data = load_task(task(written(tmp_path, rows(300))), **asked)
    assert {split: len(part) for split, part in data.splits.items()} == kept


def test_the_same_seed_gives_the_same_rows_whatever_the_format(tmp_path, small_pools):
    table = rows(3000)
    parquet = written(tmp_path, table)
    pyarrow.csv.write_csv(table, tmp_path / "t.csv")
    prints = [load_task(task(path), limit=20, seed=seed).fingerprint
              for path, seed in ((parquet, 0), (tmp_path / "t.csv", 0), (parquet, 1))]  # fmt: skip
    assert prints[0] == prints[1]
    assert prints[0] != prints[2]


def test_a_limit_that_nothing_exceeds_changes_nothing(tmp_path, small_pools):
    path = written(tmp_path, rows(50))
    assert load_task(task(path), limit=50).fingerprint == load_task(task(path)).fingerprint
    assert load_task(task(path), limit=50).warnings == ()


def test_rare_classes_reach_every_split(tmp_path, small_pools):
    labels = ["common"] * 2980 + ["rare"] * 20
    table = rows(3000).set_column(1, "label", pa.array(labels))
    data = load_task(task(written(tmp_path, table)), limit=20)
    for split in data.splits:
        assert (answers_of(data)[split] == data.classes.index("rare")).sum() >= 1


def test_more_is_read_where_too_little_of_what_was_drawn_is_usable(tmp_path, small_pools):
    table = rows(3000)
    blank = [None if number % 7 else text for number, text in enumerate(table["text"].to_pylist())]
    data = load_task(task(written(tmp_path, table.set_column(0, "text", pa.array(blank)))), limit=40)
    assert len(data.splits["train"]) == 40
    assert "960 of 3,000 rows" in "".join(data.warnings)


def test_an_error_that_more_rows_cannot_mend_comes_at_once(tmp_path, small_pools, monkeypatch):
    path = written(tmp_path, rows(3000, classes="abcdefgh"))
    with pytest.raises(DataError, match=r"the limit is below the number of classes, 8"):
        load_task(task(path), limit=5)


def test_test_rows_are_drawn_too_and_keep_apart_from_train(tmp_path, small_pools):
    written(tmp_path, rows(3000), "train.parquet")
    written(tmp_path, rows(5000).slice(4000), "test.parquet")
    data = load_task(task(tmp_path), limit=40)
    assert {split: len(part) for split, part in data.splits.items()} == {"train": 40, "validation": 10, "test": 10}
    assert all(int(text.split()[1]) >= 4000 for text in data.splits["test"]["text"])


def test_only_drawn_pictures_are_opened(tmp_path, small_pools, monkeypatch):
    opened = []
    inspect = cleaning.inspect_media
    monkeypatch.setattr(
        cleaning, "inspect_media", lambda values, *rest: opened.extend(values) or inspect(values, *rest)
    )
    folder = tmp_path / "photos"
    for number in range(300):
        (folder / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "ab"[number % 2] / f"{number}.png")
    data = load_task(task(folder, IMAGE), limit=16)
    assert len(data.splits["train"]) == 16
    assert len(opened) <= 76


def test_columns_of_more_bytes_than_32_bits_can_reach_are_taken_from(monkeypatch):
    # As with 2 GiB of text: offsets of the small type cannot hold what is put together.
    monkeypatch.setattr("modaxfer.data.rows._MOST_BYTES", 100)
    table = pa.table({"text": pa.chunked_array([["x" * 60], ["y" * 60]]), "n": [1, 2]})
    part = Rows(table=table, labels=["a", "b"], numbers=np.arange(1, 3), split="train", file="t", media={})
    taken = part.take(np.array([1, 0])).table
    assert taken.schema.field("text").type == pa.large_string()
    assert taken["text"].to_pylist() == ["y" * 60, "x" * 60]


@pytest.mark.parametrize("labels", [None, [None] * 10])
def test_a_test_file_without_labels_is_kept_for_prediction(tmp_path, labels):
    written(tmp_path, rows(100), "train.parquet")
    test = rows(10).drop_columns("label")
    test = test if labels is None else test.append_column("label", pa.array(labels, pa.string()))
    path = written(tmp_path, test, "test.parquet")
    data = load_task(task(tmp_path))
    assert all(row_id.startswith("train-") for row_id in data.splits["test"]["row_id"])
    assert data.warnings == (
        f"{path} has no labels in column 'label': it is left out, for `predict`; a test split is made from train",
    )


def test_a_test_file_whose_label_is_misspelt_is_refused(tmp_path):
    written(tmp_path, rows(100), "train.parquet")
    written(tmp_path, rows(10).rename_columns(["text", "Label"]), "test.parquet")
    with pytest.raises(DataError, match=r"label column 'label' is not in the data .*did you mean Label"):
        load_task(task(tmp_path))


def test_bytes_are_read_as_large_binary(tmp_path):
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(stream, "PNG")
    table = pa.table({"image": [stream.getvalue() + bytes([number]) for number in range(40)], "label": ["a", "b"] * 20})
    assert len(load_task(task(written(tmp_path, table), IMAGE)).splits["train"]) == 28
