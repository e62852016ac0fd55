"""Deep CORAL against closed forms, NumPy's covariance and the penalty of DomainBed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from domains import context, step

from modaxfer.errors import RefusedError
from modaxfer.losses.coral import DeepCoral, coral, covariance
from modaxfer.plan import Role


def whitened(rows: int, width: int, scale: float) -> torch.Tensor:
    """Return rows whose covariance is exactly ``scale ** 2`` times the identity, and whose mean is zero."""
    drawn = torch.randn(rows, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    basis, _ = torch.linalg.qr(drawn - drawn.mean(0))
    return basis * (rows - 1) ** 0.5 * scale


def test_the_covariance_is_numpy_s() -> None:
    rows = torch.randn(20, 4, dtype=torch.float64)
    np.testing.assert_allclose(covariance(rows), np.cov(rows.numpy(), rowvar=False))
    assert covariance(rows[:1]).tolist() == [[0.0] * 4] * 4


def test_an_identity_against_four_times_it_is_three_quarters_in_three_dimensions() -> None:
    # ||I - 4 I||_F^2 / (4 d^2) = 9 d / (4 d^2) = 9 / (4 d).
    source, target = whitened(40, 3, 1.0), whitened(50, 3, 2.0)
    assert coral(source, target).item() == pytest.approx(0.75, rel=1e-5)
    assert coral(source, target, means=True).item() == pytest.approx(0.75, rel=1e-5)
    # Means at (2, 2, 2): 12 / (4 * 3) more.
    assert coral(source, target + 2, means=True).item() == pytest.approx(1.75, rel=1e-5)
    assert coral(source, target + 2).item() == pytest.approx(0.75, rel=1e-5)


def test_with_means_it_is_a_quarter_of_domainbed_s_penalty() -> None:
    # domainbed/algorithms.py, AbstractMMD.mmd (Gulrajani & Lopez-Paz 2021).
    x, y = torch.randn(12, 5), 1 + 3 * torch.randn(9, 5)
    mean_x, mean_y = x.mean(0, keepdim=True), y.mean(0, keepdim=True)
    cova_x, cova_y = ((z - m).t() @ (z - m) / (len(z) - 1) for z, m in ((x, mean_x), (y, mean_y)))
    penalty = (mean_x - mean_y).pow(2).mean() + (cova_x - cova_y).pow(2).mean()
    assert coral(x, y, means=True).item() == pytest.approx(penalty.item() / 4, rel=1e-5)


def test_its_gradient_is_that_of_finite_differences() -> None:
    x = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    y = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)

    def exact(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        # The same formula in double precision, which finite differences need.
        return (covariance(source) - covariance(target)).square().sum() / 36

    assert torch.autograd.gradcheck(exact, (x, y))
    given = torch.autograd.grad(coral(x, y), (x, y))
    expected = torch.autograd.grad(exact(x, y), (x, y))
    for one, other in zip(given, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("read", ["pooled", "outputs"])
def test_as_a_loss_it_compares_a_step_s_source_with_its_target(read) -> None:
    source, target = whitened(40, 3, 1.0), whitened(50, 3, 2.0)
    given = step({Role.TARGET: target + 2, Role.SOURCE: source}, read=read)
    assert DeepCoral(context(), on=read)(given).item() == pytest.approx(0.75, rel=1e-5)
    assert DeepCoral(context(), on=read, means=True)(given).item() == pytest.approx(1.75, rel=1e-5)


def test_one_role_alone_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"loss coral compares a source with a target\. Got: streams of the target"):
        DeepCoral(context(Role.TARGET))
