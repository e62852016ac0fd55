"""Classes of two tasks: what agrees, what a map says, and what is refused with both lists."""

from __future__ import annotations

import datasets
import numpy as np
import pytest

from modaxfer.contracts import TaskData
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.tasks.classes import match_classes, read_class_map, with_classes

NAMES = ("web", "office")


def data(targets, classes, unseen=None):
    """Return rows with these training and validation targets."""
    return TaskData(
        splits={
            split: datasets.Dataset.from_dict({"row_id": [f"{split}-{row}" for row in range(len(own))]})
            for split, own in targets.items()
        },
        targets=targets,
        classes=classes,
        source="made up",
        root=None,
        fingerprint="f",
        digests={split: [bytes([row]) for row in range(len(own))] for split, own in targets.items()},
        unseen=unseen or {},
    )


def test_equal_lists_agree_in_any_order() -> None:
    assert match_classes(("a", "b", "c"), ("c", "a", "b"), None, NAMES) == (1, 2, 0)
    assert match_classes((), (), None, NAMES) == ()


def test_lists_that_differ_are_refused_with_both_shown() -> None:
    with pytest.raises(
        RefusedError,
        match=r"classes of the source task web are not those of office\. Got: bike, car\. Allowed: bike, van\."
        r".*--map-classes FILE",
    ):
        match_classes(("bike", "car"), ("bike", "van"), None, NAMES)


def test_a_map_says_what_differs_and_may_join_and_leave_out() -> None:
    given = {"car": "van", "lorry": "van", "boat": ""}
    assert match_classes(("bike", "boat", "car", "lorry"), ("bike", "van"), given, NAMES) == (0, -1, 1, 1)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"cra": "van"}, ConfigError, r"names classes that web does not have\. Got: cra\..*did you mean car\?"),
        ({"car": "vam"}, ConfigError, r"names classes that office does not have\. Got: vam\..*did you mean van\?"),
        ({}, ConfigError, r"says nothing of classes of web that office does not have\. Got: car\. Allowed: bike, van"),
        ({"car": ""}, RefusedError, r"no class of the source task web stands for classes of office.*Got: van\."),
    ],
)
def test_a_map_that_leaves_a_question_is_refused(given, kind, message) -> None:
    with pytest.raises(kind, match=message):
        match_classes(("bike", "car"), ("bike", "van"), given, NAMES)


def test_both_kinds_of_file_say_the_same(tmp_path) -> None:
    (tmp_path / "map.yaml").write_text("0: zero\nno: 1.0\nold:\n", encoding="utf-8")
    (tmp_path / "map.csv").write_text("source,target\n0,zero\nno,1.0\n\nold,\n", encoding="utf-8")
    (tmp_path / "bare.CSV").write_text("0,zero\nno,1.0\nold,\n", encoding="utf-8")
    for name in ("map.yaml", "map.csv", "bare.CSV"):
        assert read_class_map(tmp_path / name) == {"0": "zero", "no": "1.0", "old": ""}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("map.txt", "a,b", r"is a YAML or a CSV file\. Got: .*map\.txt\. Allowed: \.yaml, \.yml, \.csv"),
        ("map.csv", "a,b,c", r"is no class map\. Got: a,b,c\. Allowed: two columns"),
        ("map.csv", "a,b\na,c", r"is no class map\. Got: a,c\..*each source class once"),
        ("map.yaml", "a: [b]", r"is no class map\. Got: a\. Allowed: `SOURCE CLASS: TARGET CLASS`"),
        ("map.yaml", "a: b\na: c", r"the key 'a' is given twice"),
        ("away.csv", None, r"cannot read class map file .*away\.csv"),
        ("away.yaml", None, r"cannot read class map file .*away\.yaml"),
    ],
)
def test_other_files_are_refused(name, content, message, tmp_path) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read_class_map(tmp_path / name)


def test_rows_get_the_target_s_numbers_and_some_are_left_out() -> None:
    given = data(
        {"train": np.array([0, 1, 2, 1]), "validation": np.array([1, -1, 2, 0])},
        ("bike", "boat", "car"),
        {"validation": {1: ("ship",)}},
    )
    made = with_classes(given, ("van", "bike"), (1, -1, 0))
    assert made.classes == ("van", "bike")
    assert {split: own.tolist() for split, own in made.targets.items()} == {"train": [1, 0], "validation": [-1, 0, 1]}
    assert made.splits["train"]["row_id"] == ["train-0", "train-2"]
    assert made.digests["train"] == [b"\x00", b"\x02"]
    assert made.unseen == {"validation": {0: ("ship",)}}
    assert made.dropped == {"left_out_by_map": 3}
    assert made.fingerprint != given.fingerprint


def test_labels_of_a_row_are_joined() -> None:
    own = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 1]], np.float32)
    made = with_classes(data({"train": own}, ("a", "b", "c")), ("x", "y"), (0, 1, 1))
    assert made.targets["train"].tolist() == [[1, 0], [0, 1], [0, 1]]
    assert made.targets["train"].dtype == np.float32
    assert made.dropped == {}


def test_lists_that_are_the_same_change_nothing() -> None:
    given = data({"train": np.array([0, 1])}, ("a", "b"))
    assert with_classes(given, ("a", "b"), (0, 1)) is given
