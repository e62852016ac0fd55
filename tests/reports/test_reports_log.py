"""The training log: curves, torn lines, resumed runs."""

from __future__ import annotations

import json

import pytest

from modaxfer.reports.log import Log, read_log


def test_losses_scores_and_rates_are_told_apart(run):
    run.log(
        [
            {"step": 1, "epoch": 0.5, "loss": 1.0, "learning_rate": 1e-3},
            {"step": 2, "epoch": 1.0, "loss": 0.5, "learning_rate": 1e-4},
            {"step": 2, "epoch": 1.0, "validation_loss": 0.7, "validation_f1_macro": 0.4, "validation_accuracy": 0.9},
        ]
    )
    log = read_log(run.root, "f1_macro")
    assert log.axis == "epoch"
    assert log.loss == ((0.5, 1.0), (1.0, 0.5))
    assert log.validation_loss == ((1.0, 0.7),)
    assert log.score == ((1.0, 0.4),)
    assert log.learning_rate == ((0.5, 1e-3), (1.0, 1e-4))


@pytest.mark.parametrize(
    "line",
    [
        {"epoch": 1, "validation_f1_macro": 0.4},
        {"epoch": 1, "validation/f1_macro": 0.4},
        {"epoch": 1, "validation": {"f1_macro": 0.4}},
        {"epoch": 1, "f1_macro": 0.4},
    ],
)
def test_every_way_to_name_a_validation_score(run, line):
    run.log([line])
    assert read_log(run.root, "f1_macro").score == ((1.0, 0.4),)


def test_steps_are_the_axis_where_epochs_were_not_logged(run):
    run.log([{"step": 1, "loss": 1.0}, {"step": 2, "loss": 0.5}])
    log = read_log(run.root, "accuracy")
    assert (log.axis, log.loss) == ("step", ((1.0, 1.0), (2.0, 0.5)))


def test_the_later_line_of_a_resumed_run_counts(run):
    run.log([{"step": 1, "loss": 1.0}, {"step": 2, "loss": 9.0}, {"step": 2, "loss": 0.5}])
    assert read_log(run.root, "accuracy").loss == ((1.0, 1.0), (2.0, 0.5))


def test_torn_lines_are_counted_and_losses_that_are_no_numbers_left_out(run):
    run.log([{"step": 1, "loss": 1.0}, {"step": 2, "loss": float("nan")}, [1]], torn='{"step": 3, "lo')
    log = read_log(run.root, "accuracy")
    assert (log.loss, log.unreadable) == (((1.0, 1.0),), 2)


@pytest.mark.parametrize(("points", "drawable"), [(0, False), (1, False), (2, True)])
def test_a_curve_needs_two_points(points, drawable):
    assert bool(Log(loss=((1.0, 1.0), (2.0, 0.5))[:points])) is drawable


def test_a_run_without_a_log(tmp_path):
    assert read_log(tmp_path, "accuracy") == Log()


def test_of_several_learning_rates_one_counts(tmp_path):
    lines = [{"step": step, "loss": rate * step, "rate": rate} for rate in (1.0, 3.0) for step in (1, 2)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert read_log(tmp_path, "accuracy", 1.0).loss == ((1.0, 1.0), (2.0, 2.0))
    assert read_log(tmp_path, "accuracy", 3.0).loss == ((1.0, 3.0), (2.0, 6.0))
    assert read_log(tmp_path, "accuracy", 3.0).unreadable == 0
