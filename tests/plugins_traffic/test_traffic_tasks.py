from dataclasses import replace

import numpy as np
import pytest

import domain_tasks as tasks
from answers import answers_of
from modaxfer.data.media import read_image
from modaxfer.tasks.load import load_task
from modaxfer_traffic.drawings import DRAWINGS

PLUGIN = "traffic"
SPEC = tasks.specs(PLUGIN)["traffic-signs"]
PAIRS = [
    ("keep left", "keep right"),
    ("bend left", "bend right"),
    ("turn left ahead", "turn right ahead"),
    ("straight or left", "straight or right"),
]


@pytest.mark.parametrize("check", [tasks.check_announced, tasks.check_described])
def test_the_plugin_is(check):
    check(PLUGIN)


def test_the_sample_is_seeded():
    tasks.check_sample_is_seeded(SPEC)


def test_without_data_the_sample_is_read_and_said():
    tasks.check_sample_loads(PLUGIN, "traffic-signs")


def test_the_sample_can_be_learnt_but_not_at_once():
    assert 0.4 < tasks.simple_score(PLUGIN, "traffic-signs") < 0.9


def test_every_sign_is_drawn_under_its_official_number():
    assert tuple(DRAWINGS) == SPEC.target.classes
    table = tasks.sample_tables(SPEC)["train"]
    assert {SPEC.target.classes[number] for number in table["class_id"].to_pylist()} == set(DRAWINGS)
    pairs = zip(table["class_id"].to_pylist(), table["label"].to_pylist(), strict=True)
    assert all(SPEC.target.classes[number] == label for number, label in pairs)


def test_it_is_said_that_these_pictures_are_never_mirrored():
    assert "never mirrored" in SPEC.summary
    assert "Never to be mirrored" in SPEC.fields[0].doc
    assert "Never mirror" in (tasks.PLUGINS / PLUGIN / "README.md").read_text(encoding="utf-8")


def mean_picture(table, label):
    rows = [row for row in table.to_pylist() if row["label"] == label]
    return np.mean([np.asarray(read_image(row["image"], None), float)[8:28, 8:28] for row in rows], axis=0)


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_a_mirrored_left_looks_like_right(left, right):
    table = tasks.sample_tables(SPEC)["train"]
    first, second = mean_picture(table, left), mean_picture(table, right)
    assert np.abs(first[:, ::-1] - second).mean() < np.abs(first - second).mean()


def test_frames_of_a_track_stay_together_when_validation_is_carved():
    tables = tasks.sample_tables(SPEC)
    tracks = tables["train"]["track"].to_pylist()
    assert len(tracks) == 2 * len(set(tracks))
    assert tables["test"]["track"].null_count == tables["test"].num_rows
    data = load_task(
        replace(SPEC, sources=(replace(SPEC.sources[-1], target=f"{__name__}:without_validation"),)), seed=3
    )
    tasks.check_groups_apart(data, ("track",))
    assert len(data.splits["validation"]) % 2 == 0


def without_validation(seed):
    tables = tasks.make_sample(SPEC, seed)
    return {split: tables[split] for split in ("train", "test")}


@pytest.mark.weights
def test_the_real_rows():
    tasks.check_real_rows(PLUGIN, "traffic-signs")
    data = tasks.load_real(PLUGIN, "traffic-signs")
    assert data.dropped == {}
    assert len(set(data.splits["train"]["track"])) == 825
    assert answers_of(data)["test"].tolist() == data.splits["test"]["class_id"]
    assert np.bincount(answers_of(data)["test"]).tolist() == [25] * 43
