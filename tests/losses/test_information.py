"""Information maximisation is least where each row is sure and classes are equally many."""

from __future__ import annotations

import math

import pytest
import torch

from modaxfer.losses.information import information_loss


def test_sure_rows_of_all_classes_are_the_best_there_is() -> None:
    assert information_loss(100 * torch.eye(4).repeat(3, 1)) == pytest.approx(-math.log(4), abs=1e-5)


@pytest.mark.parametrize("sure", [0.0, 100.0])
def test_rows_that_are_all_alike_say_nothing(sure) -> None:
    """Unsure ones, or all sure of one class: the entropies cancel."""
    assert information_loss(sure * torch.eye(4)[:1].repeat(6, 1)) == pytest.approx(0, abs=1e-5)


def test_it_is_the_difference_of_two_entropies() -> None:
    logits = torch.randn(50, 3)
    shares = logits.softmax(1)
    within, between = (torch.distributions.Categorical(probs=each).entropy() for each in (shares, shares.mean(0)))
    assert information_loss(logits) == pytest.approx(float(within.mean() - between), abs=1e-5)
    assert information_loss(logits, 0.5) == pytest.approx(float(within.mean() - between / 2), abs=1e-5)


def test_its_gradient_is_finite_where_rows_are_sure() -> None:
    logits = (1000 * torch.eye(3)).requires_grad_()
    information_loss(logits).backward()
    assert logits.grad.isfinite().all()
