"""Temperature and threshold are chosen on validation rows, stored, and used wherever the run is asked again."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest

import modaxfer
from modaxfer.errors import DataError
from modaxfer.runner.model.decision import Decision

pytestmark = pytest.mark.recipe

ROWS = {"train": 160, "validation": 120, "test": 60}
METRICS = ("matthews_corrcoef", "log_loss", "ece", "roc_auc")


def write_rows(folder, *, flipped=False):
    """Write split files: one row of five is of the rare class, and most of its words tell; test labels may be wrong."""
    folder.mkdir()
    for number, (split, rows) in enumerate(ROWS.items()):
        rng = np.random.default_rng(number)
        with (folder / f"{split}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("text", "label", "shop"))
            for row in range(rows):
                rare = row % 5 == 0
                words = rng.choice(["right", "wrong"], 6, p=(0.85, 0.15) if rare else (0.15, 0.85))
                label = rare ^ flipped if split == "test" else rare
                text = " ".join([*words, "court", chr(97 + row // 26), chr(97 + row % 26), chr(97 + number)])
                writer.writerow((text, "rare" if label else "common", "north" if row % 3 else "south"))
    return folder


def trained(tiny, data, output, **more):
    settings = {"strategy": "full", "epochs": 1, "batch_size": 16, "learning_rate": 1e-3, "seed": 1}
    quiet = {"precision": "fp32", "device": "cpu", "quiet": True, "metric": METRICS, "text": "text"}
    return modaxfer.train(
        encoder=str(tiny("bert")), data=str(data), output=str(output), **{**settings, **quiet, **more}
    )


@pytest.fixture(scope="module")
def run(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("decided")
    return trained(tiny, write_rows(folder / "rows"), folder / "run", group_by="shop")


def test_what_was_chosen_is_told_and_stored(run):
    told, stored = run.result, json.loads((run.folder / "model" / "model.json").read_text())["decision"]
    assert told.calibration["rows"] == ROWS["validation"]
    assert told.decision["metric"] == "matthews_corrcoef"
    assert told.decision["by"] == "threshold"
    assert told.decision["thresholds"] == stored["thresholds"]
    assert told.decision["validation_gain"]["interval"][0] > 0
    assert told.calibration["by"] == "temperature"
    assert stored["temperature"] == told.calibration["temperature"] != 1
    assert told.calibration["test"]["raw"]["ece"] == told.metrics["test"]["ece"]
    assert set(told.per_class) == {"common", "rare"}
    assert told.per_class["rare"]["rows"] == ROWS["test"] // 5
    assert told.groups["worst"] in {"north", "south"}
    assert sum(group["rows"] for group in told.groups["test"].values()) == ROWS["test"]


def test_test_labels_have_no_part_in_it(run, tiny, tmp_path):
    other = trained(tiny, write_rows(tmp_path / "rows", flipped=True), tmp_path / "run", group_by="shop")
    assert other.result.metrics["test"] != run.result.metrics["test"]
    mine, theirs = (json.loads((each.folder / "model" / "model.json").read_text()) for each in (run, other))
    assert mine["decision"] == theirs["decision"]
    for key in ("prediction", "score:rare"):
        assert run.predictions[key].tolist() == other.predictions[key].tolist()


def test_predict_gives_calibrated_scores_and_decides_by_them(run):
    frame, told = run.predictions, run.result
    made, raw = run.predict_proba(frame[["text"]]), run.predict_proba(frame[["text"]], raw=True)
    np.testing.assert_allclose(raw[:, 1], frame["score:rare"], atol=1e-6)
    logits = np.log(raw[:, 1] / raw[:, 0])
    np.testing.assert_allclose(made[:, 1], 1 / (1 + np.exp(-logits / told.calibration["temperature"])), atol=1e-5)
    said = [row["prediction"] for row in run.predict(frame[["text"]])]
    assert said == np.where(made[:, 1] >= told.decision["thresholds"][0], "rare", "common").tolist()
    assert said == frame["prediction"].tolist()
    assert said != np.where(raw[:, 1] >= 0.5, "rare", "common").tolist()


def test_evaluate_scores_as_the_run_did(run):
    again, rows = run.evaluate(), run.evaluate(run.predictions[["text", "target"]], label="target", quiet=True)
    for found in (again["metrics"], rows["metrics"]):
        assert found == pytest.approx(run.result.metrics["test"], abs=1e-6)


def test_evaluate_says_what_calibration_does_and_whom_it_serves_worst(run):
    told, frame = run.result, run.predictions
    rows = frame[["text", "target"]].assign(shop=["north" if row % 3 else "south" for row in range(len(frame))])
    found = run.evaluate(rows, label="target", group_by="shop", quiet=True)
    for name in ("raw", "calibrated"):
        for each in (found, run.evaluate()):
            assert each["calibration"][name] == pytest.approx(told.calibration["test"][name], abs=1e-6)
    assert {name: one["score"] for name, one in found["groups"]["test"].items()} == pytest.approx(
        {name: one["score"] for name, one in told.groups["test"].items()}
    )
    assert found["groups"]["worst"] == told.groups["worst"]
    with pytest.raises(DataError, match=r"--group-by names a column that the rows do not have: 'shops'.*shop"):
        run.evaluate(rows, label="target", group_by="shops", quiet=True)


def test_a_threshold_for_one_call(run, shell, tmp_path):
    run.predictions[["text"]].to_csv(tmp_path / "rows.csv", index=False)
    status, out, _ = shell("predict", run.folder, tmp_path / "rows.csv", "--threshold", "0.9", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [row["prediction"] == "rare" for row in rows] == [row["score:rare"] >= 0.9 for row in rows]
    assert [row["prediction"] for row in rows] != run.predictions["prediction"].tolist()
    made = run.predict(run.predictions[["text"]], threshold=0.9, quiet=True)
    assert [row["prediction"] for row in made] == [row["prediction"] for row in rows]
    status, _, err = shell("predict", run.folder, tmp_path / "rows.csv", "--threshold", "1.5")
    assert status == 2
    assert "--threshold is a score between 0 and 1. Got: 1.5" in err


def test_evaluate_prints_calibration_and_groups(run, shell, tmp_path):
    shops = ["north" if row % 3 else "south" for row in range(ROWS["test"])]
    run.predictions[["text", "target"]].assign(shop=shops).to_csv(tmp_path / "rows.csv", index=False)
    status, out, _ = shell("evaluate", run.folder, tmp_path / "rows.csv", "--label", "target", "--group-by", "shop")
    lines = [line.split() for line in out.splitlines()]
    assert status == 0
    head = lines.index(["score", "raw", "calibrated"])
    assert [line[0] for line in lines[head + 1 : head + 4]] == ["log_loss", "brier_score", "ece"]
    groups = lines.index(["shop", "rows", "matthews_corrcoef", "95", "%", "interval"])
    assert lines[groups + 1][0] == run.result.groups["worst"]
    status, _, err = shell("evaluate", run.folder, "--group-by", "shop")
    assert status == 2
    assert "--group-by names a column of FILE, and no FILE is given" in err


def test_costs_decide_a_run(run, tiny, tmp_path):
    costs = tmp_path / "costs.csv"
    costs.write_text("true,common,rare\ncommon,0,1\nrare,9,0\n")
    rows = run.folder.parent / "rows"
    cheap = trained(tiny, rows, tmp_path / "run", cost=str(costs))
    told, frame, matrix = cheap.result.decision, cheap.predictions, np.array([[0.0, 1.0], [9.0, 0.0]])
    assert told["by"] == "cost"
    assert json.loads((cheap.folder / "model" / "model.json").read_text())["decision"]["cost"] == matrix.tolist()
    scores = cheap.predict_proba(frame[["text"]])
    said, true = ((frame[name] == "rare").to_numpy(int) for name in ("prediction", "target"))
    np.testing.assert_array_equal(said, (scores @ matrix).argmin(1))
    likeliest = scores.argmax(1)
    assert said.sum() > likeliest.sum()
    assert told["test"]["cost"] == pytest.approx(matrix[true, said].mean())
    assert told["test"]["cost_of_likeliest"] == pytest.approx(matrix[true, likeliest].mean())
    assert told["test"]["cost_of_one_class"] == pytest.approx(0.8)  # one row of five is rare: say so of all
    low, high = told["test"]["cost_interval"]
    assert low <= told["test"]["cost"] <= high


def test_a_run_without_a_decision_loads_and_says_the_likeliest(run, tmp_path):
    shutil.copytree(run.folder, tmp_path / "old")
    path = tmp_path / "old" / "model" / "model.json"
    described = json.loads(path.read_text())
    del described["decision"]
    path.write_text(json.dumps(described))
    old, texts = modaxfer.load(tmp_path / "old"), run.predictions[["text"]]
    scores = old.predict_proba(texts)
    np.testing.assert_array_equal(scores, run.predict_proba(texts, raw=True))
    assert [row["prediction"] for row in old.predict(texts)] == np.array(["common", "rare"])[scores.argmax(1)].tolist()


def test_reports_say_what_was_chosen(run):
    for name in ("report.html", "README.md"):
        text = (run.folder / name).read_text()
        assert "from 120 validation rows" in text
        assert "chosen for matthews" in text
        assert "by shop" in text


def test_the_cheapest_class_is_said():
    scores = np.array([[0.8, 0.2], [0.95, 0.05], [0.4, 0.6]])
    decision = Decision(cost=((0.0, 1.0), (9.0, 0.0)))
    # Saying 1 costs the first score, saying 0 nine times the second: 0.8 against 1.8, 0.95 against 0.45.
    assert decision.predicted(scores.argmax(1), scores).tolist() == [1, 0, 1]
