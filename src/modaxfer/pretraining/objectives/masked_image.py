"""Masked autoencoders (He et al. 2022): the encoder sees few patches, a small decoder draws the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from modaxfer.config import documented
from modaxfer.contracts import Batch, Hidden, ObjectiveContext, ObjectiveLoss, Row, pool
from modaxfer.errors import RefusedError

__all__ = ["MaskedImage", "MaskedImageOptions", "keep_some", "patches_of"]

HEADS = 4


@dataclass(frozen=True, kw_only=True)
class MaskedImageOptions:
    """``--set objective.KEY=VALUE``."""

    share: float = documented(0.75, "Share of patches that are hidden from the encoder.", above=0.0, maximum=0.95)
    decoder_width: int = documented(128, "Width of the decoder, a multiple of 4.", minimum=4)
    decoder_layers: int = documented(2, "Layers of the decoder.", minimum=1)


def keep_some(real: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    """Choose the patches that stay visible, at random.

    Args:
        real: bool ``[batch, patches]``, which patches are there.
        share: Of a row's real patches, so many are hidden; at least one stays, and of two or more one is hidden.
        generator: Of chance.

    Returns:
        bool ``[batch, patches]``.
    """
    noise = torch.rand(real.shape, generator=generator).masked_fill(~real, 2.0)
    rank = noise.argsort(1).argsort(1)
    counts = real.sum(1, keepdim=True)
    stay = (counts * (1 - share)).round().long().clamp(min=1)
    stay = torch.minimum(stay, (counts - 1).clamp(min=1))
    return rank < stay


def patches_of(batch: Batch, side: int) -> torch.Tensor:
    """Return the pixels of each patch, uint8 ``[batch, patches, side * side * 3]``, rows of a picture first."""
    if "patches" in batch:
        return batch["patches"].flatten(2)
    pixels = batch["pixel_values"]
    rows, columns = pixels.shape[2] // side, pixels.shape[3] // side
    parted = pixels.reshape(len(pixels), 3, rows, side, columns, side)
    return parted.permute(0, 2, 4, 3, 5, 1).reshape(len(pixels), rows * columns, -1)


class MaskedImage(nn.Module):
    """Mean squared error of the pixels of hidden patches, each patch standardised by itself (the paper's best target).

    Raises:
        RefusedError: The encoder is no vision transformer of square patches behind a class token.
    """

    def __init__(self, context: ObjectiveContext, options: MaskedImageOptions) -> None:
        super().__init__()
        encoder: Any = context.student.encoder
        if not hasattr(getattr(encoder, "embeddings", None), "position_embeddings") or not hasattr(encoder, "scale"):
            raise RefusedError(
                "a masked autoencoder needs a vision transformer", got=type(encoder).__name__,
                allowed="vit", fix="choose an encoder such as vit, or another objective",
            )  # fmt: skip
        self._reading, self._share, self._side = context.student, options.share, int(encoder.config.patch_size)
        places = encoder.embeddings.position_embeddings.shape[1]
        width = options.decoder_width
        self.enter = nn.Linear(encoder.hidden_size, width)
        self.hidden_patch = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(0.02 * torch.randn(1, places, width))
        layer = nn.TransformerEncoderLayer(
            width, HEADS, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.decoder = nn.TransformerEncoder(layer, options.decoder_layers, enable_nested_tensor=False)
        self.pixels = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, self._side * self._side * 3))

    def begin(self, rows: Sequence[Row]) -> None:
        """Nothing has to be known before."""

    def prepare(self, rows: Sequence[Row], generator: torch.Generator) -> Mapping[str, Any]:
        """Return a batch, and which of its patches stay visible."""
        batch = self._reading.batch(rows)
        count = patches_of(batch, self._side).shape[1]
        real = batch.get("mask", torch.ones(len(rows), count, dtype=torch.bool))
        return {"batch": batch, "real": real, "visible": keep_some(real, self._share, generator)}

    def forward(self, prepared: Mapping[str, Any]) -> ObjectiveLoss:
        """Return the mean squared error of hidden patches."""
        encoder: Any = self._reading.encoder
        batch, real, visible = prepared["batch"], prepared["real"], prepared["visible"]
        seen, places = _only(encoder.embed(batch), visible)
        seen = encoder.finish(encoder.run(seen, 0, encoder.depth))
        told = self._decoded(seen, places, real)
        wanted = patches_of(batch, self._side).float()
        wanted = (wanted - wanted.mean(2, keepdim=True)) / (wanted.var(2, keepdim=True) + 1.0).sqrt()
        # A blank patch has nothing to be drawn, and every decoder knows it.
        errors = (self.pixels(told[:, 1:]).float() - wanted).square().mean(2)
        missing = real & ~visible
        loss = (errors * missing).sum() / missing.sum().clamp(min=1)
        return ObjectiveLoss(loss=loss, vectors=pool(seen, "mean"))

    def _decoded(self, seen: Hidden, places: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Return what the decoder makes of visible tokens, put back in their places among hidden ones."""
        entered = self.enter(seen.tokens)
        whole = self.hidden_patch.to(entered.dtype).repeat(len(real), real.shape[1] + 1, 1)
        rows = torch.arange(len(real), device=real.device)[:, None].expand_as(places)
        whole = whole.index_put((rows[seen.mask], places[seen.mask]), entered[seen.mask])
        padding = ~nn.functional.pad(real, (1, 0), value=True)
        decoded: torch.Tensor = self.decoder(whole + self.places[:, : whole.shape[1]], src_key_padding_mask=padding)
        return decoded


def _only(hidden: Hidden, visible: torch.Tensor) -> tuple[Hidden, torch.Tensor]:
    """Return the class token and the visible patches, first come first, and their places ``[batch, tokens]``."""
    shown = nn.functional.pad(visible, (1, 0), value=True)
    longest = int(shown.sum(1).max())
    places = shown.long().argsort(dim=1, descending=True, stable=True)[:, :longest]
    tokens = hidden.tokens.gather(1, places.unsqueeze(-1).expand(-1, -1, hidden.tokens.shape[-1]))
    return Hidden(tokens, shown.gather(1, places)), places
