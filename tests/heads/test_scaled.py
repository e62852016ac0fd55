"""A head whose outputs are scaled and shifted is its formula, its config and its tensors."""

from __future__ import annotations

import pytest
import torch

from modaxfer.contracts import Features
from modaxfer.heads.build import build_head, head_config
from modaxfer.heads.linear import LinearHead
from modaxfer.heads.scaled import ScaledHead


@pytest.fixture
def head():
    inner = LinearHead(4, 3)
    torch.nn.init.normal_(inner.linear.bias)
    return ScaledHead.of(inner, torch.tensor([0.5, 2.0, 1.0]), torch.tensor([1.0, -1.0, 0.0]))


def test_it_is_scale_times_outputs_plus_shift(head) -> None:
    features = Features(pooled=torch.randn(5, 4))
    expected = head.head(features) * torch.tensor([0.5, 2.0, 1.0]) + torch.tensor([1.0, -1.0, 0.0])
    torch.testing.assert_close(head(features), expected, rtol=0, atol=0)
    assert head(features).dtype is torch.float32
    assert not any("scale" in name or "shift" in name for name, _ in head.named_parameters())


def test_it_is_saved_with_the_head_inside(head) -> None:
    twin = build_head(head_config(head))
    twin.load_state_dict(head.state_dict())
    features = Features(pooled=torch.randn(5, 4))
    assert torch.equal(twin(features), head(features))
    # A correction of a corrected model is one more head around it.
    assert head_config(ScaledHead(head, 3))["head"]["head"]["kind"] == "modaxfer/linear"
