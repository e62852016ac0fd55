"""Scores of splits as people bring them: classes that train lacks, copies, one row per class; scikit-learn is right."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn import metrics

import modaxfer
from modaxfer.config import RunConfig
from modaxfer.result import Result
from modaxfer.runner.evaluation.finished import read_finished
from modaxfer.tasks.load import load_task
from modaxfer.tasks.own import task_from_files

WORDS = {"cat": "meow purr", "dog": "bark wag", "bird": "chirp wing", "fish": "swim fin", "frog": "croak hop"}
SOLVED = {"strategy": "frozen", "precision": "fp32", "device": "cpu", "quiet": True}


def texts(classes: str, count: int, start: int = 0) -> list[list[str]]:
    names = classes.split()
    return [[f"{WORDS[names[n % len(names)]]} number {start + n}", names[n % len(names)]] for n in range(count)]


def folder(place: Path, **splits: list[list[str]]) -> Path:
    place.mkdir()
    for name, rows in splits.items():
        with (place / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["text", "label"], *rows])
    return place


@pytest.fixture(scope="module")
def strange(tiny, tmp_path_factory):
    """A run whose test split holds two classes that train lacks, and every row of it three times."""
    base = tmp_path_factory.mktemp("scores")
    data = folder(
        base / "animals",
        train=texts("cat dog bird", 60),
        validation=texts("cat dog bird frog", 16, 100),
        test=texts("cat dog bird fish frog", 20, 200) * 3,
    )
    modaxfer.train(
        encoder=str(tiny("bert")), data=str(data), text=("text",), label=("label",), output=str(base / "run"), **SOLVED
    )
    return base / "run"


def test_rows_of_classes_that_train_lacks_count_as_errors_in_every_score(strange) -> None:
    result, table = Result.load(strange), pq.read_table(strange / "predictions.parquet")
    truth, said = (np.array(table.column(name).to_pylist()) for name in ("target", "prediction"))
    assert set(truth) == set(WORDS)
    test, known = result.metrics["test"], ~np.isin(truth, ["fish", "frog"])
    expected = {
        "accuracy": metrics.accuracy_score(truth, said),
        "f1_macro": metrics.f1_score(truth, said, average="macro"),
        "recall_macro": metrics.recall_score(truth, said, average="macro"),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, said),
        "matthews_corrcoef": metrics.matthews_corrcoef(truth, said),
    }
    assert {name: test[name] for name in expected} == pytest.approx(expected)
    # Guessing among the three known classes is right in a third of three fifths of the rows.
    assert result.baselines["chance"]["accuracy"] == pytest.approx(1 / 3 * 3 / 5)
    assert result.baselines["majority"]["accuracy"] == pytest.approx(1 / 5)
    unseen = result.data["unseen"]["test"]
    assert (unseen["rows"], unseen["classes"]) == (24, ["fish", "frog"])
    without = metrics.accuracy_score(truth[known], said[known])
    assert unseen["metrics_without"]["accuracy"] == pytest.approx(without)
    both = [line for line in result.warnings if line.startswith("test: accuracy is")]
    assert both == [
        f"test: accuracy is {expected['accuracy']:.3f} with the 24 rows of a class that no training row has,"
        f" {without:.3f} on the other 36; roc_auc ranks the known classes only"
    ]
    assert any(line.startswith("validation: accuracy is") and "the other 12" in line for line in result.warnings)


def test_copies_are_drawn_together_and_the_report_says_so(strange) -> None:
    result = Result.load(strange)
    assert result.data["resampled"] == {"rows": 60, "units": 20, "by": "equal inputs"}
    table = pq.read_table(strange / "predictions.parquet")
    clusters, truth, said = (table.column(name).to_pylist() for name in ("cluster", "target", "prediction"))
    assert clusters == [*range(20)] * 3
    # Of 20 distinct rows the share that is right varies as a binomial share does: the copies add nothing.
    right = np.mean([one == other for one, other in zip(truth, said, strict=True)])
    low, high = result.intervals["accuracy"]
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(right * (1 - right) / 20), rel=0.2)
    assert "20 groups of test rows with equal inputs" in (strange / "report.html").read_text(encoding="utf-8")
    assert "20 groups of test rows with equal inputs" in (strange / "README.md").read_text(encoding="utf-8")


def test_a_finished_run_is_read_with_its_strange_classes_and_groups(strange) -> None:
    run = read_finished(strange, Result.load(strange))
    assert set(run.references) == {0, 1, 2, 3, 4}
    assert run.clusters is not None
    assert len(set(run.clusters)) == 20
    assert (run.references == run.scored.predictions).mean() == pytest.approx(run.result.metrics["test"]["accuracy"])
    assert modaxfer.load(strange).evaluate()["metrics"] == pytest.approx(run.result.metrics["test"], abs=1e-6)


def test_a_baseline_or_secondary_metric_that_fails_is_a_warning(tiny, tmp_path, monkeypatch) -> None:
    def broken(*_args: object, **_named: object) -> None:
        raise ValueError("no such thing")

    monkeypatch.setattr("modaxfer.runner.evaluation.bars.kept_simple", broken)
    monkeypatch.setattr("modaxfer.metrics.scores.matthews_corrcoef", broken)
    data = folder(tmp_path / "animals", train=texts("cat dog", 40), test=texts("cat dog", 12, 200))
    run = modaxfer.train(
        encoder=str(tiny("bert")), data=str(data), text=("text",), label=("label",), output=str(tmp_path / "run"),
        **SOLVED,
    )  # fmt: skip
    stored = json.loads((run.folder / "result.json").read_text(encoding="utf-8"))
    assert stored["status"] == "completed"
    assert "accuracy" in stored["metrics"]["test"]
    assert "matthews_corrcoef" not in stored["metrics"]["test"]
    assert "simple" not in stored["baselines"]
    said = "\n".join(stored["warnings"])
    assert "test: the metric matthews_corrcoef failed and is left out: ValueError: no such thing" in said
    assert "baseline simple failed and is left out: ValueError: no such thing" in said


def test_one_training_row_per_class_trains(tiny, tmp_path) -> None:
    rows = [[f"message about topic thing{n}", f"c{n}"] for n in range(12)]
    other = [[f"note {n} on topic thing{n % 12}", f"c{n % 12}"] for n in range(24)]
    data = folder(tmp_path / "topics", train=rows, validation=other[:12], test=other[12:])
    run = modaxfer.train(
        encoder=str(tiny("bert")), data=str(data), text=("text",), label=("label",), output=str(tmp_path / "run"),
        **SOLVED,
    )  # fmt: skip
    assert run.result.status == "completed"
    assert run.result.metrics["test"].keys() == run.result.intervals.keys()


def test_near_copies_across_splits_are_counted(tmp_path) -> None:
    train = texts("cat dog", 40)
    test = [[text.upper() + "!", label] for text, label in train[:5]] + texts("cat dog", 10, 200)
    data = folder(tmp_path / "animals", train=train, validation=texts("cat dog", 10, 300), test=test)
    task = task_from_files(RunConfig(data=str(data), text=("text",), label=("label",), encoder=("bert",)))
    found = load_task(task).warnings
    assert "5 of 15 test rows equal a training row but for letter case, spaces or punctuation" in found
    assert not any("validation" in line for line in found)
