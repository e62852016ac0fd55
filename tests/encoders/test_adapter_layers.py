"""Adapters of ours against their formulas."""

from __future__ import annotations

import sys

import pytest
import torch
from torch import nn

from modaxfer.encoders.adapter_layers import Bottleneck, DeepPrompt, ShiftedBias, own_layer
from modaxfer.encoders.adapter_methods import default_modules
from modaxfer.encoders.adapter_state import added_tensors
from modaxfer.encoders.adapters import attach_adapter
from modaxfer.encoders.attention import attend
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import outline
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import AdapterSpec


def test_a_shifted_bias_is_that_bias_and_merges_into_it():
    base, states = nn.Linear(3, 2), torch.randn(4, 3)
    layer = ShiftedBias(base)
    with torch.no_grad():
        layer.shift.copy_(torch.tensor([1.0, -2.0]))
    expected = states @ base.weight.T + base.bias + torch.tensor([1.0, -2.0])
    torch.testing.assert_close(layer(states), expected)
    with torch.no_grad():
        layer.merge()
    torch.testing.assert_close(layer.get_base_layer()(states), expected)
    assert [name for name, parameter in layer.named_parameters() if parameter.requires_grad] == ["shift"]
    assert layer.weight is base.weight


def test_layers_without_adapters_are_told_apart_without_peft(monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    monkeypatch.delitem(sys.modules, "peft.tuners.tuners_utils", raising=False)
    layers = nn.Sequential(nn.Linear(3, 2))
    assert added_tensors(layers) == {}
    layers[0] = ShiftedBias(layers[0])
    assert list(added_tensors(layers)) == ["0.shift"]


def test_a_bottleneck_is_the_papers_and_starts_as_nothing():
    base, states = nn.Linear(3, 4), torch.randn(5, 3)
    layer = Bottleneck(base, size=2)
    torch.testing.assert_close(layer(states), base(states))
    with torch.no_grad():
        layer.up.weight.normal_()
    hidden = base(states)
    inner = nn.functional.gelu(hidden @ layer.down.weight.T + layer.down.bias)
    torch.testing.assert_close(layer(states), hidden + inner @ layer.up.weight.T + layer.up.bias)
    with pytest.raises(RuntimeError, match="no linear map"):
        layer.merge()


class Attention(nn.Module):
    """Attention alone, whose formula can be written down."""

    def __init__(self) -> None:
        super().__init__()
        self.key = nn.Linear(4, 4, bias=False)

    def forward(self, tokens, attention_mask):
        keys = self.key(tokens)[:, None]
        return attend(self, tokens[:, None], keys, keys, attention_mask)[0].flatten(2)


def test_a_rows_tokens_look_at_the_prompt_and_padding_stays_out():
    layer, tokens = DeepPrompt(Attention(), tokens=2, width=4), torch.randn(2, 3, 4)
    real = torch.tensor([[True, True, True], [True, True, False]])
    mask = real[:, None, None, :].expand(2, 1, 3, 3)
    said = layer(tokens, attention_mask=mask)
    content = torch.cat([layer.prompt, tokens[1, :2]])
    keys = content @ layer.key.weight.T
    expected = (tokens[1, :2] @ keys.T / 2).softmax(1) @ keys
    assert said.shape == tokens.shape
    torch.testing.assert_close(said[1, :2], expected)
    padded = tokens.clone()
    padded[1, 2] = 7.0
    torch.testing.assert_close(layer(padded, attention_mask=mask)[1, :2], expected)


def test_a_bottleneck_stands_behind_the_last_matrix_of_each_block():
    modules = dict.fromkeys(("0.model.2.a.3.q", "0.model.2.a.3.out", "0.model.2.a.4.q", "0.model.2.a.4.out", "1.fc"))
    assert default_modules(modules, "bottleneck") == ["0.model.2.a.3.out", "0.model.2.a.4.out", "1.fc"]


@pytest.mark.parametrize("options", [{"sise": 4}, {"size": 0}, {"size": "4"}, {"size": True}])
def test_options_that_there_are_none_of_are_refused(options):
    with pytest.raises(ConfigError, match=r"bottleneck has no such option.*Allowed: size, a whole number above 0"):
        own_layer("bottleneck", options, 4)


def test_prompts_need_layers_that_attend():
    with pytest.raises(RefusedError, match=r"prompt attaches nowhere: the encoder's layers have no attention layers"):
        attach_adapter(outline(resolve("lstm")), AdapterSpec(method="prompt"))
