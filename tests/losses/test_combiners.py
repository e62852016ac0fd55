"""Several losses become one gradient."""

from __future__ import annotations

import math

import pytest
import torch

from modaxfer.losses.sum import Sum
from modaxfer.losses.uncertainty import Uncertainty

NAMES = ("a", "b", "c")


def made(values):
    return {name: torch.tensor(value) for name, value in zip(NAMES, values, strict=False)}


def whole(losses):
    return dict.fromkeys(losses, 1.0)


def learned(losses, steps=800):
    combiner = Uncertainty(tuple(losses))
    optimiser = torch.optim.Adam(combiner.parameters(), lr=0.05)
    for _ in range(steps):
        optimiser.zero_grad()
        combiner.backward(combiner(losses, whole(losses)), torch.Tensor.backward)
        optimiser.step()
    return combiner


def test_a_sum_is_a_sum() -> None:
    found = []
    Sum(NAMES).backward(made([1.0, 2.0, 4.0]), found.append)
    assert [float(loss) for loss in found] == [7.0]


def test_the_minimum_is_the_logarithm_of_each_loss() -> None:
    """d/ds of exp(-s) L + s is 0 at s = log L, where the sum is 1 + log L."""
    losses = made([0.02, 1.0, 7.0])
    combiner = learned(losses)
    torch.testing.assert_close(combiner.log_variances.detach(), torch.tensor([0.02, 1.0, 7.0]).log(), atol=1e-3, rtol=0)
    total = sum(float(loss.detach()) for loss in combiner(losses, whole(losses)).values())
    assert total == pytest.approx(3 + math.log(0.02 * 7), abs=1e-4)


def test_it_starts_as_the_plain_sum() -> None:
    losses = made([0.5, 2.0])
    assert Uncertainty(("a", "b"))(losses, whole(losses)) == losses


def test_parts_of_a_step_add_up_to_the_step() -> None:
    combiner = Uncertainty(NAMES)
    with torch.no_grad():
        combiner.raw.copy_(torch.tensor([0.0, 1.0, -1.0]))
    s = 5 * math.tanh(1 / 5)
    parts = [combiner({"b": torch.tensor(loss)}, {"b": share})["b"] for loss, share in ((1.5, 0.25), (0.5, 0.75))]
    torch.testing.assert_close(sum(parts), torch.tensor(math.exp(-s) * 2.0 + s))
    assert not combiner({"b": torch.tensor(0.0)}, {"b": 0.0})["b"]


def test_a_task_known_by_heart_does_not_drown_the_others_and_can_come_back() -> None:
    combiner = Uncertainty(("a",))
    with torch.no_grad():
        combiner.raw.fill_(-30.0)
    assert float((-combiner.log_variances).exp().detach()) <= math.exp(5) * (1 + 1e-6)
    with torch.no_grad():
        combiner.raw.fill_(-10.0)
    combiner({"a": torch.tensor(1.0)}, {"a": 1.0})["a"].backward()
    assert float(combiner.raw.grad[0]) < 0
