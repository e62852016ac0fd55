"""Convolutional backbones through `auto`: normalised alike in training and evaluation, adapted, fed with any size."""

from __future__ import annotations

import copy

import numpy as np
import peft
import pytest
import torch
import transformers
from PIL import Image

from modaxfer.config import EncoderOptions
from modaxfer.contracts import InputLayout
from modaxfer.encoders.adapter_state import adapter_state, load_adapter_state
from modaxfer.encoders.adapters import adapted_modules, attach_adapter
from modaxfer.encoders.auto import AutoEncoder
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.image import sensible_image_size
from modaxfer.encoders.load import load_encoder, outline
from modaxfer.encoders.opaque import image_body, norms_of_batches
from modaxfer.encoders.trial import start_afresh
from modaxfer.errors import CheckpointUnavailableError, RefusedError
from modaxfer.plan import AdapterSpec

SMALL = {"image_size": 64, "num_channels": 3}
STAGES = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 2]}
CONFIGS = {
    "resnet": {**STAGES, "layer_type": "bottleneck"},
    "regnet": {**STAGES, "groups_width": 8},
    "convnext": {**SMALL, "hidden_sizes": [8, 16], "depths": [1, 1], "num_stages": 2, "layer_scale_init_value": 0.5},
    "mobilenet_v2": {**SMALL, "depth_multiplier": 0.25, "finegrained_output": False},
    "efficientnet": {**SMALL, "width_coefficient": 0.25, "depth_coefficient": 0.3, "hidden_dim": 320},
}
LIKE_ANOTHER = ("regnet", "mobilenet_v2", "efficientnet")
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name in LIKE_ANOTHER else name for name in CONFIGS]
NORMED = sorted(set(CONFIGS) - {"convnext"})
LORA = AdapterSpec(options={"rank": 4, "alpha": 8})


def config_of(name):
    return transformers.CONFIG_MAPPING[name](**CONFIGS[name])


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = {}

    def folder(name):
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name)
            torch.manual_seed(0)
            model = transformers.AutoModel.from_config(config_of(name)).eval()
            # Statistics as of a trained model: without them a network as deep as MobileNet lets nothing through.
            start_afresh(image_body(model, 64))
            model.save_pretrained(made[name])
            transformers.ConvNextImageProcessorPil().save_pretrained(made[name])
        return made[name]

    return folder


@pytest.fixture(scope="module")
def load(folders):
    made = {}

    def loaded(name):
        if name not in made:
            resolved = resolve(str(folders(name)))
            made[name] = load_encoder(resolved, options=EncoderOptions(image_size=64)), resolved
        return copy.deepcopy(made[name][0]), made[name][1]

    return loaded


def batch_of(encoder, count=3):
    rng = np.random.default_rng(0)
    images = [Image.fromarray(rng.integers(0, 255, (20, 30, 3), dtype=np.uint8)) for _ in range(count)]
    processor = encoder.processor("image")
    return processor.collate(processor(images))


def states(encoder, batch):
    return encoder.finish(encoder.run(encoder.embed(batch), 0, encoder.depth)).tokens


@pytest.mark.parametrize("name", NAMES)
def test_training_mode_changes_no_state_and_no_statistic(load, name):
    encoder, _ = load(name)
    batch = batch_of(encoder)
    quiet = states(encoder, batch)
    before = {key: value.clone() for key, value in encoder.named_buffers()}
    encoder.train()
    assert encoder.layers[0].training
    torch.testing.assert_close(states(encoder, batch), quiet, rtol=0, atol=0)
    encoder.layers[0].train()
    torch.testing.assert_close(states(encoder, batch), quiet, rtol=0, atol=0)
    assert all(torch.equal(value, before[key]) for key, value in encoder.named_buffers())
    assert bool(norms_of_batches(encoder)) == (name in NORMED)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_a_row_does_not_depend_on_its_neighbours(load, name):
    encoder, _ = load(name)
    batch = batch_of(encoder)
    encoder.train()
    together = states(encoder, batch)
    for row in range(len(together)):
        alone = states(encoder, {"pixel_values": batch["pixel_values"][row : row + 1]})
        torch.testing.assert_close(together[row], alone[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_gets_a_gradient_scales_and_shifts_too(load, name):
    encoder, _ = load(name)
    encoder.train()
    states(encoder, batch_of(encoder)).pow(3).sum().backward()
    assert [key for key, p in encoder.named_parameters() if p.grad is None or not p.grad.any()] == []
    norms = norms_of_batches(encoder)
    assert all(norm.weight.grad is not None for norm in norms)


@pytest.mark.parametrize("name", NAMES)
def test_adapters_attach_train_alone_and_come_back(load, name):
    encoder, resolved = load(name)
    batch = batch_of(encoder)
    before = states(encoder, batch)
    names = attach_adapter(encoder, LORA)
    assert names == adapted_modules(outline(resolved), LORA)
    adapted = [part for part in encoder.modules() if isinstance(part, peft.tuners.lora.LoraLayer)]
    assert len(adapted) == len(names)
    kinds = {type(part.get_base_layer()) for part in adapted}
    assert kinds == ({torch.nn.Linear} if name == "convnext" else {torch.nn.Conv2d})
    assert all(getattr(part.get_base_layer(), "groups", 1) == 1 for part in adapted)
    torch.testing.assert_close(states(encoder.eval(), batch), before, rtol=0, atol=1e-5)

    generator = torch.Generator().manual_seed(1)
    filled = {
        key: 0.1 * torch.randn(value.shape, generator=generator)
        for key, value in sorted(adapter_state(encoder).items())
    }
    load_adapter_state(encoder, filled)
    changed = states(encoder, batch)
    assert not torch.allclose(changed, before, atol=1e-3)
    changed.pow(3).sum().backward()
    moving = {key: p for key, p in encoder.named_parameters() if p.requires_grad}
    assert all("lora_" in key for key in moving)
    assert [key for key, p in moving.items() if p.grad is None] == []

    other, _ = load(name)
    attach_adapter(other, LORA)
    load_adapter_state(other.eval(), adapter_state(encoder))
    torch.testing.assert_close(states(other, batch), changed, rtol=0, atol=1e-6)


def test_targets_name_convolutions_too(load):
    encoder, _ = load("resnet")
    assert adapted_modules(encoder, AdapterSpec(targets=("convolution",))) == adapted_modules(encoder, LORA)
    with pytest.raises(RefusedError, match=r"linear modules or convolutions .* matches\. Got: conv\. Allowed: convol"):
        adapted_modules(encoder, AdapterSpec(targets=("conv",)))


@pytest.mark.parametrize("name", ["resnet", "convnext", pytest.param("mobilenet_v2", marks=pytest.mark.slow)])
@pytest.mark.parametrize("size", [32, 96])
def test_the_layout_counts_the_rows_that_a_picture_is_cut_into(folders, name, size):
    resolved = resolve(str(folders(name)))
    options = EncoderOptions(image_size=size)
    encoder = load_encoder(resolved, options=options)
    entered = encoder.embed(batch_of(encoder))
    assert entered.tokens.shape == (3, resolved.layout("image", options).max_tokens, resolved.hidden_size)
    assert encoder.run(entered, 0, 1).mask.all()


@pytest.mark.parametrize(
    ("config", "width"),
    [
        (transformers.ResNetConfig(), 2048),
        (transformers.ResNetConfig(layer_type="basic", hidden_sizes=[64, 128, 256, 512], depths=[2, 2, 2, 2]), 512),
        (transformers.ConvNextConfig(), 768),
        (transformers.MobileNetV2Config(), 1280),
    ],
)
def test_published_sizes(config, width):
    assert AutoEncoder.shape(config).hidden_size == width
    layout = AutoEncoder.layout(config, "image", EncoderOptions())
    assert (layout.image_size, layout.max_tokens) == (224, -(-3 * 224**2 // width))


def test_pictures_too_small_for_the_network_are_refused():
    with pytest.raises(RefusedError, match=r"convnext takes no pictures of 16 pixels per side.*image_size=224"):
        AutoEncoder.layout(transformers.ConvNextConfig(), "image", EncoderOptions(image_size=16))


def test_small_pictures_are_zoomed_until_the_map_has_a_shape():
    layout = InputLayout(kind="image", max_tokens=49, image_size=224)
    assert [sensible_image_size(layout, [side]) for side in (8, 28, 500)] == [96, 128, 224]
    assert sensible_image_size(InputLayout(kind="image", max_tokens=4, image_size=64), [8]) == 64


def test_the_picture_size_of_a_task_is_one_that_the_network_takes(tmp_path):
    window = {"embed_dim": 8, "depths": [1, 1, 1], "num_heads": [2, 2, 2], "window_size": 7, "patch_size": 4}
    config = transformers.SwinConfig(image_size=112, **window)
    transformers.AutoModel.from_config(config).save_pretrained(tmp_path)
    assert resolve(str(tmp_path)).picture_size([8]) == 112
    with pytest.raises(RefusedError, match="swin takes no pictures of 32 pixels"):
        resolve(str(tmp_path)).layout("image", EncoderOptions(image_size=32))


@pytest.mark.parametrize("name", ["resnet", "convnext", pytest.param("efficientnet", marks=pytest.mark.slow)])
@torch.no_grad()
def test_random_networks_are_normalised_and_alike_for_a_seed(load, name):
    _, resolved = load(name)
    options = EncoderOptions(image_size=64)
    first, again = (load_encoder(resolved, options=options, pretrained=False, seed=3) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.buffers(), again.buffers(), strict=True))
    if name in NORMED:
        # A network that forgets its input, or lets it grow, would not have features of this spread.
        assert (
            0.1 < states(first, {"pixel_values": torch.randint(0, 255, (8, 3, 64, 64), dtype=torch.uint8)}).std() < 10
        )
        assert any(
            not torch.equal(norm.running_var, torch.ones_like(norm.running_var)) for norm in norms_of_batches(first)
        )


def test_statistics_come_back_with_the_saved_state(load):
    encoder, resolved = load("resnet")
    other = load_encoder(resolved, options=EncoderOptions(image_size=64), pretrained=False, seed=5)
    other.load_state_dict(copy.deepcopy(encoder.state_dict()))
    batch = batch_of(encoder)
    torch.testing.assert_close(states(other, batch), states(encoder, batch), rtol=0, atol=0)


def test_without_a_preprocessor_config_it_is_refused(tmp_path):
    transformers.AutoModel.from_config(config_of("resnet")).save_pretrained(tmp_path)
    with pytest.raises(CheckpointUnavailableError, match=r"no usable preprocessor_config\.json"):
        load_encoder(resolve(str(tmp_path)), options=EncoderOptions(image_size=64), pretrained=False)
