"""Minimum class confusion: closed forms, and the authors' formula written out row by row."""

from __future__ import annotations

import math

import pytest
import torch

from modaxfer.contracts import LossContext, Step, StreamBatch, StreamFacts
from modaxfer.errors import RefusedError
from modaxfer.losses.mcc import Mcc, class_confusion
from modaxfer.plan import Role
from modaxfer.problems.criteria.softmax import Softmax


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_even_predictions_are_wholly_confused(classes) -> None:
    """Each class is as often taken for any other: (K - 1) / K."""
    assert class_confusion(torch.zeros(7, classes)).item() == pytest.approx((classes - 1) / classes)


def test_sure_predictions_are_not_confused() -> None:
    assert class_confusion(100 * torch.eye(4).repeat(3, 1)).item() == pytest.approx(0, abs=1e-6)


def test_it_is_the_formula_of_the_paper() -> None:
    """Jin et al. 2020, equations 2 to 7, in plain sums."""
    logits = torch.tensor([[2.0, 0.5, -1.0], [0.1, 0.2, 0.3], [-1.0, 3.0, 0.0], [0.0, 0.0, 4.0]])
    rows = [[math.exp(z / 2.5) for z in row] for row in logits.tolist()]
    shares = [[value / sum(row) for value in row] for row in rows]
    entropy = [-sum(p * math.log(p) for p in row) for row in shares]
    raw = [1 + math.exp(-h) for h in entropy]
    weights = [len(raw) * one / sum(raw) for one in raw]
    pairs = [
        [sum(w * row[j] * row[k] for w, row in zip(weights, shares, strict=True)) for k in range(3)] for j in range(3)
    ]
    lost = sum(pairs[j][k] / sum(pairs[j]) for j in range(3) for k in range(3) if j != k) / 3
    assert class_confusion(logits).item() == pytest.approx(lost, rel=1e-5)


def facts(labelled: bool) -> StreamFacts:
    targets = torch.tensor([0, 1]).numpy() if labelled else None
    return StreamFacts(role=Role.TARGET, width=4, outputs=3, criterion=Softmax(classes=3), rows=2, targets=targets)


def context(*labelled: bool) -> LossContext:
    return LossContext(streams={str(n): facts(one) for n, one in enumerate(labelled)}, seed=0, start=lambda _: None)


def test_labelled_rows_play_no_part() -> None:
    def batch(name, targets):
        outputs = torch.randn(5, 3, generator=torch.Generator().manual_seed(int(name)))
        rows = torch.arange(5)
        return StreamBatch(name=name, role=Role.TARGET, rows=rows, targets=targets, made={"outputs": outputs})

    step = {"0": batch("0", torch.zeros(5, dtype=torch.int64)), "1": batch("1", None)}
    made = Mcc(context(True, False))(Step(streams=step, progress=0.0))
    assert torch.equal(made, class_confusion(step["1"].outputs))


def test_a_step_needs_four_rows_per_class() -> None:
    Mcc(context(True, False), batch_size=12)
    Mcc(context(True, False, False), batch_size=6)
    with pytest.raises(RefusedError, match=r"Got: 11 unlabelled rows per step, 3 classes.* Fix: use --batch-size 12"):
        Mcc(context(True, False), batch_size=11)
    with pytest.raises(RefusedError, match=r"loss mcc is for rows without labels. Got: labelled streams"):
        Mcc(context(True))
