"""What mistakes cost, and what speaks against a row."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import domain_tasks as tasks
from modaxfer.config import RunConfig
from modaxfer.errors import DataError
from modaxfer.runner.request.asked_scores import cost_of
from modaxfer_finance.costs import mean_cost, statlog_cost
from modaxfer_finance.reasons import POINTS_TO_DOUBLE, Reason, points_against, reason_codes, reference_of

SPECS = tasks.specs("finance")
CLASSES = ("good", "bad")
WEIGHTS = {"debts": 0.8, "age": -0.1}
ROWS = [{"debts": 3, "age": 20, "home": "rent"}, {"debts": 0, "age": 60, "home": "own"}]
USUAL = {"debts": 1, "age": 40, "home": "own"}


class Linear:
    """A model whose log odds are a sum over fields."""

    def predict_proba(self, data, *, quiet=False):
        odds = [sum(WEIGHTS[name] * row[name] for name in WEIGHTS) + (row["home"] == "rent") for row in data]
        bad = 1 / (1 + np.exp(-np.array(odds)))
        return np.stack([1 - bad, bad], axis=1)


def test_costs_are_those_of_uci():
    references, predictions = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    assert statlog_cost(references, predictions) == (1 + 5) / 4
    assert mean_cost(references, 1 - references, ((0, 2), (3, 0))) == 2.5
    # Refusing everybody, where 70 % would pay.
    assert statlog_cost(np.arange(10) >= 7, np.ones(10, int)) == pytest.approx(0.7)


def test_the_task_brings_its_costs_and_a_user_goes_before():
    german = SPECS["german-credit"]
    assert cost_of(RunConfig(), german, CLASSES) == ((0, 1), (5, 0))
    assert cost_of(RunConfig(threshold="0.5"), german, CLASSES) == ()
    assert cost_of(RunConfig(), SPECS["home-equity"], CLASSES) == ()
    assert {"gini", "ks"} <= set(SPECS["home-equity"].metrics)
    assert set(german.metrics) - set(SPECS["home-equity"].metrics) == {"finance/statlog_cost"}


def test_a_file_of_costs_goes_before_those_of_the_task(tmp_path):
    (tmp_path / "costs.csv").write_text("true,good,bad\ngood,0,2\nbad,3,0\n", encoding="utf-8")
    given = RunConfig(cost=str(tmp_path / "costs.csv"))
    assert cost_of(given, SPECS["german-credit"], CLASSES) == ((0, 2), (3, 0))


@pytest.mark.parametrize("cost", [((0.0, 1.0),), ((0.0, 1.0), (-5.0, 0.0)), ((0.0, 1.0), (5.0,))])
def test_costs_that_are_no_matrix_of_the_classes_are_refused(cost):
    with pytest.raises(ValueError, match=r"cost is .* expected a number of 0 or more for each pair of its classes"):
        replace(SPECS["german-credit"], cost=cost)


def test_points_of_a_sum_over_fields_are_its_differences():
    points = points_against(Linear(), ROWS, USUAL)
    unit = POINTS_TO_DOUBLE / np.log(2)
    expected = [[0.8 * 2, -0.1 * -20, 1], [0.8 * -1, -0.1 * 20, 0]]
    np.testing.assert_allclose(points, np.array(expected) * unit)
    np.testing.assert_allclose(points_against(Linear(), ROWS, USUAL, against=0), -points)


def test_reasons_are_the_weightiest_and_none_speaks_for_a_row():
    found = reason_codes(Linear(), ROWS, USUAL, most=2)
    assert [reason.field for reason in found[0]] == ["age", "debts"]
    assert found[0][0] == Reason(
        field="age", value=20, instead=40, points=pytest.approx(2 * POINTS_TO_DOUBLE / np.log(2))
    )
    assert found[1] == []


def test_the_usual_row_is_the_median_and_the_most_frequent():
    rows = [{"a": 1, "b": "x"}, {"a": 9, "b": "y"}, {"a": 2, "b": "y"}, {"a": None, "b": None}]
    assert reference_of(rows, ["a", "b"]) == {"a": 2, "b": "y"}
    with pytest.raises(DataError, match=r"no row has a value to compare with.*'c'"):
        reference_of(rows, ["c"])


def test_what_cannot_be_explained_is_refused():
    class Three(Linear):
        def predict_proba(self, data, *, quiet=False):
            return np.full((len(data), 3), 1 / 3)

    class Unread(Linear):
        def predict_proba(self, data, *, quiet=False):
            return np.full((len(data), 2), np.nan)

    with pytest.raises(DataError, match=r"two classes.*Got: 3 classes"):
        points_against(Three(), ROWS, USUAL)
    with pytest.raises(DataError, match=r"a row cannot be read.*row 1"):
        points_against(Unread(), ROWS, USUAL)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A closed-form head on an untrained table encoder: german-credit's made-up sample."""
    import modaxfer

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MODAXFER_DATA", raising=False)
        output = tmp_path_factory.mktemp("german") / "run"
        common = {"precision": "fp32", "device": "cpu", "quiet": True, "output": str(output)}
        return modaxfer.train(encoder="table", strategy="full", task="german-credit", epochs=1, **common)


@pytest.mark.recipe
def test_a_run_decides_by_the_costs_of_its_task_and_is_asked_for_reasons(run, tmp_path, capsys):
    from modaxfer_finance.__main__ import main

    decision = run.result.decision
    assert decision["by"] == "cost"
    assert run.result.metrics["test"]["finance/statlog_cost"] == pytest.approx(decision["test"]["cost"])
    table = tasks.sample_tables(SPECS["german-credit"])["test"].slice(0, 3)
    (tmp_path / "rows.json").write_text(json.dumps(table.to_pylist()), encoding="utf-8")
    assert main([str(run.folder), str(tmp_path / "rows.json"), "--most", "2"]) == 0
    header, *lines = capsys.readouterr().out.split("\r\n")[:-1]
    assert header == "row,field,value,instead,points"
    assert all(float(line.rpartition(",")[2]) >= 0 for line in lines)
    assert main([str(run.folder), str(tmp_path / "rows.json"), "--against", "ugly"]) == 2
    assert "one of which is bad" in capsys.readouterr().err
