"""Configs of encoders that Transformers does not know, under the names that its configs have for the same things."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from modaxfer.config import build
from modaxfer.errors import ConfigError

__all__ = ["LSTMConfig", "TableConfig"]


@dataclass(kw_only=True)
class _Design:
    """A config that is read from ``config.json``; like those of Transformers it can be changed before use."""

    model_type: str
    hidden_size: int
    num_hidden_layers: int

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
class TableConfig(_Design):
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
class LSTMConfig(_Design):
    """Sizes of a `modaxfer.encoders.lstm.LSTMEncoder`."""

    model_type: str = "modaxfer-lstm"
    hidden_size: int = 128
    """Width of a state: half of it from the left, half from the right."""
    num_hidden_layers: int = 2
    dropout: float = 0.0

    def __post_init__(self) -> None:
        self.check_multiple(2, "the two directions")
