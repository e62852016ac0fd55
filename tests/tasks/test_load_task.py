"""Rows of a task as they are loaded: what is kept, what is dropped, and what cannot be a task."""

import collections
import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from answers import answers_of
from modaxfer.errors import DataError
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, Field, SplitPolicy, Target
from modaxfer.tasks.load import fields_of, load_task
from modaxfer.testing.material.small_tasks import column, spec, store, texts


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
        (
            texts(30, classes=("cold", "warm")),
            {"target": Target(classes=("cold", "wram"))},
            r"names classes that no row has, .* labels that are no class of it \(column 'label'\)\. "
            r"Got: classes 'wram'; labels 'warm'\..* Fix: wram is written warm\.",
        ),
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
