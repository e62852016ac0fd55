"""A gradient that is turned round, and whom it deceives."""

from __future__ import annotations

import pytest
import torch

from modaxfer.losses.adversary import Discriminator, reversed_gradient


@pytest.mark.parametrize("strength", [0.0, 0.25, 1.0, 3.0])
def test_the_gradient_comes_back_as_minus_the_strength_times_it(strength) -> None:
    values = torch.randn(4, 3, requires_grad=True)
    weights = torch.randn(4, 3)
    passed = reversed_gradient(values, strength)
    assert torch.equal(passed, values)
    (passed * weights).sum().backward()
    torch.testing.assert_close(values.grad, -strength * weights)


def test_a_discriminator_gives_one_number_per_row_in_single_precision() -> None:
    made = Discriminator(width=5, hidden=8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert made(torch.randn(7, 5).bfloat16()).dtype == torch.float32
    assert made(torch.randn(7, 5)).shape == (7,)
