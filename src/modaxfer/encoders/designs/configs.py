"""Configs of encoders that Transformers does not know, under the names that its configs have for the same things."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from modaxfer.config import build
from modaxfer.errors import ConfigError

__all__ = ["CNNConfig", "Design", "LSTMConfig", "TableConfig"]


@dataclass(kw_only=True)
class Design:
    """A config that is read from ``config.json``; like those of Transformers it can be changed before use.

    A subclass is a keyword-only dataclass that gives these three a default and adds fields of its own, plain JSON types
    (tuples for lists). Fields of noise have the names that Transformers' configs have for it, such as ``dropout``: a
    run sets them.
    """

    model_type: str
    """Stands in ``config.json`` and in `modaxfer.spec.EncoderSpec.model_types`; unlike any of Transformers'."""
    hidden_size: int
    """Numbers per token."""
    num_hidden_layers: int
    """Layers of the body."""

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Read ``config.json`` below `folder`.

        Raises:
            ConfigError: A key is unknown or missing, or a value is of the wrong type or out of range.
        """
        path = folder / "config.json"
        return build(cls, json.loads(path.read_text(encoding="utf-8")), where=str(path))

    def check_multiple(self, of: int, what: str) -> None:
        """Check that the width is a positive multiple of `of`.

        Raises:
            ConfigError: It is not.
        """
        if self.num_hidden_layers < 1 or self.hidden_size < of or self.hidden_size % of:
            raise ConfigError(
                f"{self.model_type} needs at least one layer and a width that is a multiple of {what}, {of}",
                got=f"{self.num_hidden_layers} layers of width {self.hidden_size}",
            )


@dataclass(kw_only=True)
class TableConfig(Design):
    """Sizes of a `modaxfer.encoders.table.TableEncoder`."""

    model_type: str = "modaxfer-table"
    hidden_size: int = 96
    num_hidden_layers: int = 3
    num_attention_heads: int = 8
    intermediate_size: int = 128
    """Width inside the feed-forward blocks."""
    layer_norm_eps: float = 1e-5
    hidden_dropout: float = 0.0
    attention_dropout: float = 0.0

    def __post_init__(self) -> None:
        self.check_multiple(self.num_attention_heads, "num_attention_heads")


@dataclass(kw_only=True)
class LSTMConfig(Design):
    """Sizes of a `modaxfer.encoders.lstm.LSTMEncoder`."""

    model_type: str = "modaxfer-lstm"
    hidden_size: int = 128
    """Width of a state: half of it from the left, half from the right."""
    num_hidden_layers: int = 2
    dropout: float = 0.0

    def __post_init__(self) -> None:
        self.check_multiple(2, "the two directions")


@dataclass(kw_only=True)
class CNNConfig(Design):
    """Sizes of a `modaxfer.encoders.cnn.CNNEncoder`, which counts as one layer whatever it holds."""

    model_type: str = "modaxfer-cnn"
    hidden_size: int = 256
    """Width of the one vector that is made of a picture."""
    num_hidden_layers: int = 1
    channels: tuple[int, ...] = (20, 50)
    """Maps of each convolution."""
    kernel_size: int = 5
    grid: int = 4
    """Cells per side that the last maps are pooled to, whatever the picture's size."""
    image_size: int = 28
    """Pixels per side."""
    layer_norm_eps: float = 1e-5
    dropout: float = 0.0

    def __post_init__(self) -> None:
        self.check_multiple(1, "one")
        if self.num_hidden_layers != 1 or not self.channels or min(*self.channels, self.kernel_size, self.grid) < 1:
            raise ConfigError(
                f"{self.model_type} is one layer of at least one convolution",
                got=f"{self.num_hidden_layers} layers, channels {self.channels}, kernels of {self.kernel_size}, "
                f"a grid of {self.grid}",
            )
        self.check_pictures(self.image_size)

    def check_pictures(self, size: int) -> None:
        """Check that maps of pictures of `size` pixels per side do not vanish on their way.

        Raises:
            ConfigError: They do.
        """
        side = size
        for _ in self.channels:
            side = (side - self.kernel_size + 1) // 2
        if side < 1:
            raise ConfigError(
                f"{len(self.channels)} convolutions of {self.kernel_size} pixels leave nothing of such a picture",
                got=f"{size} pixels per side",
                allowed=f"at least {self.smallest}",
                fix=f"--set encoder.image_size={self.smallest}",
            )

    @property
    def smallest(self) -> int:
        """Pixels per side of which one cell is left."""
        side = 1
        for _ in self.channels:
            side = 2 * side + self.kernel_size - 1
        return side
