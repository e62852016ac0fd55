"""Labelled rows that a model has never seen are scored as scikit-learn would score them."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error

import modaxfer
from modaxfer.errors import DataError

WORDS = ["right held", "wrong was", "that right", "the wrong", "held that", "was the"]


@pytest.fixture(scope="module")
def texts(finished):
    return modaxfer.load(finished("bert", "text"))


def labelled(run, labels):
    """Return rows, and what the model predicts for them."""
    rows = [{"text": f"{words} court", "label": label} for words, label in zip(WORDS, labels, strict=True)]
    return rows, [one["prediction"] for one in run.predict(rows)]


def test_scores_and_intervals_of_new_rows(texts, tmp_path):
    labels = ["positive", "negative", "positive", "negative", "negative", "positive"]
    rows, predicted = labelled(texts, labels)
    pd.DataFrame(rows).to_csv(tmp_path / "new.csv", index=False)
    for data in (rows, pd.DataFrame(rows), tmp_path / "new.csv"):
        found = texts.evaluate(data)
        assert found["metrics"]["accuracy"] == pytest.approx(accuracy_score(labels, predicted))
        assert found["metrics"]["f1_macro"] == pytest.approx(f1_score(labels, predicted, average="macro"))
        low, high = found["intervals"]["accuracy"]
        assert low <= found["metrics"]["accuracy"] <= high
        assert (found["rows"], found["dropped"]) == (6, {})
        assert found["stored"] == texts.result.metrics["test"]


def test_rows_of_a_group_that_the_run_was_told_of_are_drawn_together(texts, tmp_path):
    copied = tmp_path / "run"
    shutil.copytree(texts.folder, copied)
    config = copied / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("group: []", "group: [speaker]"), encoding="utf-8")
    rows, _ = labelled(texts, ["positive", "negative"] * 3)
    grouped = [{**row, "speaker": place % 2} for place, row in enumerate(rows)]
    run = modaxfer.load(copied)
    found = run.evaluate(grouped, quiet=True)
    assert found["resampled"] == {"rows": 6, "units": 2, "by": "the same speaker"}
    assert any("2 groups of rows with the same speaker: fewer than 10" in line for line in found["warnings"])
    assert run.evaluate(rows)["resampled"] == {"rows": 6, "units": 6, "by": ""}


def test_rows_that_the_run_was_made_from_are_told(texts, tmp_path):
    rows, _ = labelled(texts, ["positive", "negative"] * 3)
    pd.DataFrame(rows).to_csv(tmp_path / "own.csv", index=False)
    shutil.copytree(texts.folder, tmp_path / "run")
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text(encoding="utf-8"))
    config |= {"data": str(tmp_path / "own.csv"), "task": [], "label": ["label"], "text": ["text"]}
    (tmp_path / "run" / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    found = modaxfer.load(tmp_path / "run").evaluate(tmp_path / "own.csv", quiet=True)
    learned = texts.result.data["rows"]["train"]
    assert any(f"it has learned from {learned} of these rows" in line for line in found["warnings"])
    assert not any("learned" in line for line in texts.evaluate(rows, quiet=True)["warnings"])


def test_a_class_that_the_model_does_not_know_is_an_error_and_said(texts, capsys):
    rows, predicted = labelled(texts, ["positive", "negative", "mixed", "mixed", "negative", "positive"])
    found = texts.evaluate(rows)
    hits = sum(row["label"] == one for row, one in zip(rows, predicted, strict=True))
    assert found["metrics"]["accuracy"] == pytest.approx(hits / 6)
    line = "2 of 6 rows have a class that the model does not know (mixed): they count as errors"
    assert line in found["warnings"]
    assert line in capsys.readouterr().err


def test_rows_that_cannot_be_scored_are_counted_with_their_reason(texts):
    rows, predicted = labelled(texts, ["positive", "negative", None, "", "negative", "positive"])
    rows[4]["text"] = " "
    found = texts.evaluate(rows, quiet=True)
    assert found["rows"] == 3
    assert found["dropped"] == {"missing_label": 2, "unreadable": 1}
    assert found["dropped_rows"] == [
        "row 3: missing label", "row 4: missing label", "row 5: no input: 'text' is empty",
    ]  # fmt: skip
    kept = [0, 1, 5]
    expected = accuracy_score([rows[row]["label"] for row in kept], [predicted[row] for row in kept])
    assert found["metrics"]["accuracy"] == pytest.approx(expected)


def test_labels_in_another_column(texts):
    rows, predicted = labelled(texts, ["positive", "negative"] * 3)
    renamed = pd.DataFrame(rows).rename(columns={"label": "mood"})
    found = modaxfer.evaluate(texts.folder, renamed, label="mood")
    assert found["metrics"]["accuracy"] == pytest.approx(accuracy_score(renamed["mood"], predicted))
    with pytest.raises(
        DataError, match=r"label column 'label' is not in the data. Allowed: text, mood. Fix: .*--label"
    ):
        texts.evaluate(renamed)


def test_numbers_are_scored_in_their_unit(finished):
    run = modaxfer.load(finished("bert", "regression"))
    rows = [{"text": f"{words} court", "label": 100.0 + place} for place, words in enumerate(WORDS)]
    predicted = [one["prediction"] for one in run.predict(rows)]
    expected = mean_absolute_error([row["label"] for row in rows], predicted)
    assert run.evaluate(rows)["metrics"]["mae"] == pytest.approx(expected, rel=1e-5)


def test_a_label_that_a_row_of_several_misses_counts(finished):
    run = modaxfer.load(finished("bert", "multilabel"))
    rows = [{"text": words, "label": [name]} for words, name in zip(WORDS, ["right", "wrong"] * 3, strict=True)]
    strange = [{**rows[0], "label": [*rows[0]["label"], "odd"]}, *rows[1:]]
    before, after = run.evaluate(rows), run.evaluate(strange, quiet=True)
    # A third class, of which every prediction is missed, is one more zero in the mean over classes.
    assert after["metrics"]["f1_macro"] == pytest.approx(before["metrics"]["f1_macro"] * 2 / 3)
    assert any("(odd): they count as errors" in line for line in after["warnings"])


def test_class_folders_are_labelled_rows(finished, tmp_path):
    run = modaxfer.load(finished("vit", "image"))
    shades = {"light": ["white", "snow", "black"], "dark": ["black", "gray"], "odd": ["white"]}
    for name, colours in shades.items():
        (tmp_path / "new" / name).mkdir(parents=True)
        for colour in colours:
            Image.new("RGB", (12, 16), colour).save(tmp_path / "new" / name / f"{colour}.png")
    said = {one["image"]: one["prediction"] for one in run.predict(tmp_path / "new")}
    found = run.evaluate(tmp_path / "new", quiet=True)
    assert found["rows"] == len(said) == 6
    assert found["metrics"]["accuracy"] == pytest.approx(
        np.mean([path.split("/")[0] == prediction for path, prediction in said.items()])
    )
    assert "1 of 6 rows have a class that the model does not know (odd): they count as errors" in found["warnings"]
    with pytest.raises(DataError, match=r"the folder does not say what its labels are .*Got: no class folders"):
        run.evaluate(tmp_path / "new" / "odd")


def test_a_run_that_failed_scores_other_rows_and_says_that_it_has_none(texts, tmp_path):
    copy = shutil.copytree(texts.folder, tmp_path / "run")
    stored = json.loads((copy / "result.json").read_text())
    kept = {key: stored[key] for key in ("encoder", "bridge", "strategy", "task", "schema")}
    (copy / "result.json").write_text(json.dumps({**kept, "status": "failed"}))
    rows, predicted = labelled(texts, ["positive", "negative"] * 3)
    found = modaxfer.load(copy).evaluate(rows)
    assert found["stored"] == {}
    assert found["metrics"]["accuracy"] == accuracy_score([row["label"] for row in rows], predicted)
    with pytest.raises(DataError, match="the run failed, so it has no scores of its own"):
        modaxfer.load(copy).evaluate()


UNUSABLE = {
    "no label": ([{"text": "right", "label": None}], r"not one row has a label \(column 'label'\)"),
    "no input": ([{"text": "", "label": "positive"}], r"not one row can be predicted"),
    "neither": (
        [{"text": "", "label": "positive"}, {"text": "right", "label": ""}],
        r"not one row can be scored. Got: row 1: no input: 'text' is empty; row 2: missing label",
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_rows_of_which_none_can_be_scored_are_refused(case, texts):
    rows, message = UNUSABLE[case]
    with pytest.raises(DataError, match=message):
        texts.evaluate(rows)
