"""Vision transformers over square patches: whole pictures, or strips of patches that a bridge drew."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, ClassVar

import torch
from torch import nn

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Batch, Hidden, InputLayout, Origin, Processor
from modaxfer.encoders.body import LayeredEncoder
from modaxfer.encoders.lengths import MOST_TOKENS
from modaxfer.encoders.pixels import PixelScale, read_image_settings
from modaxfer.encoders.processors.image import ImageProcessor, PatchProcessor
from modaxfer.errors import RefusedError

__all__ = ["ViTEncoder", "sensible_image_size"]

CUSTOMARY = {"dinov2": 224}
"""Pixels per side at which a family is used, where its position table was trained for far larger pictures."""

STRIDE, LEAST_MAP = 32, 3
"""Pixels per token of a convolutional network; tokens per side below which its map shows no shapes any more."""

LARGEST_ZOOM = 4
"""A picture is not blown up much more than this: more tokens would show nothing new."""


class ViTEncoder(LayeredEncoder):
    """ViT (Dosovitskiy et al. 2021) and DINOv2 (Oquab et al. 2023), without pooler.

    A batch holds either ``pixel_values`` uint8 ``[batch, 3, height, width]``, or ``patches`` uint8
    ``[batch, patches, side, side, 3]`` with ``mask`` bool ``[batch, patches]``. Patches of a strip take the first
    places of the pretraining grid, row by row, and so does embedded content. Token 0 is the class token, always real.
    """

    front: ClassVar[tuple[str, ...]] = ("embeddings.patch_embeddings", "scale")

    def __init__(self, model: Any, origin: Origin) -> None:
        super().__init__(model.config, origin)
        self.embeddings = model.embeddings
        self.embeddings.mask_token = None
        self.layers = model.layers if hasattr(model, "layers") else model.encoder.layer
        self.norm = model.layernorm
        self.settings = read_image_settings(origin)
        self.scale = PixelScale(self.settings)

    @classmethod
    def layout(cls, config: Any, kind: str, options: EncoderOptions) -> InputLayout:
        """Say how large its pictures are, or how many patches a strip may have (class token included in tokens).

        Of embeddings, say how many it takes (class token not included); where `options` ask for more than the
        pretraining grid has places, the grid is resized.

        Raises:
            RefusedError: It takes no such kind; the picture is not a whole number of patches; its channels are not RGB.
        """
        side, pretraining = _square(config.patch_size, "patches"), _square(config.image_size, "pictures")
        if config.num_channels != 3:
            raise RefusedError(
                "the encoder does not take RGB pictures", got=f"{config.num_channels} channels", allowed=3
            )
        if kind == "patches":
            most = (pretraining // side) ** 2 + 1
            return InputLayout(
                kind=kind, max_tokens=min(options.max_tokens or most, most), patch_size=side, image_size=pretraining
            )
        if kind == "embeddings":
            return InputLayout(kind=kind, max_tokens=options.max_tokens or min((pretraining // side) ** 2, MOST_TOKENS))
        if kind != "image":
            raise RefusedError(
                "a vision transformer takes images, patches and embeddings",
                got=kind,
                fix="choose a bridge that ends in one of them",
            )
        size = options.image_size or min(pretraining, CUSTOMARY.get(config.model_type, pretraining)) // side * side
        if size % side:
            below = max(size // side, 1) * side
            raise RefusedError(
                f"encoder.image_size must be a multiple of the patch size, {side}",
                got=size,
                allowed=f"{below}, {below + side}, ...",
                fix=f"--set encoder.image_size={below}",
            )
        return InputLayout(kind=kind, max_tokens=(size // side) ** 2 + 1, patch_size=side, image_size=size)

    def processor(self, kind: str) -> Processor:
        """Return the resizer for `kind` image, the checker for `kind` patches.

        Raises:
            RefusedError: It takes no such kind.
        """
        if kind == "embeddings":
            raise RefusedError("embeddings are prepared by their bridge, not by the encoder", got=kind)
        layout = self.layout(self.config, kind, self.origin.options)
        if kind == "patches":
            return PatchProcessor(side=layout.patch_size or 1, most=layout.max_tokens - 1)
        return ImageProcessor(size=layout.image_size or 1, resample=self.settings.resample, tokens=layout.max_tokens)

    def embed_inputs(self, batch: Batch) -> Hidden:
        """Project patches, put the class token in front, add positions: ``[batch, 1 + patches, hidden]``."""
        if "patches" in batch:
            strip = Hidden(self._strip(batch["patches"]), batch["mask"])
            return self._placed(strip, self.embeddings.position_embeddings)
        projection = self.embeddings.patch_embeddings.projection
        projected = projection(self.scale(batch["pixel_values"]).to(projection.weight.dtype))
        patches = projected.flatten(2).transpose(1, 2)
        mask = torch.ones(patches.shape[:2], dtype=torch.bool, device=patches.device)
        return self._placed(Hidden(patches, mask), self._grid_positions(*projected.shape[2:]))

    def embed_tokens(self, hidden: Hidden) -> Hidden:
        """Put the class token in front, add the first positions of the grid: ``[batch, 1 + tokens, hidden]``."""
        table: torch.Tensor = self.embeddings.position_embeddings
        wanted = self.origin.options.max_tokens or 0
        if wanted >= table.shape[1]:
            side = math.isqrt(wanted - 1) + 1
            table = self._grid_positions(side, side)
        return self._placed(hidden, table)

    def _placed(self, content: Hidden, positions: torch.Tensor) -> Hidden:
        front = self.embeddings.cls_token.expand(len(content.tokens), -1, -1).to(content.tokens.dtype)
        tokens = torch.cat([front, content.tokens], 1)
        tokens = self.embeddings.dropout(tokens + positions[:, : tokens.shape[1]])
        return Hidden(tokens, nn.functional.pad(content.mask, (1, 0), value=True))

    def _strip(self, patches: torch.Tensor) -> torch.Tensor:
        """Project ``[batch, patches, side, side, 3]``; a convolution over one patch is a matrix product."""
        projection = self.embeddings.patch_embeddings.projection
        pixels = self.scale(patches.permute(0, 1, 4, 2, 3)).to(projection.weight.dtype)
        return nn.functional.linear(pixels.flatten(2), projection.weight.flatten(1), projection.bias)

    def _grid_positions(self, rows: int, columns: int) -> torch.Tensor:
        """Return positions ``[1, 1 + rows * columns, hidden]``, resized (bicubic) for pictures of another size."""
        table: torch.Tensor = self.embeddings.position_embeddings
        side = math.isqrt(table.shape[1] - 1)
        if (rows, columns) == (side, side):
            return table
        grid = table[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2).float()
        grid = nn.functional.interpolate(grid, size=(rows, columns), mode="bicubic", align_corners=False)
        return torch.cat([table[:, :1], grid.flatten(2).transpose(1, 2).to(table.dtype)], 1)


def sensible_image_size(layout: InputLayout, sides: Iterable[int]) -> int:
    """Choose the picture size of a task: the encoder's own, or less where the pictures are small.

    Args:
        layout: The encoder's image layout.
        sides: Longer side of the task's pictures, in pixels.

    Returns:
        The smallest multiple of the patch size that is at least four times the largest side, at most the layout's size.
        Where there are no patches, of the usual stride of a convolutional network, and at least three of them.
    """
    full, patch = layout.image_size or 224, layout.patch_size or STRIDE
    least = patch if layout.patch_size else min(full, LEAST_MAP * STRIDE)
    largest = max(sides, default=full)
    return max(least, min(full, math.ceil(LARGEST_ZOOM * largest / patch) * patch))


def _square(value: Any, what: str) -> int:
    sides = {int(value)} if isinstance(value, int | float) else {int(side) for side in value}
    if len(sides) != 1:
        raise RefusedError(f"the encoder's {what} are not square", got=value, allowed="one side length")
    return sides.pop()
