"""predict and evaluate, as a user types them."""

from __future__ import annotations

import csv
import io
import json
import re
import sys

import pandas as pd
import pytest
from PIL import Image

from answers import answers_of
from modaxfer.cli import main
from modaxfer.data.tables.files import read_table

GOOD, BAD = "right held that court", "wrong was the court"


@pytest.fixture
def shell(capsys, monkeypatch):
    """Return a function that runs the command line in this process: exit status, standard output, standard error."""

    def run(*arguments, piped=None):
        if piped is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(piped)))
        with pytest.raises(SystemExit) as stop:
            main.run([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return stop.value.code, printed.out, printed.err

    return run


@pytest.fixture
def rows(tmp_path):
    """Return a file of two rows."""
    path = tmp_path / "rows.csv"
    pd.DataFrame({"id": ["007", "008"], "text": [GOOD, BAD]}).to_csv(path, index=False)
    return path


def plain(rows):
    """Return rows as a csv would hold them."""
    return [{key: "" if value is None else str(value) for key, value in row.items()} for row in rows]


def test_csv_on_standard_output_keeps_the_rows(shell, finished, rows):
    status, out, _ = shell("predict", finished("bert", "text"), rows)
    first, second = csv.DictReader(out.splitlines())
    assert status == 0
    assert list(first) == ["row", "id", "text", "prediction", "score:negative", "score:positive", "reason"]
    assert (first["row"], first["id"], first["text"]) == ("1", "007", GOOD)
    assert (second["row"], second["reason"]) == ("2", "")
    assert float(first["score:negative"]) + float(first["score:positive"]) == pytest.approx(1, abs=1e-5)


def test_every_kind_of_output_holds_the_same(shell, finished, rows, tmp_path):
    run = finished("bert", "text")
    _, out, _ = shell("predict", run, rows, "--json")
    expected = [json.loads(line) for line in out.splitlines()]
    assert [one["id"] for one in expected] == ["007", "008"]
    for name in ("made.csv", "made.tsv", "made.json", "made.jsonl", "deep/made.parquet"):
        status, out, err = shell("predict", run, rows, "--output", tmp_path / name)
        assert (status, out) == (0, "")
        assert f"2 predictions in {tmp_path / name}" in err
        read = read_table(tmp_path / name).to_pylist()
        assert plain(read) == plain(expected)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "deep", "made.csv", "made.json", "made.jsonl", "made.tsv", "rows.csv",
    ]  # fmt: skip


def test_rows_without_a_prediction_are_a_warning_and_all_of_them_an_error(shell, finished):
    run = finished("bert", "text")
    blank = f'{{"text": "{GOOD}"}}\n{{"tekst": "awful"}}\n{{"text": null}}\n'.encode()
    status, out, err = shell("predict", run, "-", piped=blank)
    lines = list(csv.DictReader(out.splitlines()))
    assert status == 0
    assert [bool(line["prediction"]) for line in lines] == [True, False, False]
    assert lines[1]["reason"] == "no input: 'text' is empty; it has 'tekst' instead"
    assert "warning: 2 of 3 rows have no prediction: row 2: no input" in err
    status, out, err = shell("predict", run, "-", piped=b'{"text": ""}\n')
    assert (status, out) == (2, "")
    assert "not one row can be predicted" in err
    status, out, err = shell("predict", run, "-", piped=b"txt\nhello\n")
    assert (status, out) == (2, "")
    assert "input column 'text' is not in the data (file standard input). Got: txt." in err


def test_one_picture_or_a_folder_of_them(shell, finished, tmp_path):
    run = finished("vit", "image")
    Image.new("RGB", (10, 10), "white").save(tmp_path / "white.png")
    _, out, _ = shell("predict", run, tmp_path / "white.png")
    assert [line["prediction"] for line in csv.DictReader(out.splitlines())] == ["light"]
    status, out, _ = shell("predict", run, tmp_path)
    assert status == 0
    assert [(line["image"], line["prediction"]) for line in csv.DictReader(out.splitlines())] == [
        ("white.png", "light")
    ]
    _, out, _ = shell("predict", run, "-", piped=(tmp_path / "white.png").read_bytes())
    assert [line["prediction"] for line in csv.DictReader(out.splitlines())] == ["light"]


def test_several_labels_are_written_as_train_reads_them(shell, finished, rows, tmp_path):
    from modaxfer.config import RunConfig
    from modaxfer.tasks.load import load_task
    from modaxfer.tasks.own import task_from_files

    run = finished("bert", "multilabel")
    many = pd.DataFrame({"text": [f"{word} court {letter}" for word in (GOOD, BAD) for letter in "abcdefghijklmn"]})
    many.to_csv(rows, index=False)
    _, out, _ = shell("predict", run, rows, "--json")
    predicted = [json.loads(line)["prediction"] for line in out.splitlines()]
    assert len(set(map(tuple, predicted))) > 1
    shell("predict", run, rows, "--output", tmp_path / "made.csv")
    config = RunConfig(data=str(tmp_path / "made.csv"), text=("text",), label=("prediction",), problem="multilabel")
    data = load_task(task_from_files(config))
    assert set(data.classes) == {name for one in predicted for name in one}
    for split, part in data.splits.items():
        for row, target in zip(part["row_id"], answers_of(data)[split], strict=True):
            names = [name for name, there in zip(data.classes, target, strict=True) if there]
            assert names == sorted(predicted[int(row.rpartition("-")[2]) - 1])


def test_a_cell_that_would_be_a_formula_is_text(shell, finished, tmp_path):
    pd.DataFrame({"text": [f"=HYPERLINK(1) {GOOD}"], "=id": ["\x1b[31m"]}).to_csv(tmp_path / "rows.csv", index=False)
    _, out, _ = shell("predict", finished("bert", "text"), tmp_path / "rows.csv")
    (line,) = csv.DictReader(out.splitlines())
    assert line["text"] == f"'=HYPERLINK(1) {GOOD}"
    assert line["'=id"] == "\\x1b[31m"


OUTPUTS = {
    "an unknown ending": ("made.xlsx", r"predictions are written by file extension.*Allowed: .csv, .json"),
    "a folder": ("folder.csv", r"the output is a folder"),
    "the rows themselves": ("rows.csv", r"the output is the file with the rows to predict"),
    "no place for it": ("rows.csv/made.csv", r"the predictions cannot be written. Got: .*made.csv: File exists"),
    "a part of a run": ("run/predictions.parquet", r"the output belongs to a run"),
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_an_output_that_cannot_be_written_is_found_before_the_model_is_loaded(case, shell, rows, monkeypatch):
    from modaxfer.runner.predict import predictor

    monkeypatch.setattr(predictor, "load_model", lambda *arguments: pytest.fail("the model was loaded"))
    (rows.parent / "folder.csv").mkdir()
    (rows.parent / "run").mkdir()
    (rows.parent / "run" / "result.json").touch()
    before = rows.read_bytes()
    name, message = OUTPUTS[case]
    status, out, err = shell("predict", "nowhere", rows, "--output", rows.parent / name)
    assert (status, out) == (2, "")
    assert re.search(message, err), err
    assert rows.read_bytes() == before


def test_a_full_disk_leaves_no_half_file(shell, finished, rows, tmp_path, monkeypatch):
    from modaxfer.cli import predictions

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(predictions, "_write", full)
    status, _, err = shell("predict", finished("bert", "text"), rows, "--output", tmp_path / "made.csv")
    assert status == 2
    assert "the predictions cannot be written. Got: " in err
    assert "No space left on device" in err
    assert list(tmp_path.iterdir()) == [rows]


def test_evaluate_scores_new_rows(shell, finished, tmp_path):
    run = finished("bert", "text")
    pd.DataFrame({"text": [GOOD, BAD, GOOD, ""], "label": ["positive", "negative", "odd", "positive"]}).to_csv(
        tmp_path / "new.csv", index=False
    )
    _, out, _ = shell("predict", run, tmp_path / "new.csv")
    predicted = [line["prediction"] for line in csv.DictReader(out.splitlines())][:2]
    hits = sum(one == label for one, label in zip(predicted, ["positive", "negative"], strict=True))
    status, out, err = shell("evaluate", run, tmp_path / "new.csv", "--json")
    found = json.loads(out)
    assert status == 0
    assert found["metrics"]["accuracy"] == pytest.approx(hits / 3)
    assert found["dropped"] == {"unreadable": 1}
    assert "1 of 3 rows have a class that the model does not know (odd): they count as errors" in err
    status, out, err = shell("evaluate", run, "-", piped=(tmp_path / "new.csv").read_bytes())
    assert status == 0
    assert out.splitlines()[0].split() == ["metric", "new", "rows", "95", "%", "interval", "stored"]
    assert "3 rows scored; intervals over 2 groups with equal inputs; left out: 1 unreadable" in err
    status, _, err = shell("evaluate", run, "--label", "label")
    assert status == 2
    assert "--label names a column of FILE, and no FILE is given" in err
