import math

import pytest
import torch

from modaxfer.heads.uncertainty import UncertaintyWeights


def learned(losses, steps=2000):
    weights = UncertaintyWeights(len(losses))
    optimiser = torch.optim.Adam(weights.parameters(), lr=0.02)
    for _ in range(steps):
        optimiser.zero_grad()
        weights(losses, torch.arange(len(losses))).sum().backward()
        optimiser.step()
    return weights


def test_the_minimum_is_the_logarithm_of_each_loss():
    """d/ds of exp(-s) L + s is 0 at s = log L, where the sum is 1 + log L."""
    losses = torch.tensor([0.02, 1.0, 7.0])
    weights = learned(losses)
    torch.testing.assert_close(weights.log_variances.detach(), losses.log(), atol=1e-3, rtol=0)
    total = weights(losses, torch.arange(3)).sum()
    assert float(total.detach()) == pytest.approx(3 + math.log(0.02 * 7), abs=1e-4)


def test_it_starts_as_the_plain_sum():
    losses = torch.tensor([0.5, 2.0])
    assert torch.equal(UncertaintyWeights(2)(losses, torch.arange(2)), losses)


def test_the_losses_of_one_task_are_weighed_alike():
    weights = UncertaintyWeights(3)
    with torch.no_grad():
        weights.raw.copy_(torch.tensor([0.0, 1.0, -1.0]))
    rows = torch.tensor([1.0, 3.0])
    s = 5 * math.tanh(1 / 5)
    torch.testing.assert_close(weights(rows, 1), math.exp(-s) * rows + s)
    torch.testing.assert_close(weights(rows, torch.tensor([1, 1])), weights(rows, 1))


def test_a_task_known_by_heart_does_not_drown_the_others_and_can_come_back():
    weights = UncertaintyWeights(1)
    with torch.no_grad():
        weights.raw.fill_(-30.0)
    assert float((-weights.log_variances).exp().detach()) <= math.exp(5) * (1 + 1e-6)
    with torch.no_grad():
        weights.raw.fill_(-10.0)
    weights(torch.ones(1), 0).sum().backward()
    assert float(weights.raw.grad[0]) < 0
