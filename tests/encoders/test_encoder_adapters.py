"""Adapters against peft's own get_peft_model on the same Transformers model (the reference)."""

from __future__ import annotations

import peft
import pytest
import torch

from modaxfer.config import EncoderOptions
from modaxfer.encoders.adapter_state import adapter_state, load_adapter_state
from modaxfer.encoders.adapters import attach_adapter
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.errors import ConfigError, DataError, RefusedError
from modaxfer.plan import AdapterSpec
from modaxfer.registry import registry
from modaxfer.testing.material import tiny_models
from modaxfer.testing.material.raw_inputs import raws

OPTIONS = {"rank": 4, "alpha": 8, "dropout": 0.0}


def load(name, folder):
    model = tiny_models.save(name, folder)
    resolved = resolve(str(folder))
    encoder = load_encoder(resolved, options=EncoderOptions(), dropout=0.0, pretrained=True, seed=0)
    return encoder, model, resolved


def scratch(name):
    return load_encoder(resolve(name), options=EncoderOptions(), dropout=0.0, pretrained=False, seed=0)


def states(encoder, kind):
    processor = encoder.processor(kind)
    batch = processor.collate(processor(raws(kind)[:1]))
    return encoder.finish(encoder.run(encoder.embed(batch), 0, encoder.depth)).tokens


def randomise(state):
    generator = torch.Generator().manual_seed(1)
    return {key: 0.3 * torch.randn(value.shape, generator=generator) for key, value in sorted(state.items())}


@pytest.mark.parametrize("name", tiny_models.CONFIGS)
def test_the_targets_of_the_spec_attach_to_every_layer_and_nowhere_else(tmp_path, name):
    encoder, _, resolved = load(name, tmp_path)
    names = attach_adapter(encoder, AdapterSpec(targets=resolved.spec.adapter_targets, options=OPTIONS))
    linear = {name for name, module in encoder.layers.named_modules() if isinstance(module, peft.tuners.lora.LoraLayer)}
    assert set(names) == linear
    # All matrices of a transformer layer: query, key, value, output, and the two of the feed-forward block.
    assert len(names) == 6 * encoder.depth
    trainable = [key for key, parameter in encoder.layers.named_parameters() if parameter.requires_grad]
    assert trainable
    assert all("lora_" in key for key in trainable)
    assert all("lora_" not in key for key, _ in encoder.named_parameters() if not key.startswith("layers."))


def test_a_network_without_attention_gets_them_at_its_convolutions_and_its_projection():
    encoder = scratch("cnn-small")
    names = attach_adapter(encoder, AdapterSpec(targets=resolve("cnn-small").spec.adapter_targets, options=OPTIONS))
    assert [name.partition(".")[2] for name in names] == ["blocks.0.convolution", "blocks.1.convolution", "projection"]


def test_every_target_of_every_spec_exists_in_some_architecture(tmp_path):
    present = set()
    for name in tiny_models.CONFIGS:
        changes = {"use_swiglu_ffn": True} if name == "dinov2" else {}
        for model in (tiny_models.build(name), tiny_models.build(name, **changes)):
            present |= {key.rpartition(".")[2] for key, _ in model.named_modules()}
    present |= {key.rpartition(".")[2] for key, _ in scratch("cnn-small").named_modules()}
    listed = {target for entry in registry().all("encoder") for target in entry.spec.adapter_targets}
    assert listed <= present


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft asks for it
@pytest.mark.parametrize("extra", [{}, {"use_dora": True}, {"use_rslora": True}])
def test_equals_get_peft_model(tmp_path, extra):
    encoder, model, resolved = load("bert", tmp_path)
    attach_adapter(encoder, AdapterSpec(targets=resolved.spec.adapter_targets, options={**OPTIONS, **extra}))
    config = peft.LoraConfig(
        r=4, lora_alpha=8, lora_dropout=0.0, target_modules=r"encoder\.layer\..*\.(query|key|value|dense)", **extra
    )
    reference = peft.get_peft_model(model, config)
    filled = randomise(adapter_state(encoder))
    load_adapter_state(encoder, filled)
    prefix = "base_model.model.encoder.layer."
    peft.set_peft_model_state_dict(reference, {prefix + key: value for key, value in filled.items()})
    inputs = tiny_models.tokenizer()(*raws("text")[0], return_tensors="pt")
    torch.testing.assert_close(
        states(encoder.eval(), "text"), reference.eval()(**inputs).last_hidden_state, rtol=0, atol=1e-5
    )
    trained = sum(parameter.numel() for parameter in encoder.parameters() if parameter.requires_grad)
    embeddings = sum(parameter.numel() for parameter in encoder.embeddings.parameters())
    assert trained - embeddings == sum(p.numel() for p in reference.parameters() if p.requires_grad)


def test_a_fresh_adapter_changes_nothing_and_a_filled_one_does(tmp_path):
    encoder, _, resolved = load("vit", tmp_path)
    before = states(encoder, "image")
    attach_adapter(encoder, AdapterSpec(targets=resolved.spec.adapter_targets, options=OPTIONS))
    torch.testing.assert_close(states(encoder.eval(), "image"), before, rtol=0, atol=1e-6)
    load_adapter_state(encoder, randomise(adapter_state(encoder)))
    assert not torch.allclose(states(encoder, "image"), before, atol=1e-2)


def test_no_targets_means_every_linear_module(tmp_path):
    encoder, _, _ = load("whisper", tmp_path)
    assert len(attach_adapter(encoder, AdapterSpec(options=OPTIONS))) == 6 * encoder.depth


def test_attaching_nowhere_is_refused_with_what_there_is(tmp_path):
    encoder, _, _ = load("bert", tmp_path)
    with pytest.raises(RefusedError, match=r"lora attaches nowhere.*Got: q_proj.*Allowed: dense, key, query, value"):
        attach_adapter(encoder, AdapterSpec(targets=("q_proj",), options=OPTIONS))


def test_unknown_method_and_option_are_refused_with_close_matches(tmp_path):
    encoder, _, _ = load("bert", tmp_path)
    with pytest.raises(ConfigError, match=r"no such adapter.*Got: lorra.*did you mean lora"):
        attach_adapter(encoder, AdapterSpec(method="lorra", targets=("query",)))
    with pytest.raises(ConfigError, match=r"has no option use_dorra.*did you mean use_dora"):
        attach_adapter(encoder, AdapterSpec(targets=("query",), options={"use_dorra": True}))

    with pytest.raises(ConfigError, match=r"has no option megatron_config, megatron_core"):
        attach_adapter(encoder, AdapterSpec(options={"megatron_config": {"a": 1}, "megatron_core": "antigravity"}))


def test_an_adapter_of_another_encoder_is_refused(tmp_path):
    encoder, _, _ = load("bert", tmp_path)
    attach_adapter(encoder, AdapterSpec(targets=("query",), options=OPTIONS))
    with pytest.raises(DataError, match=r"does not fit this encoder.*1 unknown and 6 missing"):
        load_adapter_state(encoder, {"0.attention.self.key.lora_A.weight": torch.zeros(4, 32)})
