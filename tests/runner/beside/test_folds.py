"""Folds over runs that are made up: every row once, scores per fold and over all rows, killed and gone on with."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from made_up_runs import ROWS, Runner
from modaxfer.config import RunConfig
from modaxfer.metrics import Scored, bootstrap, compute, student_interval
from modaxfer.result import Result
from modaxfer.runner.beside.folds import pooled
from modaxfer.runner.beside.schedule import run_with_companions
from modaxfer.runner.evaluation.finished import Finished, read_finished


def run(folder, runner, *, resume=False, **changes):
    asked = {"encoder": ("bert",), "strategy": "lora", "task": ("x",), "output": str(folder), "folds": 4} | changes
    return run_with_companions(RunConfig(**asked), resume=resume, run_one=runner)


def test_each_fold_is_a_run_of_its_own(tmp_path):
    run(tmp_path, runner := Runner(), set={"train.rates": [1, 3]})
    assert [(each.folds, each.fold) for each in runner.configs] == [(4, None), (4, 0), (4, 1), (4, 2), (4, 3)]
    assert [each.output for each in runner.configs[1:]] == [str(tmp_path / "folds" / str(fold)) for fold in range(4)]
    # Each searches by itself: the rows that the first run chose by are test rows of some folds.
    assert [each.set for each in runner.configs] == [{"train.rates": [1, 3]}] * 5


def test_every_row_is_predicted_once(tmp_path):
    result, folder = run(tmp_path, Runner())
    table = pq.read_table(folder / result.folds["predictions"])
    ids = table.column("row_id").to_pylist()
    assert result.folds["rows"] == len(ids) == len(set(ids)) == ROWS
    assert np.bincount(table.column("fold").to_numpy()).tolist() == [38, 38, 37, 37]
    assert {"target", "prediction", "score:good"} <= set(table.column_names)


def test_scores_per_fold_and_over_all_rows(tmp_path):
    result, folder = run(tmp_path, Runner())
    found = result.folds
    each = [Result.load(folder / "folds" / str(fold)).metrics["test"] for fold in range(4)]
    assert found["test"]["f1_macro"] == [scores["f1_macro"] for scores in each]
    assert found["mean"]["f1_macro"] == pytest.approx(np.mean(found["test"]["f1_macro"]))
    assert found["std"]["f1_macro"] == pytest.approx(np.std(found["test"]["f1_macro"], ddof=1))
    assert found["intervals"]["f1_macro"] == list(student_interval(found["test"]["f1_macro"], overlap=1 / 3))
    table = pq.read_table(folder / found["predictions"])
    right = np.mean([a == b for a, b in zip(table.column("target"), table.column("prediction"), strict=True)])
    low, high = found["pooled_intervals"]["f1_macro"]
    assert low < found["pooled"]["f1_macro"] < high
    assert abs(found["pooled"]["f1_macro"] - right) < 0.02
    assert found["baselines"] == {"chance": {"f1_macro": pytest.approx(0.33)}}
    assert Result.load(folder).to_dict() == result.to_dict()


def test_intervals_over_all_rows_draw_what_belongs_together():
    rng = np.random.default_rng(0)
    references = np.repeat(rng.integers(0, 2, 40), 3)
    said = np.where(np.repeat(rng.random(40) < 0.7, 3), references, 1 - references)
    whole = {"problem": "binary", "references": references, "predictions": said}
    result = Result(status="completed", encoder={}, bridge="", strategy="", task="", data={"problem": "binary"})

    def fold(rows, clusters):
        ids = tuple(f"train-{row}" for row in rows)
        scored = Scored(predictions=said[rows])
        return Finished(
            folder=None, result=result, ids=ids, references=references[rows], scored=scored, clusters=clusters
        )

    first, second = np.arange(60), np.arange(60, 120)
    # Each fold numbers its clusters from 0: number 0 of one is not number 0 of the other.
    folds = [fold(first, np.repeat(np.arange(20), 3)), fold(second, np.repeat(np.arange(20), 3))]
    found = pooled(folds, ("accuracy",), seed=0, warnings=[])
    clusters = np.repeat(np.arange(40), 3)
    expected = bootstrap(("accuracy",), seed=0, clusters=clusters, **whole)["accuracy"]
    assert found["pooled"]["accuracy"] == compute(("accuracy",), scores=None, **whole)["accuracy"]
    assert found["pooled_intervals"]["accuracy"] == list(expected)
    mixed = [fold(first, np.repeat(np.arange(20), 3)), fold(second, None)]
    narrower = pooled(mixed, ("accuracy",), seed=0, warnings=[])["pooled_intervals"]["accuracy"]
    assert narrower[1] - narrower[0] < expected[1] - expected[0]


@pytest.mark.parametrize("killed_at", [0, 1, 3])
def test_a_killed_command_goes_on_where_it_was(killed_at, tmp_path):
    expected, _ = run(tmp_path / "unbroken", Runner())
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", Runner(killed_at=killed_at))
    resumed, _ = run(tmp_path / "killed", runner := Runner(), resume=killed_at > 0)
    assert len(runner.configs) == 5 - killed_at
    assert resumed.to_dict() == expected.to_dict()
    again, _ = run(tmp_path / "killed", runner := Runner(), resume=True)
    assert (again.to_dict(), runner.configs) == (expected.to_dict(), [])


def test_a_fold_that_failed_is_a_warning_and_is_run_again(tmp_path):
    result, _ = run(tmp_path, Runner(failed_at=2))
    assert result.folds["folds"] == [0, 2, 3]
    assert result.folds["rows"] == ROWS - 38
    assert result.warnings == (
        "the run beside this one, fold 1, failed and is left out: ConfigError: made to fail. (--resume tries it again)",
    )
    result, _ = run(tmp_path, runner := Runner(), resume=True)
    assert [each.fold for each in runner.configs] == [1]
    assert (result.folds["rows"], result.warnings) == (ROWS, ())


def test_a_damaged_result_beside_the_run_is_said_and_made_again(tmp_path, capsys):
    expected, _ = run(tmp_path, Runner(failed_at=4))
    (tmp_path / "folds" / "0" / "result.json").write_text("{ not", encoding="utf-8")
    result, _ = run(tmp_path, runner := Runner(), resume=True)
    assert [each.fold for each in runner.configs] == [0, 3]
    assert result.folds["test"]["f1_macro"][:3] == expected.folds["test"]["f1_macro"]
    assert "the result of a run beside this one is damaged, so it is run again" in capsys.readouterr().err


def test_a_single_fold_has_nothing_beside_it(tmp_path):
    result, folder = run(tmp_path, runner := Runner(), fold=2)
    assert len(runner.configs) == 1
    assert result.folds == {}
    assert len(read_finished(folder, result).ids) == 37
