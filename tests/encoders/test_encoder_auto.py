"""Architectures that no encoder lists, through AutoModel as one opaque layer; the reference is the model itself."""

from __future__ import annotations

import copy

import pytest
import torch
import transformers

from modaxfer.config import EncoderOptions
from modaxfer.contracts import pool
from modaxfer.encoders.adapters import attach_adapter
from modaxfer.encoders.auto import AutoEncoder
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.errors import RefusedError
from modaxfer.plan import AdapterSpec
from modaxfer.testing.material import tiny_models
from modaxfer.testing.material.raw_inputs import raws
from modaxfer.testing.material.tiny_models import OTHERS, kind_of, save

SELDOM = ("mobilenet_v2", "deit", "unispeech-sat", "data2vec-audio", "wav2vec2-bert")
"""Those like another of `OTHERS`, or dear ones: tried with ``slow``."""

MEAN, DEVIATION = (torch.tensor(three)[:, None, None] for three in ((0.4, 0.5, 0.6), (0.2, 0.3, 0.4)))
"""By channel, of the image processor that is saved beside the tiny models."""

SPECTRAL = ("audio-spectrogram-transformer", "wav2vec2-bert")
"""Those that read spectra, not waves."""

NAMES = [pytest.param(name, marks=pytest.mark.slow) if name in SELDOM else name for name in OTHERS]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    cache = {}

    def load(name):
        if name not in cache:
            folder = tmp_path_factory.mktemp(name)
            model = save(name, folder)
            resolved = resolve(str(folder))
            encoder = load_encoder(resolved, options=EncoderOptions(), dropout=0.1, pretrained=True, seed=0)
            cache[name] = encoder, model, resolved
        return cache[name]

    return load


def whole(encoder, batch):
    return encoder.finish(encoder.run(encoder.embed(batch), 0, encoder.depth))


def reference(name, model, batch, row):
    if "input_ids" in batch:
        ids = batch["input_ids"][row][batch["mask"][row]][None]
        return (model.get_encoder() if model.config.is_encoder_decoder else model)(ids).last_hidden_state
    if "pixel_values" in batch:
        pixels = (batch["pixel_values"][row][None].float() / 255 - MEAN) / DEVIATION
        states = getattr(model, "vision_model", model)(pixel_values=pixels).last_hidden_state
        return states.flatten(2).transpose(1, 2) if states.ndim == 4 else states
    values = batch["values"][row, : batch["lengths"][row]]
    return model(values[None] if name in SPECTRAL else values.reshape(1, -1)).last_hidden_state


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_equals_automodel_row_by_row_whatever_the_padding(loaded, name):
    encoder, model, resolved = loaded(name)
    kind = kind_of(name)
    processor = encoder.processor(kind)
    assert [signal.kind for signal in resolved.spec.inputs] == ([kind, "embeddings"] if kind == "text" else [kind])
    assert resolved.id == "modaxfer/auto"
    examples = processor(raws(kind))
    batch = processor.collate(examples)
    together = whole(encoder, batch)
    for row in range(len(examples)):
        expected = reference(name, model, batch, row)
        torch.testing.assert_close(together.tokens[row][together.mask[row]], expected[0], rtol=0, atol=1e-5)
        assert int(encoder.embed(batch).mask[row].sum()) == processor.length(examples[row])
        alone = whole(encoder, processor.collate([examples[row]]))
        for pooling in ("cls", "mean", "mean_std"):
            torch.testing.assert_close(pool(together, pooling)[row], pool(alone, pooling)[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_both_ends_are_of_the_width_that_resolve_says(loaded, name):
    encoder, _, resolved = loaded(name)
    processor = encoder.processor(kind_of(name))
    batch = processor.collate(processor(raws(kind_of(name))))
    entry = encoder.embed(batch)
    assert entry.tokens.shape[-1] == resolved.hidden_size == encoder.hidden_size
    assert encoder.run(entry, 0, 1).tokens.shape[-1] == resolved.hidden_size
    assert encoder.run(entry, 0, 0) is entry


@pytest.mark.parametrize("name", NAMES)
def test_word_embeddings_stand_outside_the_layer(loaded, name):
    encoder, _, _ = loaded(name)
    outside = {key for key, _ in encoder.named_parameters() if not key.startswith("layers.")}
    if kind_of(name) == "text":
        assert len(outside) == 1
        assert len(encoder.words.weight) == len(tiny_models.TOKENS)
    else:
        assert outside == set()
    assert len(list(encoder.layers.parameters())) > 4
    tensors = [tensor.data_ptr() for tensor in encoder.state_dict().values() if tensor.numel()]
    assert len(tensors) == len(set(tensors))


def test_adapters_take_every_linear_module(loaded):
    encoder, _, resolved = loaded("distilbert")
    encoder = copy.deepcopy(encoder)
    assert resolved.spec.adapter_targets == ()
    assert len(attach_adapter(encoder, AdapterSpec(options={"r": 2}))) == 6 * 2


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_gets_a_gradient_and_what_no_token_depends_on_is_none(loaded, name):
    encoder, model, _ = loaded(name)
    processor = encoder.processor(kind_of(name))
    batch = processor.collate(processor(raws(kind_of(name))))
    encoder.zero_grad()
    whole(encoder, batch).tokens.pow(3).sum().backward()
    assert [key for key, parameter in encoder.named_parameters() if parameter.grad is None] == []
    encoder.zero_grad()
    pooler = getattr(model, "pooler", None)
    unused = [] if pooler is None else [key for key, _ in pooler.named_parameters()]
    kept = {key.rpartition("pooler.")[2] for key, _ in encoder.named_buffers() if "pooler." in key}
    assert set(unused) <= kept
    assert not any("pooler" in key for key in encoder.state_dict())


def test_other_signals_and_models_of_several_signals_are_refused(loaded):
    encoder, _, _ = loaded("resnet")
    with pytest.raises(RefusedError, match=r"a model of type resnet takes image\. Got: text"):
        encoder.processor("text")
    with pytest.raises(RefusedError, match="does not take one text, picture or sound"):
        AutoEncoder.inputs(transformers.LlavaConfig())
    with pytest.raises(RefusedError, match="cannot be entered behind its word embeddings"):
        AutoEncoder.inputs(transformers.CLIPTextConfig(bos_token_id=1, eos_token_id=2))
