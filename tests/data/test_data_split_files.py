import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modaxfer.data.layouts.folders import read_data
from modaxfer.data.origin import file_of, notes_of, numbers_of, total_of
from modaxfer.data.tables.draws import Draw
from modaxfer.data.tables.gathering import Selection
from modaxfer.errors import DataError

ROWS = [{"text": f"soup {number}", "label": "ab"[number % 2]} for number in range(30)]


def fill(root, **files):
    """Write rows into files; a name may hold folders, and double underscores for dots."""
    for name, rows in files.items():
        path = root / name.replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
        elif path.suffix == ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        else:
            lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
            path.write_text("\n".join(lines) + "\n")
    return root


@pytest.mark.parametrize(
    "names",
    [
        ("train-00000-of-00002.parquet", "train-00001-of-00002.parquet", "test-00000-of-00001.parquet"),
        ("data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "data/test-00000-of-00001.parquet"),
        ("train-1.csv", "train-2.csv", "test.csv"),
        ("train_0.jsonl", "train_1.jsonl", "test_0.jsonl"),
        ("train.part1.csv", "train.part2.csv", "test.csv"),
        ("train/0000.parquet", "train/0001.parquet", "test/0000.parquet"),
        ("default/train/0000.parquet", "default/train/0001.parquet", "default/test/0000.parquet"),
        ("train9.csv", "train10.csv", "test.csv"),
        (
            "train-00000-of-00002-0a1b2c3d4e5f.csv",
            "train-00001-of-00002-a09b74b3ef9c.csv",
            "test-00000-of-00001-b9c8d7e6f5a4.csv",
        ),
    ],
)
def test_parts_of_a_split_are_put_together_in_order(tmp_path, names):
    parts = (ROWS[:12], ROWS[12:24], ROWS[24:])
    tables = read_data(fill(tmp_path, **dict(zip(names, parts, strict=True))))
    assert tables["train"].to_pylist() == ROWS[:24]
    assert tables["test"].to_pylist() == ROWS[24:]
    assert numbers_of(tables["train"]).tolist() == list(range(1, 25))
    assert file_of(tables["train"]).endswith(f"{names[0]} and 1 more")


def test_a_common_beginning_is_no_part_of_the_split(tmp_path):
    tables = read_data(fill(tmp_path, **{"reviews_train.csv": ROWS[:20], "reviews_test.csv": ROWS[20:]}))
    assert {split: table.num_rows for split, table in tables.items()} == {"train": 20, "test": 10}


def test_files_named_for_no_split_are_left_out_and_named(tmp_path):
    fill(tmp_path, **{"train.csv": ROWS, "sample_submission.csv": ROWS, "dataset_info.json": ROWS})
    (note,) = notes_of(read_data(tmp_path)["train"])
    assert note.endswith("files left out, as they are named for no split: sample_submission.csv")


def test_a_part_drawn_from_parts_is_that_drawn_from_one_file(tmp_path):
    fill(tmp_path / "one", **{"train.csv": ROWS})
    fill(tmp_path / "more", **{"train-1.csv": ROWS[:7], "train-2.csv": ROWS[7:]})
    selection = Selection(draw=Draw(rows=10, seed=3, label="label", least=2))
    one, more = (read_data(tmp_path / name, selection)["train"] for name in ("one", "more"))
    assert one.to_pylist() == more.to_pylist()
    assert numbers_of(one).tolist() == numbers_of(more).tolist()
    assert total_of(one) == total_of(more) == 30


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"train-00000-of-00003.csv": ROWS, "train-00002-of-00003.csv": ROWS},
            r"parts of the split train are missing.*Got: train-00000-of-00003\.csv, .*Allowed: 3 parts.*download",
        ),
        ({"train.csv": ROWS, "train-1.csv": ROWS}, r"two files for the split train"),
        ({"train-1.csv": ROWS, "train-1.jsonl": ROWS}, r"two files for the split train"),
        (
            {"train-1.csv": ROWS, "train-2.csv": [{"text": "a", "lable": "b"}]},
            r"a part has other columns than the first \(file .*train-2\.csv\)\. Got: text, lable\. Allowed: text",
        ),
        (
            {"train-1.parquet": [{"text": "a", "n": 1}], "train-2.parquet": [{"text": "a", "n": "x"}]},
            r"other types of columns",
        ),
        (
            {"en/train.csv": ROWS, "de/train.csv": ROWS},
            r"several folders hold splits.*Got: de, en.*point --data at one",
        ),
        ({"one.csv": ROWS}, r"no data in this folder .*Fix: name the file, --data .*one\.csv"),
        ({"data/one.csv": ROWS}, r"no data in this folder .*Fix: name the file, --data .*data/one\.csv"),
        (
            {"dataset_dict.json": ROWS, "train/data-00000-of-00001.arrow": ROWS},
            r"no data in this folder .*load_from_disk.*to_parquet",
        ),
        ({"train/1.csv": ROWS, "training/1.csv": ROWS}, r"two folders for the split train"),
    ],
)
def test_splits_that_are_not_whole(tmp_path, files, message):
    with pytest.raises(DataError, match=message):
        read_data(fill(tmp_path, **files))


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (("train.csv", "eval.csv"), ["train", "test"]),
        (("train.csv", "dev.csv", "eval.csv"), ["train", "validation", "test"]),
        (("train.csv", "Evaluation.csv", "test.csv"), ["train", "validation", "test"]),
        (("train/0.csv", "eval/0.csv", "test/0.csv"), ["train", "validation", "test"]),
    ],
)
def test_eval_is_the_split_that_is_not_there(tmp_path, names, splits):
    for name in names:
        fill(tmp_path, **{name: ROWS})
    assert list(read_data(tmp_path)) == splits


def test_eval_beside_all_splits_is_left_out_and_said(tmp_path):
    tables = read_data(fill(tmp_path, **{f"{name}.csv": ROWS for name in ("train", "val", "test", "eval")}))
    assert "named for no split: eval.csv" in notes_of(tables["train"])[0]


def test_split_files_two_folders_down_are_found(tmp_path):
    tables = read_data(fill(tmp_path, **{"outer/inner/train.csv": ROWS, "outer/inner/test.csv": ROWS}))
    assert list(tables) == ["train", "test"]
    assert "outer: read the folder inside, inner" in notes_of(tables["train"])


def test_a_folder_of_numbered_shards_is_train(tmp_path):
    for name in ("part-00001.parquet", "part-00000.snappy.parquet", "part-00002.parquet"):
        pq.write_table(pa.table({"text": [name]}), tmp_path / name)
    (tmp_path / "README.md").write_text("")
    table = read_data(tmp_path)["train"]
    assert table["text"].to_pylist() == ["part-00000.snappy.parquet", "part-00001.parquet", "part-00002.parquet"]
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "other.parquet")
    with pytest.raises(DataError, match=r"no data in this folder"):
        read_data(tmp_path)
