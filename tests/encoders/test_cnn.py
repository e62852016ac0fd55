"""The small convolutional network: its formula, pictures of other sizes, and what it refuses."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Hidden
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.designs import CNNConfig
from modaxfer.encoders.load import load_encoder
from modaxfer.errors import ConfigError, OutputExistsError, RefusedError


def load(name="cnn", seed=0, **options):
    return load_encoder(resolve(name), options=EncoderOptions(**options), dropout=0.0, pretrained=True, seed=seed)


def pixels(size, rows=2):
    return torch.randint(0, 256, (rows, 3, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def states(encoder, values):
    return encoder.finish(encoder.run(encoder.embed({"pixel_values": values}), 0, 1))


@torch.no_grad()
def test_it_is_a_lenet_of_torch_with_a_layer_norm():
    encoder = load()
    first, second = (block.convolution for block in encoder.layers[0].blocks)
    pooled = [nn.MaxPool2d(2), nn.ReLU()]
    lenet = nn.Sequential(
        first, *pooled, second, *pooled, nn.Flatten(), encoder.layers[0].projection, encoder.layers[0].norm
    )
    values = pixels(28)
    made = states(encoder, values)
    assert made.mask.shape == (2, 1)
    torch.testing.assert_close(made.tokens[:, 0], lenet(values.float() / 127.5 - 1), rtol=0, atol=1e-5)


@torch.no_grad()
def test_pictures_of_other_sizes_are_pooled_to_the_same_grid():
    encoder = load(image_size=64)
    assert encoder.processor("image").size == 64
    assert states(encoder, pixels(64)).tokens.shape == (2, 1, 256)
    assert {key: value.shape for key, value in encoder.state_dict().items()} == {
        key: value.shape for key, value in load().state_dict().items()
    }


def test_what_leaves_nothing_of_a_picture_is_refused():
    message = r"2 convolutions of 5 pixels leave nothing.*Got: 15 pixels.*at least 16.*encoder.image_size=16"
    with pytest.raises(ConfigError, match=message):
        resolve("cnn").layout("image", EncoderOptions(image_size=15))
    assert resolve("cnn").layout("image", EncoderOptions(image_size=16)).image_size == 16
    with pytest.raises(ConfigError, match=r"one layer of at least one convolution.*channels \(\)"):
        CNNConfig(channels=())
    with pytest.raises(RefusedError, match=r"a modaxfer-cnn encoder takes images\. Got: text"):
        resolve("cnn").layout("text")
    with pytest.raises(TypeError, match="cannot be entered behind its front"):
        load().embed_tokens(Hidden(torch.zeros(1, 1, 256), torch.ones(1, 1, dtype=torch.bool)))


def test_it_is_saved_and_read_back(tmp_path):
    encoder = load(seed=5)
    encoder.save(tmp_path / "saved")
    again = load(str(tmp_path / "saved"), seed=6)
    assert resolve(str(tmp_path / "saved")).config == encoder.config
    with torch.no_grad():
        torch.testing.assert_close(states(again, pixels(28)).tokens, states(encoder, pixels(28)).tokens, rtol=0, atol=0)
    with pytest.raises(OutputExistsError):
        encoder.save(tmp_path / "saved")
