"""L2-SP against the closed form of least squares."""

import torch

from modaxfer.contracts import Step, TrainedParameter
from modaxfer.losses.l2_sp import L2SP
from modaxfer.plan import Part


def known(now, start, part=Part.BODY):
    return TrainedParameter(part=part, layer=0, depth=1, now=now, phase_start=start + 7, run_start=start)


def test_on_least_squares_it_is_ridge_towards_the_start():
    """(X'X + a I)^-1 (X'y + a w0); with w0 = 0 the ridge regression."""
    drawn = torch.Generator().manual_seed(0)
    rows, targets = torch.randn(20, 4, generator=drawn).double(), torch.randn(20, generator=drawn).double()
    start, strength = torch.randn(4, generator=drawn).double(), 3.0
    weights = torch.zeros(4, dtype=torch.double, requires_grad=True)
    penalty = L2SP(None, strength)
    optimiser = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        step = Step(streams={}, progress=0.0, trained={"weight": known(weights, start)})
        total = 0.5 * (rows @ weights - targets).square().sum() + penalty(step)
        total.backward()
        return total

    optimiser.step(loss)
    left, right = rows.T @ rows + strength * torch.eye(4), rows.T @ targets + strength * start
    torch.testing.assert_close(weights.detach(), torch.linalg.solve(left, right), rtol=1e-4, atol=1e-6)


def test_fresh_parts_are_held_to_zero():
    head, body = torch.full((2,), 3.0), torch.full((2,), 5.0)
    step = Step(
        streams={},
        progress=0.0,
        trained={"body": known(body, body - 1), "head": known(head, head - 1, Part.HEAD)},
    )
    assert L2SP(None, 4.0, 0.5)(step) == 0.5 * 4.0 * 2 * 1 + 0.5 * 0.5 * 2 * 9
