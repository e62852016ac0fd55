"""Attention written out against torch's fused kernel, values and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from modaxfer.encoders import attention


def states(requires_grad=True):
    torch.manual_seed(0)
    return [torch.randn(2, 3, 7, 4, requires_grad=requires_grad) for _ in range(3)]


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("scaling", [None, 0.3])
def test_both_ways_agree(masked, scaling, monkeypatch):
    mask = None
    if masked:
        mask = torch.arange(7)[None, None, None] < torch.tensor([7, 4])[:, None, None, None]
        mask = mask.expand(2, 1, 7, 7)
    found = []
    for longest in (512, 0):
        monkeypatch.setattr(attention, "LONGEST_EXPLICIT", longest)
        inputs = states()
        out, weights = attention.attend(nn.Module().eval(), *inputs, mask, scaling=scaling)
        assert weights is None
        assert out.shape == (2, 7, 3, 4)
        out.square().sum().backward()
        found.append([out.detach(), *(tensor.grad for tensor in inputs)])
    for written_out, fused in zip(*found, strict=True):
        torch.testing.assert_close(written_out, fused, atol=1e-5, rtol=1e-5)


def test_the_fused_kernel_serves_inference(monkeypatch):
    def fail(*arguments):
        raise AssertionError("written out without a gradient")

    monkeypatch.setattr(attention, "_written_out", fail)
    with torch.no_grad():
        attention.attend(nn.Module().eval(), *states(), None)
    attention.attend(nn.Module().eval(), *states(requires_grad=False), None)
    with pytest.raises(AssertionError, match="written out"):
        attention.attend(nn.Module().eval(), *states(), None)


def test_dropout_is_for_training_only():
    module, inputs = nn.Module(), states()
    module.eval()
    calm = attention.attend(module, *inputs, None, dropout=0.5)[0]
    torch.testing.assert_close(calm, attention.attend(module, *inputs, None)[0])
    module.train()
    assert not torch.allclose(calm, attention.attend(module, *inputs, None, dropout=0.5)[0])
