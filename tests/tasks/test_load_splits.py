"""Which rows train, validate and test: given splits are kept, others made; nothing stands on two sides."""

import numpy as np
import pyarrow as pa
import pytest

from answers import answers_of
from modaxfer.errors import DataError
from modaxfer.spec import SplitPolicy, Target
from modaxfer.tasks.load import fields_of, load_task
from modaxfer.testing.material.small_tasks import TEXT_FIELD, column, spec, store, texts


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


def test_rows_whose_inputs_stand_in_a_later_split_leave_the_earlier_one(tmp_path):
    validation = {"text": ["text 3", "text 201", "other"], "label": ["a", "b", "a"]}
    root = store(
        tmp_path, train=texts(20), validation=validation, test={"text": ["text 4", "new"], "label": ["a", "b"]}
    )
    data = load_task(spec(splits=SplitPolicy(disjoint_inputs=True)), data_dir=root)
    assert {split: len(rows) for split, rows in data.splits.items()} == {"train": 18, "validation": 3, "test": 2}
    assert data.dropped == {"also_in_test": 1, "also_in_validation": 1}
    assert "train.parquet row 5: its inputs also stand in test" in data.dropped_rows


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
