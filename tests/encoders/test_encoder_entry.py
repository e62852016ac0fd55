"""Encoders entered behind their front: the reference is their own way over raw input."""

from __future__ import annotations

import copy

import pytest
import torch
import transformers

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Hidden
from modaxfer.encoders.auto import AutoEncoder
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.image import ViTEncoder
from modaxfer.encoders.load import load_encoder, outline
from modaxfer.encoders.opaque import fold
from modaxfer.encoders.positions import stretched
from modaxfer.encoders.processors.audio import frames_after
from modaxfer.encoders.text import BertEncoder
from modaxfer.errors import RefusedError
from modaxfer.testing.material import tiny_models
from modaxfer.testing.material.raw_inputs import raws

WORDS = {"vocab_size": len(tiny_models.TOKENS), "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
AUTO = {
    "distilbert": {**WORDS, "dim": 32, "hidden_dim": 48, "n_layers": 2, "n_heads": 4},
    "albert": {**WORDS, **tiny_models.WIDTH, "embedding_size": 24},
    "gpt2": {**WORDS, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 40},
}
NAMES = [*tiny_models.CONFIGS, *AUTO]


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    folders = {}

    def loaded(name, **options):
        if name not in folders:
            folders[name] = tmp_path_factory.mktemp(name)
            if name in AUTO:
                config = transformers.CONFIG_MAPPING[name](**AUTO[name])
                transformers.AutoModel.from_config(config).save_pretrained(folders[name])
                tiny_models.tokenizer().save_pretrained(folders[name])
            else:
                tiny_models.save(name, folders[name])
        resolved = resolve(str(folders[name]))
        return load_encoder(resolved, options=EncoderOptions(**options)), resolved

    return loaded


def kind_of(name):
    return "text" if name in AUTO else tiny_models.kind_of(name)


def front(encoder, batch):
    """Take a batch as far as the encoder's front does, by hand."""
    if "input_ids" in batch:
        words = encoder.words if isinstance(encoder, AutoEncoder) else encoder.embeddings.word_embeddings
        return Hidden(fold(words(batch["input_ids"]), encoder.hidden_size), batch["mask"])
    if "pixel_values" in batch:
        pixels = (batch["pixel_values"].float() / 255 - encoder.scale.mean) / encoder.scale.deviation
        tokens = encoder.embeddings.patch_embeddings.projection(pixels).flatten(2).transpose(1, 2)
        return Hidden(tokens, torch.ones(tokens.shape[:2], dtype=torch.bool))
    if "input_features" in batch:
        states = torch.nn.functional.gelu(encoder.conv1(batch["input_features"]))
        states = torch.nn.functional.gelu(encoder.conv2(states)).transpose(1, 2)
        return Hidden(states, torch.ones(states.shape[:2], dtype=torch.bool))
    states = batch["input_values"][:, None]
    for layer in encoder.convolutions:
        states = layer(states)
    strides = tuple(zip(encoder.config.conv_kernel, encoder.config.conv_stride, strict=True))
    count = frames_after(int(batch["lengths"][0]), strides)
    projected = encoder.projection(states.transpose(1, 2))
    projected = projected[0] if isinstance(projected, tuple) else projected
    return Hidden(projected, torch.ones(1, count, dtype=torch.bool))


def batches(encoder, kind):
    """Return raw inputs, one to a batch and so without padding; texts are of the first type, as content is."""
    processor = encoder.processor(kind)
    made = [processor.collate([example]) for example in processor(raws(kind))]
    return [{key: value for key, value in batch.items() if key != "token_type_ids"} for batch in made]


@pytest.mark.parametrize("name", ["wav2vec2", "whisper"])
@torch.no_grad()
def test_sounds_without_lengths_are_heard_to_their_end(load, name):
    encoder, _ = load(name)
    batch = batches(encoder, "audio")[0]
    whole = encoder.embed(batch)
    made = encoder.embed({key: value for key, value in batch.items() if key != "lengths"})
    assert torch.equal(made.tokens, whole.tokens)
    assert torch.equal(made.mask, whole.mask)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_entering_behind_the_front_is_what_embedding_does(load, name):
    encoder, _ = load(name)
    for batch in batches(encoder, kind_of(name)):
        embedded, entered = encoder.embed(batch), encoder.embed_tokens(front(encoder, batch))
        torch.testing.assert_close(entered.tokens, embedded.tokens, rtol=0, atol=1e-5)
        assert torch.equal(entered.mask, embedded.mask)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_without_its_front_only_raw_input_is_refused(load, name):
    encoder, resolved = load(name)
    batch = batches(encoder, kind_of(name))[0]
    content = front(encoder, batch)
    before, names = encoder.embed_tokens(content).tokens, set(encoder.state_dict())
    bare = copy.deepcopy(encoder)
    bare.drop_front()
    torch.testing.assert_close(bare.embed_tokens(content).tokens, before, rtol=0, atol=0)
    with pytest.raises(TypeError, match=r"has no front to embed raw input with: call embed_tokens\(hidden\)"):
        bare.embed(batch)
    dropped = names - set(bare.state_dict())
    assert set(bare.state_dict()) < names
    assert not any(key.startswith("layers.") for key in dropped)
    hollow = outline(resolved)
    hollow.drop_front()
    assert set(hollow.state_dict()) >= set(bare.state_dict())
    bare.load_state_dict({key: value for key, value in encoder.state_dict().items() if key not in dropped})


@pytest.mark.parametrize("name", ["bert", "roberta", "vit", "whisper", "wav2vec2"])
@torch.no_grad()
def test_positions_are_stretched_to_what_is_asked_for_whatever_the_padding(load, name):
    _, resolved = load(name)
    most = resolved.layout("embeddings").max_tokens
    wanted = most + 40
    encoder, _ = load(name, max_tokens=wanted)
    assert resolved.layout("embeddings", EncoderOptions(max_tokens=wanted)).max_tokens == wanted
    content = torch.randn(2, wanted, encoder.hidden_size, generator=torch.Generator().manual_seed(0))
    full = torch.ones(2, wanted, dtype=torch.bool)
    full[1, 5:] = False
    together = encoder.embed_tokens(Hidden(content, full))
    alone = encoder.embed_tokens(Hidden(content[1:, :5], full[1:, :5]))
    length = alone.tokens.shape[1]
    torch.testing.assert_close(together.tokens[1, :length], alone.tokens[0], rtol=0, atol=1e-5)
    assert together.tokens.isfinite().all()


@torch.no_grad()
def test_a_table_that_is_long_enough_is_kept(load):
    plain, _ = load("bert")
    asked, _ = load("bert", max_tokens=16)
    content = Hidden(torch.randn(1, 9, 32), torch.ones(1, 9, dtype=torch.bool))
    assert torch.equal(plain.embed_tokens(content).tokens, asked.embed_tokens(content).tokens)


def test_a_stretched_line_is_the_same_line_drawn_with_more_points():
    slope = torch.tensor([[1.0, -2.0, 0.5]])
    table = torch.arange(5)[:, None] * slope
    torch.testing.assert_close(stretched(table, 9), torch.linspace(0, 4, 9)[:, None] * slope)
    assert stretched(table, 5) is stretched(table, 3) is stretched(table, None) is table
    assert stretched(table.bfloat16(), 9).dtype == torch.bfloat16


@torch.no_grad()
def test_more_content_than_a_grid_has_places_takes_those_of_a_larger_grid(load):
    encoder, _ = load("vit", max_tokens=30)  # 4 x 4 places; 6 x 6 hold 30
    content = torch.zeros(1, 30, 32)
    entered = encoder.embed_tokens(Hidden(content, torch.ones(1, 30, dtype=torch.bool))).tokens[0]
    larger = encoder._grid_positions(6, 6)[0, :31]
    larger = larger + torch.cat([encoder.embeddings.cls_token[0], content[0]])
    torch.testing.assert_close(entered, larger)


@pytest.mark.parametrize(
    ("name", "most"),
    [("bert", 64), ("roberta", 63), ("vit", 16), ("dinov2", 16), ("wav2vec2", 1500), ("whisper", 100), ("gpt2", 40)],
)
def test_the_layout_says_how_much_content_the_body_takes(load, name, most):
    _, resolved = load(name)
    assert resolved.layout("embeddings").max_tokens == most
    assert resolved.layout("embeddings", EncoderOptions(max_tokens=8)).max_tokens == 8


def test_tables_are_read_up_to_512_tokens_unless_asked():
    assert BertEncoder.layout(transformers.BertConfig(), "embeddings", EncoderOptions()).max_tokens == 512
    large = transformers.ViTConfig(image_size=384, patch_size=14)
    assert ViTEncoder.layout(large, "embeddings", EncoderOptions()).max_tokens == 512


def test_what_cannot_be_entered_is_refused_before_any_weight(load):
    wide = transformers.ElectraConfig(embedding_size=64, hidden_size=32)
    with pytest.raises(RefusedError, match=r"embeddings wider than its states cannot be entered.*64 numbers.*32"):
        BertEncoder.layout(wide, "embeddings", EncoderOptions())
    _, resolved = load("gpt2")
    with pytest.raises(RefusedError, match="more than the position table holds"):
        resolved.layout("embeddings", EncoderOptions(max_tokens=41))


@pytest.mark.parametrize("name", ["bert", "vit", "wav2vec2", "whisper", "gpt2"])
def test_embeddings_are_prepared_by_their_bridge(load, name):
    encoder, _ = load(name)
    with pytest.raises(RefusedError, match=r"prepared by their bridge|takes audio|takes text"):
        encoder.processor("embeddings")


def test_pictures_and_sounds_of_unknown_models_cannot_be_entered():
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    encoder = AutoEncoder.from_config(config)
    with pytest.raises(TypeError, match=r"cannot be entered behind its front: call embed\(batch\)"):
        encoder.embed_tokens(Hidden(torch.zeros(1, 2, 16), torch.ones(1, 2, dtype=torch.bool)))
    with pytest.raises(TypeError, match="cannot be entered behind its front"):
        encoder.drop_front()
    with pytest.raises(RefusedError, match=r"takes image\. Got: embeddings"):
        AutoEncoder.layout(config, "embeddings", EncoderOptions())
