"""How a session judges: greater is better, whatever the metric, and an undefined score loses."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from modaxfer.runner.session import Predictions, TaskSession
from problem_names import criterion_of


def session(problem, primary, **more):
    criterion = criterion_of(problem, 2)
    other = dict.fromkeys(
        ("accelerator", "computer", "model", "described", "processor", "splits", "log", "progress", "groups", "recipe"),
        SimpleNamespace(),
    )
    return TaskSession(
        **other, problem=problem, criterion=criterion, metrics=(primary,), primary=primary, train=None, batch_size=1,
        seed=0,
        weights_key="", task_id="own/rows", encoder="x", bridges=(), **more,
    )  # fmt: skip


def test_an_error_is_turned_and_turned_back():
    judged = session("regression", "rmse").judge(np.array([0.0, 2.0]), np.array([2.0, 4.0]), None)
    assert judged == pytest.approx(-2.0)
    assert session("regression", "rmse").value_of(judged) == pytest.approx(2.0)


def test_a_negative_score_stays_negative():
    one = session("regression", "r2")
    judged = one.judge(np.array([0.0, 1.0]), np.array([3.0, -3.0]), None)
    assert judged < 0
    assert one.value_of(judged) == judged


def test_an_undefined_score_is_worse_than_any():
    one = session("binary", "roc_auc")
    judged = one.judge(np.array([1, 1]), np.array([1, 1]), np.array([[0.2, 0.8], [0.1, 0.9]]))
    assert judged == -math.inf
    assert one.value_of(judged) is None


def test_what_is_judged_by_costs_is_decided_by_them():
    one = session("binary", "expected_cost", cost=((0.0, 5.0), (1.0, 0.0)))
    scores = np.array([[0.4, 0.6], [0.1, 0.9]])
    # The likeliest class would be wrong once, at 5; below 5 / 6 the other one is said.
    judged = one.judge(np.array([0, 1]), np.array([1, 1]), scores)
    assert (judged, one.value_of(judged)) == (0.0, 0.0)
    assert one.judge(np.array([1, 1]), np.array([1, 1]), scores) == pytest.approx(-0.5)


def test_what_was_said_of_validation_rows_holds_until_the_model_moves():
    model = torch.nn.Linear(2, 2)
    model.towers = [SimpleNamespace(readout="layer 1", segments=0)]
    one, made = session("binary", "accuracy"), Predictions(predictions=np.zeros(3), scores=None)
    one.model = model
    assert one.judged_before() is None
    one.keep_judged(made)
    assert one.judged_before() is made
    model.towers[0].readout = "layer 2"
    assert one.judged_before() is None
    one.keep_judged(made)
    with torch.no_grad():
        model.bias[1] += 1e-6
    assert one.judged_before() is None
