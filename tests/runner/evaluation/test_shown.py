"""What a report shows of wrong predictions stands in the run, small, and is what stood in the data."""

from __future__ import annotations

import base64
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from PIL import Image

from modaxfer.config import RunConfig
from modaxfer.metrics.mistakes import surest
from modaxfer.registry import problem_of
from modaxfer.runner.evaluation.asked import asked
from modaxfer.runner.evaluation.shown import MISTAKES, SECONDS, SIDE, write_mistakes
from modaxfer.runner.session import Predictions
from modaxfer.tasks.load import fields_of, load_task
from modaxfer.tasks.own import task_from_files


@pytest.fixture
def shown(tmp_path):
    """Return a function that has every test row of some data be wrong, and returns what is kept of them."""

    def keep(**settings):
        task = task_from_files(RunConfig(**settings))
        data = load_task(task)
        fields = fields_of(task, data)
        ask = asked(data, task, fields, "test")
        rows = len(ask.references)
        wrong = np.zeros((rows, 2)) if ask.references.ndim == 2 else 1 - ask.references
        resolved = SimpleNamespace(data=data, fields=fields, hidden=False)
        session = SimpleNamespace(labels=problem_of(task.target.problem).labels)
        made = Predictions(predictions=wrong.astype(int), scores=None)
        write_mistakes(tmp_path, session, resolved, SimpleNamespace(test=made, asked=ask, validation=made))
        return json.loads((tmp_path / MISTAKES).read_text()), data

    return keep


def test_text_and_columns_are_kept_as_they_are_and_long_ones_cut(shown, tmp_path):
    lines = [f"{'long ' * 200 * (row % 2)}row {row},{row}.5,{'ab'[row % 2]}" for row in range(80)]
    (tmp_path / "rows.csv").write_text("words,size,label\n" + "\n".join(lines))
    kept, data = shown(data=str(tmp_path / "rows.csv"), text=("words",), number=("size",))
    assert len(kept) == 10
    rows = {row["row_id"]: row for row in data.splits["test"].to_list()}
    for name, (words, size) in kept.items():
        assert (words["name"], words["kind"], size["name"], size["kind"]) == ("words", "text", "size", "table")
        assert float(size["text"]) == rows[name]["size"]
        assert words["text"].removesuffix("...") == rows[name]["words"][: len(words["text"].removesuffix("..."))]
        assert len(words["text"]) <= 400


def test_a_picture_is_a_thumbnail(shown, tmp_path):
    for row in range(40):
        folder = tmp_path / "pictures" / ("light" if row % 2 else "dark")
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (400, 200), (200 if row % 2 else 20, row, row)).save(folder / f"{row}.png")
    kept, data = shown(data=str(tmp_path / "pictures"))
    rows = {row["row_id"]: row["image"] for row in data.splits["test"].to_list()}
    for name, (item,) in kept.items():
        assert item["text"] == rows[name]
        small = Image.open(io.BytesIO(base64.b64decode(item["data"])))
        assert (small.format, small.size) == ("JPEG", (SIDE, SIDE // 2))
        assert abs(small.getpixel((5, 5))[0] - (200 if rows[name].startswith("light") else 20)) < 8


def test_of_a_sound_the_beginning_is_kept(shown, tmp_path):
    for row in range(40):
        folder = tmp_path / "sounds" / ("high" if row % 2 else "low")
        folder.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{row}.wav", np.full(8000 * 7, 0.25 + row / 1000), 8000)
    kept, data = shown(data=str(tmp_path / "sounds"))
    rows = {row["row_id"]: row["audio"] for row in data.splits["test"].to_list()}
    for name, (item,) in kept.items():
        samples, rate = soundfile.read(io.BytesIO(base64.b64decode(item["data"])))
        assert len(samples) == SECONDS * rate
        assert samples[rate] == pytest.approx(0.25 + int(rows[name].split("/")[1][:-4]) / 1000, abs=1e-3)


def test_a_label_that_train_lacks_is_a_mistake_too(shown, tmp_path):
    lines = [f"row {row},{'a;b' if row % 2 else 'b'}" for row in range(40)]
    (tmp_path / "train.csv").write_text("words,label\n" + "\n".join(lines))
    (tmp_path / "test.csv").write_text("words,label\nnew 1,odd\nnew 2,a;odd\n")
    (tmp_path / "own").mkdir()
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).rename(tmp_path / "own" / name)
    kept, _ = shown(data=str(tmp_path / "own"), text=("words",), problem="multilabel")
    assert {item[0]["text"] for item in kept.values()} == {"new 1", "new 2"}


def mistakes(problem, targets, predicted, scores):
    return surest(problem_of(problem).labels.mistakes(targets, predicted, scores))


def test_the_surest_come_first_whatever_the_problem():
    scores = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [np.nan, np.nan]])
    found = mistakes("binary", np.array([1, 0, 1, 0]), np.array([0, 1, 1, 1]), scores)
    assert [(item.row, item.score) for item in found[:2]] == [(0, 0.9), (1, 0.6)]
    assert found[2].row == 3
    targets, predicted = np.array([[True, False], [True, True]]), np.array([[False, False], [True, False]])
    found = mistakes("multilabel", targets, predicted, np.array([[0.3, 0.1], [0.9, 0.05]]))
    assert found == ((1, 0.05, 1), (0, 0.3, 0))
    found = mistakes("regression", np.array([1.0, 2, 3]), np.array([1.0, -8, 4]), None)
    assert found == ((1, -10.0, -1), (2, 1.0, -1))


def test_rows_least_sure_and_those_with_likely_wrong_labels_are_kept_as_well(tmp_path):
    lines = [f"row {row},{'ab'[row % 2]}" for row in range(200)]
    (tmp_path / "rows.csv").write_text("words,label\n" + "\n".join(lines))
    task = task_from_files(RunConfig(data=str(tmp_path / "rows.csv"), text=("words",)))
    data = load_task(task)
    fields = fields_of(task, data)
    asks = {name: asked(data, task, fields, name) for name in ("validation", "test")}
    made = {}
    for name, ask in asks.items():
        first = np.where(ask.references == 0, 0.9, 0.1)
        first[3], first[7] = 0.51, 1 - first[7]  # One is hardly decided; the label of another is likely wrong.
        scores = np.stack([first, 1 - first], 1).astype(np.float32)
        made[name] = Predictions(predictions=scores.argmax(1), scores=scores)
    findings = SimpleNamespace(
        test=made["test"], asked=asks["test"], validation=made["validation"], validation_asked=asks["validation"]
    )
    session = SimpleNamespace(labels=problem_of(task.target.problem).labels)

    def kept(hidden):
        write_mistakes(tmp_path, session, SimpleNamespace(data=data, fields=fields, hidden=hidden), findings)
        return json.loads((tmp_path / MISTAKES).read_text())

    ids = {name: list(data.splits[name]["row_id"]) for name in asks}
    both = kept(hidden=False)
    assert {ids["test"][3], ids["test"][7], ids["validation"][7]} <= set(both)
    assert ids["validation"][3] not in both
    assert both[ids["validation"][7]][0]["text"].startswith("row ")
    assert ids["validation"][7] not in kept(hidden=True), "labels that the run must not see doubt nothing"
