"""Folds and episodes of a task: which rows they hold, and that nothing that belongs together is parted."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from answers import answers_of
from modaxfer.config import RunConfig
from modaxfer.errors import DataError
from modaxfer.spec import TEXT, Field, FolderSource, SplitPolicy, Target, TaskSpec
from modaxfer.tasks.division import Episode, Fold, division_of
from modaxfer.tasks.load import load_task


def spec(**options):
    fields = (Field(name="text", signal=TEXT),)
    target = options.pop("target", Target())
    return TaskSpec(name="mine", fields=fields, target=target, sources=(FolderSource(name="mine"),), **options)


def store(tmp_path, **splits):
    folder = tmp_path / "mine"
    folder.mkdir(exist_ok=True)
    for split, columns in splits.items():
        pq.write_table(pa.table(columns), folder / f"{split}.parquet")
    return tmp_path


def texts(count, start=0, classes=("a", "b")):
    numbers = range(start, start + count)
    return {"text": [f"text {n}" for n in numbers], "label": [classes[n % len(classes)] for n in numbers]}


def ids(data, split):
    return list(data.splits[split]["row_id"])


def folds(root, count, task=None, **settings):
    asked = {"data_dir": root, **settings}
    return [load_task(task or spec(), division=Fold(number=number, count=count), **asked) for number in range(count)]


def test_every_row_is_tested_in_one_fold_and_trained_on_in_the_others(tmp_path):
    found = folds(store(tmp_path, train=texts(100)), 4)
    tested = [row for data in found for row in ids(data, "test")]
    assert sorted(tested) == sorted(f"train-{number}" for number in range(1, 101))
    for data in found:
        parts = [ids(data, split) for split in ("train", "validation", "test")]
        assert sorted(row for part in parts for row in part) == sorted(tested)
        assert np.bincount(answers_of(data)["test"]).tolist() in ([12, 13], [13, 12])
        assert abs(len(parts[1]) / 75 - 0.15) < 0.05
    assert len({data.fingerprint for data in found}) == 4


def test_a_test_split_of_the_data_is_in_no_fold_and_its_validation_split_is(tmp_path):
    root = store(tmp_path, train=texts(40), validation=texts(10, 100), test=texts(10, 200))
    tested = [row for data in folds(root, 5) for row in ids(data, "test")]
    expected = [f"train-{number}" for number in range(1, 41)] + [f"validation-{number}" for number in range(1, 11)]
    assert sorted(tested) == sorted(expected)


def test_groups_and_equal_inputs_are_in_one_fold(tmp_path):
    rows = texts(60)
    rows["author"] = [number // 3 for number in range(60)]
    again = {"text": rows["text"][:2], "label": rows["label"][:2], "author": [100, 101]}
    root = store(tmp_path, train=rows, validation=again, test={**texts(4, 200), "author": [200] * 4})
    found = folds(root, 4, spec(splits=SplitPolicy(group=("author",))))
    fold_of = {row: number for number, data in enumerate(found) for row in ids(data, "test")}
    for author in range(20):
        assert len({fold_of[f"train-{3 * author + place}"] for place in (1, 2, 3)}) == 1
    assert [fold_of["validation-1"], fold_of["validation-2"]] == [fold_of["train-1"], fold_of["train-2"]]


def test_rows_are_found_in_the_whole(tmp_path):
    root = store(tmp_path, train=texts(60))
    whole = load_task(spec(), data_dir=root)
    for data in folds(root, 3):
        for split, taken in data.taken.items():
            pool = [text for rows in taken.splits.values() for text in rows["text"]]
            assert taken.fingerprint == whole.fingerprint
            assert [pool[row] for row in taken.rows] == list(data.splits[split]["text"])


def test_a_class_of_the_validation_split_alone_can_be_trained_on(tmp_path):
    strange = {"text": [f"new {n}" for n in range(4)], "label": ["c"] * 4}
    root = store(tmp_path, train=texts(40), validation=strange, test=texts(4, 200))
    assert load_task(spec(), data_dir=root).unseen.keys() == {"validation"}
    found = folds(root, 2)
    assert [(data.classes, data.unseen) for data in found] == [(("a", "b", "c"), {})] * 2
    assert [np.bincount(answers_of(data)["test"])[2] for data in found] == [2, 2]


def test_rare_classes_are_said(tmp_path):
    rows = texts(40)
    root = store(tmp_path, train={"text": [*rows["text"], "one"], "label": [*rows["label"], "rare"]})
    notes = [note for data in folds(root, 4) for note in data.warnings]
    assert "no training row has the class rare" in notes
    assert "no test row has the class rare: too few rows to part" in notes


def test_the_limit_is_drawn_before_folds(tmp_path):
    found = folds(store(tmp_path, train=texts(400)), 2, limit=40)
    assert sum(len(ids(data, "test")) for data in found) == 40 + 10 + 10


def test_values_are_in_folds_too(tmp_path):
    rows = {"text": [f"text {n}" for n in range(50)], "label": [float(n) for n in range(50)]}
    root = store(tmp_path, train=rows)
    found = folds(root, 5, spec(target=Target(problem="regression")))
    assert sorted(value for data in found for value in answers_of(data)["test"]) == rows["label"]


def test_too_many_folds_are_refused(tmp_path):
    rows = {**texts(20), "author": [0] * 10 + [1] * 10}
    root = store(
        tmp_path, train=rows, test={**texts(4, 50), "author": [2] * 4}, validation={**texts(4, 70), "author": [3] * 4}
    )
    with pytest.raises(DataError, match=r"too few rows for this many folds\. Got: 4 folds, 3 groups.*fewer --folds"):
        folds(root, 4, spec(splits=SplitPolicy(group=("author",))))


def test_an_episode_has_as_many_rows_of_each_class(tmp_path):
    root = store(tmp_path, train=texts(90, classes=("a", "a", "b")))
    whole = load_task(spec(), data_dir=root)
    found = [load_task(spec(), data_dir=root, division=Episode(number=n, shots=4)) for n in (0, 0, 1)]
    for data in found:
        assert np.bincount(data.targets["train"]).tolist() == [4, 4]
        assert np.bincount(data.targets["validation"]).tolist() == [4, 4]
        assert ids(data, "test") == ids(whole, "test")
        assert set(ids(data, "train")) <= set(ids(whole, "train"))
        assert data.taken.keys() == {"test"}
        assert data.taken["test"].fingerprint == whole.fingerprint
    assert ids(found[0], "train") == ids(found[1], "train") != ids(found[2], "train")


def test_more_shots_than_a_class_has_rows_are_refused(tmp_path):
    root = store(tmp_path, train=texts(40, classes=("a", "a", "a", "b")), validation=texts(4, 90), test=texts(4, 99))
    message = r"too few training rows for 11 shots per class .*Got: 10 of b.*ask for --shots 10 at most"
    with pytest.raises(DataError, match=message):
        load_task(spec(), data_dir=root, division=Episode(number=0, shots=11))


def test_what_a_config_asks_for():
    assert division_of(RunConfig()) is None
    assert division_of(RunConfig(folds=5)) is None
    assert division_of(RunConfig(folds=5, fold=2)) == Fold(number=2, count=5)
    assert division_of(RunConfig(shots=4, episodes=9)) == Episode(number=0, shots=4)
    assert division_of(RunConfig(shots=4, episode=3)) == Episode(number=3, shots=4)


def test_fewer_validation_rows_than_shots_are_said(tmp_path):
    validation = texts(8, 90, classes=("a", "a", "a", "b"))
    root = store(tmp_path, train=texts(40), validation=validation, test=texts(4, 200))
    notes = [load_task(spec(), data_dir=root, division=Episode(number=0, shots=n)).warnings for n in (2, 5)]
    assert notes == [(), ("validation has fewer rows than 5 per class: 2 of b",)]


def test_published_folds_are_the_folds_and_hold_every_row(tmp_path):
    given = {split: texts(count, start) for split, count, start in (("train", 40, 0), ("test", 20, 100))}
    for split, start in (("train", 0), ("test", 2)):
        given[split]["part"] = [f"part {start + number // 20}" for number in range(len(given[split]["text"]))]
    root = store(tmp_path, **given)
    own = spec(splits=SplitPolicy(fold="part"))
    found = folds(root, 3, own)
    for number, data in enumerate(found):
        assert set(data.splits["test"]["part"]) == {f"part {number}"}
        assert f"part {number}" not in {*data.splits["train"]["part"], *data.splits["validation"]["part"]}
    assert sorted(row for data in found for row in ids(data, "test")) == sorted(
        f"{split}-{row}" for split, count in (("train", 40), ("test", 20)) for row in range(1, count + 1)
    )
    with pytest.raises(DataError, match=r"published folds.*--folds 4.*3: part 0, part 1, part 2.*ask for --folds 3"):
        folds(root, 4, own)
    with pytest.raises(DataError, match=r"column with the published folds is not there.*'shop'"):
        folds(root, 3, spec(splits=SplitPolicy(fold="shop")))
