import collections
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from PIL import Image

from answers import answers_of
from modaxfer.errors import DataError
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, Field, FolderSource, SplitPolicy, Target, TaskSpec
from modaxfer.tasks.load import fields_of, load_task

TEXT_FIELD = (Field(name="text", signal=TEXT),)


def spec(fields=TEXT_FIELD, target=None, **options):
    return TaskSpec(
        name="mine", fields=fields, target=target or Target(), sources=(FolderSource(name="mine"),), **options
    )


def store(tmp_path, **splits):
    """Write each split as a parquet file and return the folder to give as data_dir."""
    folder = tmp_path / "mine"
    folder.mkdir(exist_ok=True, parents=True)
    for split, columns in splits.items():
        pq.write_table(pa.table(columns), folder / f"{split}.parquet")
    return tmp_path


def texts(count, start=0, classes=("a", "b")):
    numbers = range(start, start + count)
    return {"text": [f"text {n}" for n in numbers], "label": [classes[n % len(classes)] for n in numbers]}


def column(data, split, name="text"):
    return data.splits[split][name]


def test_given_splits_are_kept(tmp_path):
    root = store(tmp_path, train=texts(20), validation=texts(5, 100), test=texts(7, 200))
    data = load_task(spec(), data_dir=root)
    assert {split: len(rows) for split, rows in data.splits.items()} == {"train": 20, "validation": 5, "test": 7}
    assert data.splits["test"].column_names == ["row_id", "text"]
    assert column(data, "test", "row_id")[:2] == ["test-1", "test-2"]
    assert data.classes == ("a", "b")
    assert data.targets["train"].dtype == np.int64
    assert data.targets["train"].tolist() == [0, 1] * 10
    assert data.source == f"folder {root / 'mine'}"
    assert data.root == root / "mine"
    assert (data.dropped, data.dropped_rows, data.warnings) == ({}, (), ())


def test_missing_splits_are_carved_from_train(tmp_path):
    data = load_task(spec(), data_dir=store(tmp_path, train=texts(200)))
    assert {split: len(rows) for split, rows in data.splits.items()} == {"train": 136, "validation": 24, "test": 40}
    for targets in answers_of(data).values():
        assert abs(targets.mean() - 0.5) < 0.05
    seen = [row_id for rows in data.splits.values() for row_id in rows["row_id"]]
    assert sorted(seen) == sorted(f"train-{n}" for n in range(1, 201))


def test_row_ids_name_the_row_that_the_file_has(tmp_path):
    data = load_task(spec(), data_dir=store(tmp_path, train=texts(50)))
    for rows in data.splits.values():
        for row in rows:
            assert row["text"] == f"text {int(row['row_id'].removeprefix('train-')) - 1}"


def test_the_seed_decides_made_splits_and_nothing_else(tmp_path):
    root = store(tmp_path, train=texts(100), test=texts(20, 500))
    first, again, other = (load_task(spec(), data_dir=root, seed=seed) for seed in (0, 0, 1))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert column(first, "validation") == column(again, "validation") != column(other, "validation")
    assert column(first, "test") == column(other, "test")


def test_groups_stay_on_one_side(tmp_path):
    rows = texts(120) | {"author": [f"author {n // 4}" for n in range(120)]}
    data = load_task(spec(splits=SplitPolicy(group=("author",))), data_dir=store(tmp_path, train=rows))
    authors = [set(column(data, split, "author")) for split in data.splits]
    assert sum(map(len, authors)) == len(set.union(*authors)) == 30
    assert fields_of(spec(splits=SplitPolicy(group=("author",))), data) == TEXT_FIELD


def test_rows_without_a_group_are_no_group(tmp_path):
    rows = texts(100) | {"author": pa.array([None] * 100, pa.string())}
    data = load_task(spec(splits=SplitPolicy(group=("author",))), data_dir=store(tmp_path, train=rows))
    assert len(data.splits["test"]) == 20


def test_equal_inputs_with_different_labels_stay_on_one_side(tmp_path):
    rows = {"text": [f"text {n // 2}" for n in range(100)], "label": ["a", "b"] * 50}
    data = load_task(spec(), data_dir=store(tmp_path, train=rows))
    sides = [set(column(data, split)) for split in data.splits]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 50
    assert any("inputs that stand in train with two or more different labels: " in w for w in data.warnings)


def test_copies_are_dropped_in_train_and_kept_in_test(tmp_path):
    train, test = texts(20), texts(6, 100)
    train = {name: [*values, *values[:3]] for name, values in train.items()}
    test = {name: [*values, *values[:2]] for name, values in test.items()}
    data = load_task(spec(), data_dir=store(tmp_path, train=train, validation=texts(4, 50), test=test))
    assert len(data.splits["train"]) == 20
    assert len(data.splits["test"]) == 8
    assert data.dropped == {"duplicate": 3}
    assert data.dropped_rows[0] == "train.parquet row 21: same inputs and label as row 1"


def test_test_rows_that_stand_in_train_are_said(tmp_path):
    test = {"text": ["text 1", "new", "newer"], "label": ["a", "b", "a"]}
    data = load_task(spec(), data_dir=store(tmp_path, train=texts(20), validation=texts(4, 50), test=test))
    assert len(data.splits["test"]) == 3
    assert data.warnings == ("1 of 3 test rows have the same inputs as a training row",)


def test_disjoint_columns_leave_the_earlier_split(tmp_path):
    validation = {"text": ["text 3", "text 201", "other"], "label": ["a", "b", "a"]}
    test = {"text": ["text 3", "text 4", "text 201"], "label": ["a", "b", "a"]}
    root = store(tmp_path, train=texts(20), validation=validation, test=test)
    data = load_task(spec(splits=SplitPolicy(disjoint=("text",))), data_dir=root)
    assert {split: len(rows) for split, rows in data.splits.items()} == {"train": 18, "validation": 1, "test": 3}
    assert data.dropped == {"also_in_test": 4}
    assert "train.parquet row 4: its text also stands in test" in data.dropped_rows
    assert (
        load_task(spec(splits=SplitPolicy(disjoint=("text",))), data_dir=root, on_bad_row="fail").dropped
        == data.dropped
    )


def test_bad_rows_are_dropped_counted_and_named(tmp_path):
    rows = texts(30)
    rows["text"][1] = "  "
    rows["label"][2] = None
    rows["label"][4] = " "
    data = load_task(spec(), data_dir=store(tmp_path, train=rows))
    assert data.dropped == {"empty_input": 1, "missing_label": 2}
    assert data.dropped_rows == (
        "train.parquet row 2: no input",
        "train.parquet row 3: missing label",
        "train.parquet row 5: missing label",
    )


def test_bad_rows_are_refused_where_asked(tmp_path):
    rows = texts(30)
    rows["text"][1] = ""
    with pytest.raises(DataError, match=r"unusable rows: 1\. Got: train\.parquet row 2: no input\..*--on-bad-row drop"):
        load_task(spec(), data_dir=store(tmp_path, train=rows), on_bad_row="fail")


def test_a_test_row_whose_label_train_lacks_is_kept(tmp_path):
    root = store(tmp_path, train=texts(20), test=texts(6, 100, ("a", "b", "c")))
    data = load_task(spec(), data_dir=root)
    assert data.classes == ("a", "b")
    assert data.dropped == {}
    assert answers_of(data)["test"].tolist() == [1, -1, 0, 1, -1, 0]
    assert data.unseen == {}
    assert data.sealed["test"].unseal().unseen == {1: ("c",), 4: ("c",)}
    said = "2 of 6 test rows have a class that no training row has (c): they are kept and count as errors"
    assert said in data.warnings


def test_labels_of_a_row_that_train_lacks_are_kept(tmp_path):
    train = {"text": [f"t{n}" for n in range(20)], "label": [["a"], ["a", "b"]] * 10}
    root = store(tmp_path, train=train, test={"text": ["x", "y"], "label": [["a", "z"], ["b"]]})
    data = load_task(spec(target=Target(problem="multilabel")), data_dir=root)
    assert answers_of(data)["test"].tolist() == [[1, 0], [0, 1]]
    assert data.sealed["test"].unseal().unseen == {0: ("z",)}


def test_a_class_without_training_rows_is_said(tmp_path):
    data = load_task(spec(target=Target(classes=("a", "b", "c"))), data_dir=store(tmp_path, train=texts(40)))
    assert data.classes == ("a", "b", "c")
    assert "no training row has the class c" in data.warnings


def test_a_class_of_one_row_stays_in_train_and_that_is_said(tmp_path):
    rows = {"text": [f"t{n}" for n in range(40)], "label": ["a"] * 20 + ["b"] * 19 + ["c"]}
    data = load_task(spec(), data_dir=store(tmp_path, train=rows))
    assert 2 in data.targets["train"]
    assert {2} & {*data.targets["validation"], *answers_of(data)["test"]} == set()
    assert "no test row has the class c: too few rows to part" in data.warnings


@pytest.mark.parametrize(("each", "classes"), [(2, 30), (3, 20), (4, 30)])
def test_classes_of_few_rows_are_parted_and_train_keeps_most(tmp_path, each, classes):
    rows = {
        "text": [f"t{n}" for n in range(each * classes)],
        "label": [f"c{n % classes}" for n in range(each * classes)],
    }
    data = load_task(spec(), data_dir=store(tmp_path, train=rows))
    sizes = {split: len(targets) for split, targets in answers_of(data).items()}
    assert set(data.targets["train"]) == set(range(classes))
    assert sizes["train"] >= 0.5 * each * classes
    assert 0.2 * each * classes <= sizes["test"] <= 0.3 * each * classes
    assert sizes["validation"] >= 0.1 * each * classes


def png(value):
    buffer = io.BytesIO()
    Image.new("L", (4, 4), value).save(buffer, "PNG")
    return buffer.getvalue()


def test_media_stay_encoded_and_broken_ones_are_dropped(tmp_path):
    images = [{"bytes": png(n), "path": None} for n in range(30)]
    images[3] = {"bytes": b"broken", "path": "3.png"}
    root = store(tmp_path, train={"image": images, "label": ["a", "b"] * 15})
    data = load_task(spec((Field(name="image", signal=IMAGE),)), data_dir=root)
    assert data.dropped == {"unreadable_image": 1}
    assert data.dropped_rows[0].startswith("train.parquet row 4: unreadable image (file 3.png)")
    assert data.splits["train"][0]["image"]["bytes"].startswith(b"\x89PNG")


def test_class_folders_of_sounds(tmp_path):
    random = np.random.default_rng(0)
    for label in ("low", "high"):
        (tmp_path / "mine" / label).mkdir(parents=True)
        for n in range(12):
            soundfile.write(tmp_path / "mine" / label / f"{n}.wav", random.normal(size=50) / 10, 8000)
    data = load_task(spec((Field(name="audio", signal=AUDIO),)), data_dir=tmp_path)
    assert data.classes == ("high", "low")
    assert data.root == tmp_path / "mine"
    assert column(data, "train", "audio")[0].startswith("high/")


def test_the_fingerprint_is_that_of_the_content(tmp_path):
    rows = texts(40)
    paths = []
    for n in range(40):
        (tmp_path / "first" / "mine").mkdir(parents=True, exist_ok=True)
        (tmp_path / "first" / "mine" / f"{n}.png").write_bytes(png(n))
        paths.append(f"{n}.png")
    by_path = store(tmp_path / "first", train={"image": paths, "label": rows["label"]})
    by_bytes = store(tmp_path, train={"image": [png(n) for n in range(40)], "label": rows["label"], "x": rows["text"]})
    image = (Field(name="image", signal=IMAGE),)
    first, second = (load_task(spec(image), data_dir=root) for root in (by_path, by_bytes))
    assert first.fingerprint == second.fingerprint
    assert first.root != second.root


def table_rows(count):
    random = np.random.default_rng(0)
    return {
        "x": random.normal(size=count),
        "y": random.normal(size=count),
        "id": range(count),
        "label": ["a", "b"] * (count // 2),
    }


def test_a_table_task_without_fields_takes_every_column(tmp_path):
    rows = table_rows(40) | {"same": [1] * 40}
    task = spec((), keep=("id",))
    data = load_task(task, data_dir=store(tmp_path, train=rows))
    assert data.splits["train"].column_names == ["row_id", "x", "y", "id"]
    assert [field.name for field in fields_of(task, data)] == ["x", "y"]
    assert data.dropped == {"constant_columns": 1}
    assert data.warnings == ("columns with one value throughout were left out: same",)


def test_infinite_table_values_are_bad_and_gaps_are_not(tmp_path):
    rows = table_rows(40)
    rows["x"][:3] = np.inf, np.nan, -np.inf
    data = load_task(spec((), keep=("id",)), data_dir=store(tmp_path, train=rows))
    assert data.dropped == {"infinite_input": 2}


def test_equal_rows_of_a_coarse_table_are_observations(tmp_path):
    rows = {"x": [float(n % 3) for n in range(60)], "label": ["a", "b"] * 30}
    data = load_task(spec((Field(name="x", signal=TABLE),)), data_dir=store(tmp_path, train=rows))
    assert sum(map(len, data.splits.values())) == 60
    assert data.warnings == ("only 3 distinct rows among 40 training rows; equal rows were all kept",)


def test_regression(tmp_path):
    rows = {"text": [f"t{n}" for n in range(103)], "label": [*map(float, range(100)), float("nan"), float("inf"), None]}
    data = load_task(spec(target=Target(problem="regression")), data_dir=store(tmp_path, train=rows))
    assert data.classes == ()
    assert data.targets["train"].dtype == np.float64
    assert data.dropped == {"missing_label": 2, "infinite_label": 1}
    assert abs(answers_of(data)["test"].mean() - 49.5) < 5


def test_multilabel(tmp_path):
    rows = {"text": [f"t{n}" for n in range(40)], "label": [["x", "y"], ["y"], [], ["z"]] * 10}
    data = load_task(spec(target=Target(problem="multilabel")), data_dir=store(tmp_path, train=rows))
    assert data.classes == ("x", "y", "z")
    assert answers_of(data)["test"].shape == (8, 3)
    assert answers_of(data)["test"].sum(axis=0).tolist() == [2, 4, 2]


def test_limit_is_stratified(tmp_path):
    classes = ("a",) * 8 + ("b",) * 2
    root = store(tmp_path, train=texts(500, classes=classes), test=texts(100, 1000, classes))
    data = load_task(spec(), data_dir=root, limit=50)
    assert len(data.splits["train"]) == 50
    assert collections.Counter(data.targets["train"].tolist()) == {0: 40, 1: 10}
    assert {len(data.splits["validation"]), len(data.splits["test"])} == {12}
    assert min(answers_of(data)["test"].tolist().count(n) for n in (0, 1)) >= 2
    assert len(load_task(spec(), data_dir=root, limit=10_000).splits["test"]) == 100


def test_a_small_limit_leaves_two_rows_a_class(tmp_path):
    root = store(tmp_path, train=texts(100), test=texts(100, 1000))
    data = load_task(spec(), data_dir=root, limit=4)
    assert [sorted(targets.tolist()) for targets in answers_of(data).values()] == [[0, 0, 1, 1]] * 3
    with pytest.raises(DataError, match=r"below the number of classes, 2\. Got: 1\. Fix: raise --limit"):
        load_task(spec(), data_dir=root, limit=1)


@pytest.mark.parametrize(
    ("train", "options", "message"),
    [
        (texts(30, classes=("a",)), {}, r"a single class .*column 'label'.*Got: a"),
        (texts(9), {}, r"not enough rows .*Got: 9\. Allowed: at least 10 labelled rows"),
        (
            texts(30, classes=("a", "b", "c")),
            {"target": Target(problem="binary")},
            r"binary task has two classes .*Got: a, b, c.*multiclass",
        ),
        (
            {"text": [f"t{n}" for n in range(30)], "label": [f"c{n}" for n in range(30)]},
            {},
            r"every class has a single row, so none can be tested .*Got: 30 classes in 30 rows",
        ),
        (
            {"text": [f"t{n}" for n in range(20)], "label": [1.0] * 20},
            {"target": Target(problem="regression")},
            r"the label never varies",
        ),
        ({"text": [""] * 20, "label": ["a", "b"] * 10}, {}, r"no usable row is left in split train .*train\.parquet"),
        (
            {"x": ["q"] * 20, "label": ["a", "b"] * 10},
            {"fields": ()},
            r"every input column holds one value only\. Got: x",
        ),
        ({"label": ["a", "b"] * 10}, {"fields": ()}, r"no input column .*Got: label"),
        ({"row_id": ["x"] * 20, "label": ["a", "b"] * 10}, {"fields": ()}, r"the column name is reserved .*row_id"),
        (
            {"i": [{"bytes": b"x", "path": ""}] * 20, "label": ["a", "b"] * 10},
            {"fields": ()},
            r"encoded files and no input column was named .*--image i",
        ),
        (texts(20) | {"label": [["a"], ["b"]] * 10}, {}, r"the label column holds lists"),
        (
            texts(20),
            {"target": Target(column="lable")},
            r"label column 'lable' is not in the data .*did you mean label",
        ),
        (
            texts(20),
            {"fields": (Field(name="txt", signal=TEXT),)},
            r"column 'txt' is not in the data .*did you mean text",
        ),
        (texts(20), {"splits": SplitPolicy(group=("author",))}, r"column 'author' is not in the data"),
        (texts(20) | {"g": ["one"] * 20}, {"splits": SplitPolicy(group=("g",))}, r"too few groups of rows"),
    ],
)
def test_what_cannot_be_a_task_is_refused(tmp_path, train, options, message):
    with pytest.raises(DataError, match=message):
        load_task(spec(**options), data_dir=store(tmp_path, train=train))


def test_a_column_that_one_split_lacks_is_named_with_its_file(tmp_path):
    root = store(tmp_path, train=table_rows(20), test={"x": [1.0], "label": ["a"]})
    with pytest.raises(DataError, match=r"column 'y' is not in the data \(file .*test\.parquet\)"):
        load_task(spec(()), data_dir=root)


def test_an_empty_given_split_is_named(tmp_path):
    root = store(tmp_path, train=texts(20), test={"text": ["", ""], "label": ["a", "b"]})
    with pytest.raises(DataError, match=r"no usable row is left in split test .*test\.parquet"):
        load_task(spec(), data_dir=root)


def test_given_splits_may_be_small(tmp_path):
    root = store(tmp_path, train=texts(2), validation=texts(2, 10), test=texts(2, 20))
    assert len(load_task(spec(), data_dir=root).splits["train"]) == 2
    root = store(tmp_path, train=texts(1), validation=texts(2, 10), test=texts(2, 20))
    with pytest.raises(DataError, match=r"not enough rows .*at least 2 labelled training rows"):
        load_task(spec(), data_dir=root)


def test_equal_inputs_have_equal_digests_in_other_tasks_too(tmp_path):
    ours = load_task(spec(), data_dir=store(tmp_path / "ours", train=texts(30), test=texts(10, 30)))
    others = {"said": texts(40, 35)["text"], "label": [0.1 * n for n in range(40)]}
    theirs = load_task(
        spec((Field(name="said", signal=TEXT),), Target(problem="regression")),
        data_dir=store(tmp_path / "theirs", train=others),
        limit=20,
    )
    for split, values in theirs.splits.items():
        known = set(theirs.digests[split])
        shared = [digest in known for digest in ours.digests["test"]]
        assert shared == [text in set(values["said"]) for text in column(ours, "test")]
        assert len(theirs.digests[split]) == len(values)
    assert any(digest in set(theirs.digests["train"]) for digest in ours.digests["test"])
