"""What fails beside the primary score is left out and said."""

from __future__ import annotations

import pytest

from modaxfer.runner.attempts import attempt, each_apart


def broken(names):
    if "log_loss" in names:
        raise ValueError("infinite\n  loss")
    return dict.fromkeys(names, 0.5)


def test_a_metric_that_fails_takes_no_other_with_it() -> None:
    warnings: list[str] = []
    found = each_apart("test: the metric", ["accuracy", "log_loss", "roc_auc"], broken, warnings, needed="accuracy")
    assert found == {"accuracy": 0.5, "roc_auc": 0.5}
    assert warnings == ["test: the metric log_loss failed and is left out: ValueError: infinite loss"]


def test_a_needed_metric_that_fails_is_an_error() -> None:
    with pytest.raises(ValueError, match="infinite"):
        each_apart("test: the metric", ["accuracy", "log_loss"], broken, [], needed="log_loss")


def test_an_attempt_says_what_is_left_out() -> None:
    warnings: list[str] = []
    assert attempt("baseline simple", lambda: 1 / 0, warnings) is None
    assert warnings == ["baseline simple failed and is left out: ZeroDivisionError: division by zero"]
    assert attempt("baseline simple", lambda: 3, warnings) == 3
    assert len(warnings) == 1
