"""Score rows and how numbers are written."""

from __future__ import annotations

import json

import numpy as np
import pytest

from modaxfer.reports.scores import (
    amount,
    baseline_label,
    baselines_present,
    duration,
    interval_of,
    memory,
    number,
    operations,
    score_rows,
    told_once,
)
from modaxfer.result import Result


def result(**changes):
    values = {
        "status": "completed",
        "encoder": {},
        "bridge": "",
        "strategy": "",
        "task": "",
        "metrics": {
            "train": {"accuracy": 0.9, "f1_macro": 0.8},
            "validation": {"accuracy": 0.7},
            "test": {"accuracy": 0.6, "f1_macro": 0.5, "roc_auc": None},
            "primary": "f1_macro",
        },
        "intervals": {"f1_macro": (0.4, 0.6)},
        "baselines": {
            "scratch": {"f1_macro": 0.3},
            "chance": {"f1_macro": 0.1, "accuracy": 0.2},
            "of_a_plugin": {"accuracy": 0.4},
        },
    }
    return Result(**values | changes)


def test_the_primary_metric_comes_first_and_absent_values_are_none():
    first, second, third = score_rows(result())
    assert (first.name, first.train, first.validation, first.test) == ("f1_macro", 0.8, None, 0.5)
    assert (first.primary, first.interval, first.baselines) == (True, (0.4, 0.6), {"scratch": 0.3, "chance": 0.1})
    assert (second.name, second.primary, second.interval) == ("accuracy", False, None)
    assert (third.name, third.test) == ("roc_auc", None)


def test_baselines_come_in_the_usual_order_with_unknown_ones_last():
    assert baselines_present(score_rows(result())) == ("chance", "scratch", "of_a_plugin")


def test_numpy_numbers_are_numbers():
    found = result(metrics={"test": {"accuracy": np.float32(0.5)}, "primary": "accuracy"}, intervals={})
    assert score_rows(found)[0].test == 0.5


def test_not_a_number_in_the_file_is_an_absent_value():
    stored = json.loads(json.dumps({"test": {"accuracy": float("nan")}, "primary": "accuracy"}))
    assert score_rows(result(metrics=stored, intervals={}))[0].test is None


def test_words_and_truths_among_the_metrics_are_no_scores():
    found = result(metrics={"test": {"accuracy": 0.5, "note": "x", "flag": True}, "primary": "accuracy"})
    assert [row.name for row in score_rows(found)] == ["accuracy"]


def test_a_failed_run_has_no_rows():
    assert score_rows(result(metrics={}, intervals={}, baselines={})) == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.5614, "0.561"),
        (-0.25, "-0.250"),
        (160.04, "160.0"),
        (123456.78, "123,456.8"),
        (2.5e7, "25,000,000"),
        (3.04e-7, "3.04e-07"),
        (-1e-13, "0.000"),
        (None, "-"),
        (float("nan"), "-"),
    ],
)
def test_numbers(value, expected):
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([0.1, 0.2], (0.1, 0.2)),
        (None, None),
        ([0.1], None),
        ([0.1, None], None),
        ([0.1, float("nan")], None),
        ("ab", None),
    ],
)
def test_intervals(value, expected):
    assert interval_of(value) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.84, "0.8 s"), (41.2, "41 s"), (59.7, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")],
)
def test_durations(seconds, expected):
    assert duration(seconds) == expected


@pytest.mark.parametrize(("megabytes", "expected"), [(812.4, "812 MB"), (24_310, "24.3 GB")])
def test_memory(megabytes, expected):
    assert memory(megabytes) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 FLOP"),
        (999, "999 FLOP"),
        (1985060598, "1.99 GFLOP"),
        (999_999, "1 MFLOP"),
        (989.5e12, "990 TFLOP"),
        (3e24, "3 YFLOP"),
    ],
)
def test_operations(count, expected):
    assert operations(count) == expected


@pytest.mark.parametrize(
    ("stored", "primary", "expected"),
    [
        ({"problem": "regression"}, "of_a_plugin", "mean"),
        ({"problem": "binary"}, "rmse", "majority"),
        ({}, "rmse", "mean"),
        ({}, "f1_macro", "majority"),
        ({}, "of_a_plugin", "majority"),
        ({"problem": "gone/away"}, "rmse", "majority"),
    ],
)
def test_the_stored_problem_says_what_majority_means(stored, primary, expected):
    found = result(data=stored, metrics={"test": {primary: 0.5}, "primary": primary}, intervals={})
    assert baseline_label(found, "majority") == expected


def test_the_simple_bar_names_its_model_unless_asked_not_to():
    found = result(baselines={"simple": {"name": "trees", "f1_macro": 0.5}})
    assert baseline_label(found, "simple") == "simple (trees)"
    assert baseline_label(found, "simple", model=False) == "simple"


def test_of_two_names_of_one_metric_one_is_shown():
    both = {"f1_macro": 0.5, "balanced_accuracy": 0.6, "recall_macro": 0.6}
    alike = result(metrics={"test": both, "primary": "f1_macro"})
    assert [row.name for row in score_rows(alike)] == ["f1_macro", "balanced_accuracy"]
    decides = result(metrics={"test": both, "primary": "recall_macro"})
    assert score_rows(decides)[0].name == "recall_macro"
    apart = result(metrics={"test": {**both, "recall_macro": 0.4}, "primary": "f1_macro"})
    assert "recall_macro" in [row.name for row in score_rows(apart)], "of several labels they are two"


def test_amounts_are_read_in_the_target_s_unit():
    assert [amount(value) for value in (0.01234, 12.3456, 453000.0, -5858213.4)] == [
        "0.01234", "12.35", "453,000", "-5,858,213",
    ]  # fmt: skip


def test_a_metric_under_two_names_is_told_once_unless_it_decides():
    assert told_once({"accuracy": 0.5, "balanced_accuracy": 0.4, "recall_macro": 0.4}) == [
        "accuracy",
        "balanced_accuracy",
    ]
    assert "recall_macro" in told_once({"accuracy": 0.5, "balanced_accuracy": 0.4, "recall_macro": 0.3})
    assert told_once({"recall_macro": 0.4, "balanced_accuracy": 0.4})[0] == "recall_macro"
