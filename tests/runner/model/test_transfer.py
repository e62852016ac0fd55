"""One model cut between layers: prefix plus suffix is the whole, and a readout is what a solver was shown."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Hidden, Readout, pool
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.errors import RefusedError
from modaxfer.heads.linear import LinearHead
from modaxfer.plan import Part, Phase
from modaxfer.runner.model.tower import LAYER_STATES, Tower, read_out, vector_width
from modaxfer.runner.model.transfer import POOLED, PRESENT, TransferModel
from modaxfer.testing.material import tiny_models
from modaxfer.testing.material.raw_inputs import raws

ENCODERS = ["bert", "vit", "whisper", "wav2vec2"]


def make(folder, readout):
    torch.manual_seed(0)
    encoder = load_encoder(resolve(str(folder)), options=EncoderOptions())
    head = LinearHead(vector_width(readout, encoder.hidden_size), 3)
    return TransferModel([Tower(encoder, readout)], head).eval()


def batch_of(model, name):
    kind = tiny_models.kind_of(name)
    processor = model.encoder.processor(kind)
    return processor.collate(processor(raws(kind)))


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_prefix_and_suffix_make_the_whole(name, cut, tiny):
    model = make(tiny(name), Readout(layers=(3,), pooling="mean"))
    batch = batch_of(model, name)
    with torch.no_grad():
        hidden = model.prefix(batch, cut)
        torch.testing.assert_close(model({LAYER_STATES: hidden.tokens, "mask": hidden.mask}, cut), model(batch))


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("layer", [2, 3])
def test_tokens_are_those_that_are_pooled_with_the_final_norm_where_the_last_layer_is_read(name, layer, tiny):
    model = make(tiny(name), Readout(layers=(layer,), pooling="mean"))
    with torch.no_grad():
        made = model.features(batch_of(model, name))
        torch.testing.assert_close(pool(Hidden(made.tokens, made.mask), "mean"), made.pooled)


class TokenMean(nn.Module):
    """Reads tokens and gives their mean."""

    reads = "tokens"

    def forward(self, features):
        return pool(Hidden(features.tokens, features.mask), "mean")


@pytest.mark.parametrize("cut", [0, 2, 3])
def test_a_head_that_reads_tokens_gets_them_wherever_rows_enter(cut, tiny):
    model = make(tiny("bert"), Readout(layers=(3,), pooling="cls"))
    batch = batch_of(model, "bert")
    with torch.no_grad():
        states = model.features(batch)
        model.head = TokenMean()
        hidden = model.prefix(batch, cut)
        said = model({LAYER_STATES: hidden.tokens, "mask": hidden.mask}, cut)
    torch.testing.assert_close(said, pool(Hidden(states.tokens, states.mask), "mean"))


def test_cached_vectors_are_no_tokens(tiny):
    model = make(tiny("bert"), Readout(layers=(3,), pooling="mean"))
    vectors = torch.randn(2, model.encoder.hidden_size)
    assert model.features({POOLED: vectors}).by_tower == ()
    model.head = TokenMean()
    with pytest.raises(RefusedError, match=r"features have no tokens of one encoder.*Got: pooled vectors alone"):
        model({POOLED: vectors})


def test_several_towers_keep_their_own_tokens_each(tiny):
    one = make(tiny("bert"), Readout(layers=(3,), pooling="mean"))
    towers = [one.towers[0], Tower(one.encoder, Readout(layers=(2,), pooling="mean"))]
    model = TransferModel(towers, TokenMean()).eval()
    alone = batch_of(one, "bert")
    rows = len(alone["mask"])
    batch = {f"{place}.{key}": value for place in (0, 1) for key, value in alone.items()}
    batch |= {f"{place}.{PRESENT}": torch.ones(rows) for place in (0, 1)}
    with torch.no_grad():
        made = model.features(batch)
        for tower, hidden in zip(towers, made.by_tower, strict=True):
            torch.testing.assert_close(hidden.tokens, tower.features(alone).tokens)
    model.set_trainable(Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1.0}))
    assert model.frozen_layers() == 0
    model.head = LinearHead(made.pooled.shape[1], 3)
    assert model.frozen_layers() == 3


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize(
    "readout",
    [
        Readout(layers=(3,), pooling="cls"),
        Readout(layers=(0,), pooling="mean"),
        Readout(layers=(1, 3), weights=(0.25, 0.75), pooling="mean_std"),
    ],
)
def test_a_readout_is_what_the_solver_was_shown(name, readout, tiny):
    model = make(tiny(name), readout)
    batch = batch_of(model, name)
    with torch.no_grad():
        shown = read_out(model.layer_pools(batch), readout)
        torch.testing.assert_close(model.features(batch).pooled, shown, atol=1e-5, rtol=1e-5)


def test_a_phase_opens_its_parts_and_nothing_else(tiny):
    model = make(tiny("bert"), Readout(layers=(3,), pooling="mean"))
    head = model.set_trainable(Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1.0}))
    assert set(head) == {"head.linear.weight", "head.linear.bias"}
    assert model.frozen_layers() == 3
    rates = {Part.HEAD: 1.0, Part.BODY: 1.0}
    upper = model.set_trainable(Phase(trainable=frozenset(rates), learning_rates=rates, from_layer=2))
    assert {name.split(".")[4] for name in upper if name.startswith("towers.")} == {"2"}
    assert model.frozen_layers() == 2
    every = dict.fromkeys((Part.HEAD, Part.BODY, Part.EMBEDDINGS), 1.0)
    assert len(model.set_trainable(Phase(trainable=frozenset(every), learning_rates=every))) == len(
        list(model.parameters())
    )
    assert model.frozen_layers() == 0


def test_layers_above_the_readout_are_not_trained(tiny):
    model = make(tiny("bert"), Readout(layers=(1,), pooling="mean"))
    rates = {Part.HEAD: 1.0, Part.BODY: 1.0}
    trainable = model.set_trainable(Phase(trainable=frozenset(rates), learning_rates=rates))
    assert {name.split(".")[4] for name in trainable if name.startswith("towers.")} == {"0"}


def test_a_frozen_prefix_stays_deterministic_while_training(tiny):
    model = make(tiny("bert"), Readout(layers=(3,), pooling="mean"))
    model.train_above(2)
    assert [layer.training for layer in model.encoder.layers] == [False, False, True]
    assert not model.encoder.embeddings.training
    model.train_above(0)
    assert model.encoder.embeddings.training
