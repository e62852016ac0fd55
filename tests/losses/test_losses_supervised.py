"""The task's own loss, as a term."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from modaxfer.contracts import LossContext, Step, StreamBatch, StreamFacts
from modaxfer.losses.supervised import Supervised
from modaxfer.plan import Role
from problem_names import criterion_of

TARGETS = torch.tensor([0, 0, 0, 1])
OUTPUTS = torch.tensor([[1.0, -1.0], [0.5, 0.0], [0.0, 2.0], [3.0, 1.0]])


def loss(**settings):
    criterion = criterion_of("binary", 2, TARGETS.numpy())
    facts = StreamFacts(role=Role.TARGET, width=4, outputs=2, criterion=criterion, rows=4, targets=TARGETS)
    return Supervised(LossContext(streams={"train": facts}, seed=0, start=torch.nn.Identity, **settings))


def step(rows=(0, 1, 2, 3)):
    chosen = torch.tensor(rows)
    made = {"outputs": OUTPUTS[chosen]}
    batch = StreamBatch(name="train", role=Role.TARGET, rows=chosen, targets=TARGETS[chosen], made=made)
    return Step(streams={"train": batch}, progress=0.0)


def test_a_row_costs_its_cross_entropy() -> None:
    expected = -OUTPUTS.log_softmax(1)[torch.arange(4), TARGETS]
    torch.testing.assert_close(loss()(step()), expected)
    assert loss().total("train", TARGETS) == 4.0


def test_balanced_classes_are_a_weighted_mean_however_a_step_is_cut() -> None:
    balanced = loss(class_weight="balanced")
    whole = balanced(step()).sum() / balanced.total("train", TARGETS)
    parts = balanced(step((0, 1))).sum() + balanced(step((2, 3))).sum()
    torch.testing.assert_close(parts / balanced.total("train", TARGETS), whole)
    weight = torch.tensor([4 / (2 * 3), 4 / (2 * 1)])
    torch.testing.assert_close(whole, torch.nn.functional.cross_entropy(OUTPUTS, TARGETS, weight=weight))


def test_smoothing_is_torchs_own() -> None:
    smooth = loss(label_smoothing=0.2)(step())
    torch.testing.assert_close(
        smooth, torch.nn.functional.cross_entropy(OUTPUTS, TARGETS, label_smoothing=0.2, reduction="none")
    )


def test_a_regression_has_its_scale() -> None:
    targets = np.array([1.0, 3.0, 5.0])
    criterion = criterion_of("regression", 0, targets)
    facts = StreamFacts(role=Role.TARGET, width=4, outputs=1, criterion=criterion, rows=3)
    batch = StreamBatch(
        name="train",
        role=Role.TARGET,
        rows=torch.arange(3),
        targets=torch.from_numpy(targets),
        made={"outputs": torch.zeros(3, 1)},
    )
    found = Supervised(LossContext(streams={"train": facts}, seed=0, start=torch.nn.Identity))(
        Step(streams={"train": batch}, progress=0.0)
    )
    assert found.mean() == pytest.approx(1.0, abs=1e-6)
