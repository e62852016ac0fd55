"""Batch spectral shrinkage against singular values."""

import pytest
import torch

from modaxfer.contracts import Step, StreamBatch
from modaxfer.losses.bss import BatchSpectralShrinkage
from modaxfer.plan import Role


def shrinkage(pooled, smallest=1):
    stream = StreamBatch(name="train", role=Role.TARGET, rows=torch.arange(len(pooled)), made={"pooled": pooled})
    return BatchSpectralShrinkage(None, smallest)(Step(streams={"train": stream}, progress=0.0))


@pytest.mark.parametrize("shape", [(6, 10), (10, 6)])
@pytest.mark.parametrize("smallest", [1, 3])
def test_it_is_the_squares_of_the_smallest_singular_values(shape, smallest):
    pooled = torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    expected = torch.linalg.svdvals(pooled)[-smallest:].square().sum()
    torch.testing.assert_close(shrinkage(pooled, smallest), expected)


def test_its_gradient_shrinks_them_and_is_there_for_equal_values():
    pooled = torch.randn(6, 4, generator=torch.Generator().manual_seed(1), dtype=torch.double, requires_grad=True)
    before = shrinkage(pooled)
    before.backward()
    assert float(shrinkage(pooled.detach() - 0.01 * pooled.grad)) < float(before.detach())
    equal = torch.eye(4, requires_grad=True)
    shrinkage(equal).backward()
    assert torch.isfinite(equal.grad).all()
