"""From bytes to the numbers an image model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from modaxfer.contracts import Origin
from modaxfer.encoders.own_code import refuse_own_code
from modaxfer.encoders.silence import quiet
from modaxfer.errors import CheckpointUnavailableError

__all__ = ["ImageSettings", "PixelScale", "read_image_settings"]


@dataclass(frozen=True, kw_only=True)
class ImageSettings:
    """What a checkpoint's preprocessor config says; the defaults are those of the first ViT."""

    factor: float = 1 / 255
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    deviation: tuple[float, ...] = (0.5, 0.5, 0.5)
    resample: int = 2
    """Pillow's number of the resize filter."""


class PixelScale(nn.Module):
    """Bytes ``[..., 3, height, width]`` to ``(byte * factor - mean) / deviation`` in float32."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, settings: ImageSettings) -> None:
        super().__init__()
        self.factor = settings.factor
        self.register_buffer("mean", torch.tensor(settings.mean)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(settings.deviation)[:, None, None], persistent=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Scale `pixels`."""
        return (pixels.float() * self.factor - self.mean) / self.deviation


def read_image_settings(origin: Origin) -> ImageSettings:
    """Read the preprocessor config beside the weights; the defaults for an encoder built from a bare config.

    Raises:
        RefusedError: It needs code of its own, and that is not allowed.
        CheckpointUnavailableError: The folder has none: pixels scaled in another way would spoil the features unseen.
    """
    if origin.folder is None:
        return ImageSettings()
    from transformers import AutoImageProcessor

    try:
        with quiet():
            processor: Any = AutoImageProcessor.from_pretrained(
                origin.folder, local_files_only=True, trust_remote_code=origin.trust_remote_code
            )
    except (OSError, ValueError, ImportError) as error:
        refuse_own_code(origin.folder, "an image processor", error)
        raise CheckpointUnavailableError(
            f"no usable preprocessor_config.json in {origin.folder}",
            got=" ".join(str(error).split())[:200],
            fix="add the checkpoint's preprocessor_config.json: it says how pixels are scaled",
        ) from error
    defaults = ImageSettings()
    normalised = getattr(processor, "do_normalize", True)
    return ImageSettings(
        factor=processor.rescale_factor if getattr(processor, "do_rescale", True) else 1.0,
        mean=tuple(processor.image_mean) if normalised else (0.0,) * 3,
        deviation=tuple(processor.image_std) if normalised else (1.0,) * 3,
        resample=int(getattr(processor, "resample", None) or defaults.resample),
    )
