"""A small convolutional network over small pictures; trained from scratch."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import nn

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Batch, Hidden, InputLayout, Origin, Processor
from modaxfer.encoders.designed import DesignedEncoder
from modaxfer.encoders.opaque import fold
from modaxfer.encoders.pixels import ImageSettings, PixelScale
from modaxfer.encoders.processors.image import ImageProcessor
from modaxfer.errors import RefusedError

__all__ = ["CNNEncoder", "CNNLayer"]


class CNNEncoder(DesignedEncoder):
    """A LeNet (LeCun et al. 1998) as one layer: a picture becomes one token.

    A batch holds ``pixel_values`` uint8 ``[batch, 3, size, size]``. The scaled pixels enter the layer, cut into rows of
    the network's width.
    """

    def __init__(self, config: Any, origin: Origin) -> None:
        super().__init__(config, origin)
        size = self.layout(config, "image", origin.options).image_size
        self.settings = ImageSettings()
        self.scale = PixelScale(self.settings)
        self.layers, self.norm = nn.ModuleList([CNNLayer(config, size or config.image_size)]), None

    @classmethod
    def layout(cls, config: Any, kind: str, options: EncoderOptions) -> InputLayout:
        """Say how large its pictures are.

        Raises:
            RefusedError: `kind` is not image.
            ConfigError: Of pictures as small as `options` ask for nothing would be left.
        """
        if kind != "image":
            what = f"a {config.model_type} encoder takes images"
            raise RefusedError(what, got=kind, fix="choose a bridge that ends in image")
        size = options.image_size or config.image_size
        config.check_pictures(size)
        rows = -(-3 * size * size // config.hidden_size)
        return InputLayout(kind=kind, max_tokens=rows, image_size=size)

    def processor(self, kind: str) -> Processor:
        """Return the resizer of pictures.

        Raises:
            RefusedError: `kind` is not image.
        """
        layout = self.layout(self.config, kind, self.origin.options)
        return ImageProcessor(layout.image_size or self.config.image_size, self.settings.resample, layout.max_tokens)

    def embed_inputs(self, batch: Batch) -> Hidden:
        """Return scaled pixels as rows ``[batch, rows, hidden]``."""
        dtype = next(self.layers.parameters()).dtype
        scaled = self.scale(batch["pixel_values"]).to(dtype)
        return _unmasked(fold(scaled.flatten(1), self.hidden_size))

    def run(self, hidden: Hidden, start: int, stop: int) -> Hidden:
        """Run the network, if its one layer is among `start` ... `stop - 1`."""
        for layer in self.layers[start:stop]:
            hidden = _unmasked(layer(hidden.tokens))
        return hidden


def _unmasked(tokens: torch.Tensor) -> Hidden:
    return Hidden(tokens, torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device))


class CNNLayer(nn.Module):
    """Convolutions, each with its maxima over 2 x 2 and a ReLU, then a projection of all places and a layer norm.

    The norm is of one row, so that no row's features depend on its neighbours, as they would with batch norms.

    Args:
        config: A `modaxfer.encoders.designs.CNNConfig`.
        size: Pixels per side of the pictures.
    """

    def __init__(self, config: Any, size: int) -> None:
        super().__init__()
        self.size = size
        widths = (3, *config.channels)
        self.blocks = nn.ModuleList(_Block(narrow, wide, config.kernel_size) for narrow, wide in pairwise(widths))
        self.grid = nn.AdaptiveMaxPool2d(config.grid)
        self.dropout = nn.Dropout2d(config.dropout)
        self.projection = nn.Linear(widths[-1] * config.grid**2, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Map scaled pixels as rows ``[batch, rows, hidden]`` to one token each, ``[batch, 1, hidden]``."""
        maps = rows.flatten(1)[:, : 3 * self.size**2].reshape(-1, 3, self.size, self.size)
        for block in self.blocks:
            maps = block(maps)
        token: torch.Tensor = self.norm(self.projection(self.dropout(self.grid(maps)).flatten(1)))
        return token.unsqueeze(1)


class _Block(nn.Module):
    """A convolution, started as in He et al. (2015), maxima over 2 x 2 and a ReLU."""

    def __init__(self, narrow: int, wide: int, kernel_size: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(narrow, wide, kernel_size)
        nn.init.kaiming_uniform_(self.convolution.weight, nonlinearity="relu")
        nn.init.zeros_(self.convolution.bias)  # type: ignore[arg-type]

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Map ``[batch, narrow, side, side]`` to ``[batch, wide, side', side']``."""
        return nn.functional.relu(nn.functional.max_pool2d(self.convolution(maps), 2))
