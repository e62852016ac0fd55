"""Encoders without pretrained weights: resolved offline, built from a config, layers against torch's own modules."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Hidden
from modaxfer.encoders.adapters import adapted_modules, attach_adapter
from modaxfer.encoders.checkpoints import read_config, resolve
from modaxfer.encoders.designs import LSTMConfig, TableConfig
from modaxfer.encoders.load import configured, load_encoder, outline
from modaxfer.encoders.lstm import LSTMEncoder
from modaxfer.encoders.table import TableEncoder, TableLayer
from modaxfer.errors import CheckpointUnavailableError, ConfigError, RefusedError
from modaxfer.plan import AdapterSpec
from modaxfer.registry import registry
from modaxfer.testing.material import tiny_models

SIZES = {
    "table": ("modaxfer/table-small", 3, 96, 224_640),
    "table:base": ("modaxfer/table-base", 3, 192, 891_648),
    "lstm": ("modaxfer/lstm-small", 2, 128, 198_656),
    "lstm:base": ("modaxfer/lstm-base", 2, 512, 3_153_920),
    "cnn": ("modaxfer/cnn-small", 1, 256, 232_138),
}
TOLERANCE = {"rtol": 0, "atol": 1e-5}


def load(name, **changes):
    return load_encoder(resolve(name), options=EncoderOptions(), **changes)


@pytest.mark.parametrize("name", SIZES)
def test_sizes_are_there_with_nothing_installed(name):
    checkpoint, depth, width, parameters = SIZES[name]
    resolved = resolve(name)
    assert (resolved.checkpoint, resolved.depth, resolved.hidden_size) == (checkpoint, depth, width)
    assert resolved.id == f"modaxfer/{name.partition(':')[0]}"
    assert resolved.revision is None
    assert sum(parameter.numel() for parameter in load(name).parameters()) == parameters
    assert resolve(checkpoint) == resolve(resolved.spec.name, checkpoint=checkpoint) == resolved
    assert set(outline(resolved).state_dict()) == set(load(name).state_dict())


@pytest.mark.parametrize("name", ["table", "lstm"])
def test_weights_are_random_even_where_pretrained_ones_are_asked_for(name):
    asked, random = load(name, pretrained=True, seed=3), load(name, pretrained=False, seed=3)
    assert asked.sha256 is random.sha256 is None
    assert all(torch.equal(a, b) for a, b in zip(asked.parameters(), random.parameters(), strict=True))
    target = type(asked)
    with pytest.raises(CheckpointUnavailableError, match=f"{target.__name__} has no pretrained weights"):
        target.from_folder(resolve(name).folder, asked.config)


def test_a_checkpoint_of_another_kind_is_refused(tmp_path):
    with pytest.raises(RefusedError, match=r"checkpoint modaxfer/lstm-small does not fit encoder table"):
        resolve("table", checkpoint="lstm-small")
    tiny_models.save("bert", tmp_path)
    with pytest.raises(RefusedError, match=r"does not fit encoder lstm.*a model of type bert.*modaxfer-lstm"):
        resolve("lstm", checkpoint=str(tmp_path))
    with pytest.raises(RefusedError, match=r"does not fit encoder bert.*pass --encoder table"):
        resolve("bert", checkpoint="table-small")
    with pytest.raises(ConfigError, match=r"encoder table has no size 'huge'.*table:base, table:small"):
        resolve("table:huge")


def test_a_folder_with_a_config_of_other_sizes_needs_no_weights(tmp_path):
    values = {"model_type": "modaxfer-table", "hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 2}
    (tmp_path / "config.json").write_text(json.dumps(values))
    for found in (resolve(str(tmp_path)), resolve("table", checkpoint=str(tmp_path))):
        assert (found.id, found.depth, found.hidden_size) == ("modaxfer/table", 2, 32)
        assert found.config == TableConfig(hidden_size=32, num_attention_heads=4, num_hidden_layers=2)
    spec = registry().get("encoder", "table").spec
    assert read_config(tmp_path, spec) == read_config(tmp_path) == found.config
    (tmp_path / "config.json").write_text(json.dumps({**values, "hiden_size": 8}))
    with pytest.raises(ConfigError, match=r"hiden_size.*hidden_size"):
        read_config(tmp_path)


def test_a_config_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(CheckpointUnavailableError, match=r"cannot read .*config\.json\. Got: No such file"):
        read_config(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(CheckpointUnavailableError, match="must hold one mapping"):
        read_config(tmp_path)
    tiny_models.save("bert", tmp_path)
    assert read_config(tmp_path, registry().get("encoder", "bert").spec).model_type == "bert"


def test_sizes_that_do_not_go_together_are_refused():
    with pytest.raises(ConfigError, match=r"multiple of num_attention_heads, 8\. Got: 3 layers of width 90"):
        TableConfig(hidden_size=90)
    with pytest.raises(ConfigError, match=r"multiple of the two directions, 2\. Got: 2 layers of width 7"):
        LSTMConfig(hidden_size=7)
    with pytest.raises(ConfigError, match="at least one layer"):
        LSTMConfig(num_hidden_layers=0)


def test_dropout_is_written_into_a_copy_of_the_config():
    table, lstm = TableConfig(), LSTMConfig()
    assert configured(table, 0.3) == TableConfig(hidden_dropout=0.3, attention_dropout=0.3)
    assert configured(lstm, 0.3) == LSTMConfig(dropout=0.3)
    assert (table, lstm) == (TableConfig(), LSTMConfig())


@pytest.mark.parametrize("name", ["table", "lstm"])
def test_they_take_embeddings_alone(name):
    encoder = load(name)
    with pytest.raises(RefusedError, match=rf"a modaxfer-{name} encoder takes embeddings\. Got: text"):
        resolve(name).layout("text")
    with pytest.raises(RefusedError, match="prepared by their bridge"):
        encoder.processor("embeddings")
    with pytest.raises(TypeError, match="no front"):
        encoder.embed({})
    names = set(encoder.state_dict())
    encoder.drop_front()
    assert set(encoder.state_dict()) == names
    assert resolve(name).layout("embeddings").max_tokens == 512
    assert resolve(name).layout("embeddings", EncoderOptions(max_tokens=2000)).max_tokens == 2000


@torch.no_grad()
def test_attention_equals_torch_multihead_attention_and_the_rest_its_formula():
    torch.manual_seed(0)
    layer = TableLayer(TableConfig(hidden_size=32, num_attention_heads=4, intermediate_size=24), first=False)
    reference = nn.MultiheadAttention(32, 4, batch_first=True)
    reference.in_proj_weight.copy_(torch.cat([layer.q_proj.weight, layer.k_proj.weight, layer.v_proj.weight]))
    reference.in_proj_bias.copy_(torch.cat([layer.q_proj.bias, layer.k_proj.bias, layer.v_proj.bias]))
    reference.out_proj.load_state_dict(layer.out_proj.state_dict())
    states = torch.randn(2, 5, 32)
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    normed = layer.attention_norm(states)
    expected = states + reference(normed, normed, normed, key_padding_mask=~mask)[0]
    values, gates = layer.fc1(layer.norm(expected)).split(24, dim=-1)
    expected = expected + layer.fc2(values * gates.clamp(min=0))
    made = layer(states, mask[:, None, None, :].expand(-1, 1, 5, -1))
    torch.testing.assert_close(made[mask], expected[mask], **TOLERANCE)


@torch.no_grad()
def test_cells_have_no_order_and_the_class_token_stands_in_front():
    encoder = load("table")
    cells, order = torch.randn(1, 6, 96), torch.tensor([3, 1, 5, 0, 2, 4])
    mask = torch.ones(1, 6, dtype=torch.bool)
    entered = encoder.embed_tokens(Hidden(cells, mask))
    assert torch.equal(entered.tokens[:, 0], encoder.cls_token[:, 0])
    assert torch.equal(entered.tokens[:, 1:], cells)

    def whole(content):
        return encoder.finish(encoder.run(encoder.embed_tokens(Hidden(content, mask)), 0, 3)).tokens

    torch.testing.assert_close(whole(cells[:, order])[:, 1:], whole(cells)[:, 1:][:, order], **TOLERANCE)
    torch.testing.assert_close(whole(cells[:, order])[:, 0], whole(cells)[:, 0], **TOLERANCE)


@torch.no_grad()
def test_layers_equal_a_deep_lstm_of_torch_on_each_row_alone():
    encoder = LSTMEncoder.from_config(LSTMConfig(hidden_size=16, num_hidden_layers=3)).eval()
    reference = nn.LSTM(16, 8, num_layers=3, batch_first=True, bidirectional=True)
    for index, layer in enumerate(encoder.layers):
        for key, value in layer.lstm.named_parameters():
            getattr(reference, key.replace("_l0", f"_l{index}")).copy_(value)
    content, lengths = torch.randn(3, 7, 16), torch.tensor([7, 2, 5])
    mask = torch.arange(7) < lengths[:, None]
    made = encoder.run(encoder.embed_tokens(Hidden(content, mask)), 0, 3).tokens
    for row, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(made[row, :length], reference(content[row : row + 1, :length])[0][0], **TOLERANCE)
        assert not made[row, length:].any()


def test_adapters_update_every_matrix_of_a_table_encoder_and_none_of_an_lstm():
    resolved = resolve("table")
    assert (
        len(attach_adapter(load("table"), AdapterSpec(targets=resolved.spec.adapter_targets, options={"r": 2}))) == 18
    )
    with pytest.raises(RefusedError, match=r"neither linear modules nor convolutions.*choose strategy full or frozen"):
        adapted_modules(outline(resolve("lstm")), AdapterSpec())


def test_a_table_encoder_learns_what_no_single_cell_tells():
    torch.manual_seed(0)
    encoder = TableEncoder.from_config(TableConfig(hidden_size=32, num_attention_heads=4, num_hidden_layers=2))
    embedding, head = nn.Embedding(4, 32), nn.Linear(32, 1)
    parameters = [*encoder.parameters(), *embedding.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=1e-3)
    bits = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    exclusive_or = (bits.sum(1) % 2).float()
    cells = bits + torch.tensor([0, 2])  # a value of a column has an embedding of its own
    for _ in range(150):
        hidden = encoder.embed_tokens(Hidden(embedding(cells), torch.ones_like(cells, dtype=torch.bool)))
        logits = head(encoder.finish(encoder.run(hidden, 0, 2)).tokens[:, 0])[:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(logits, exclusive_or)
        if loss < 0.3:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert torch.equal((logits > 0).float(), exclusive_or)
