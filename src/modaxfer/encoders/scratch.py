"""What encoders without pretrained weights share: built from a config, entered by what a trained bridge embeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

from modaxfer.config import EncoderOptions
from modaxfer.contracts import InputLayout, Processor
from modaxfer.encoders.body import LayeredEncoder, Origin
from modaxfer.errors import CheckpointUnavailableError, RefusedError

__all__ = ["ScratchEncoder"]

LONGEST = 512
"""Tokens that are read where nothing else is asked for."""


class ScratchEncoder(LayeredEncoder):
    """A body alone: it has no front, and no table that would limit how many tokens it takes."""

    attention: ClassVar[str | None] = None
    has_front = False

    @classmethod
    def from_config(cls, config: Any, *, origin: Origin | None = None) -> Self:
        """Build it with random weights, drawn from torch's current random state."""
        return cls(config, origin or Origin())

    @classmethod
    def from_folder(cls, folder: Path, config: Any = None, *, origin: Origin | None = None) -> Self:
        """Refuse: there are no weights to read.

        Raises:
            CheckpointUnavailableError: Always.
        """
        raise CheckpointUnavailableError(
            f"{cls.__name__} has no pretrained weights", got=folder, fix="build it with load_encoder or from_config"
        )

    @classmethod
    def layout(cls, config: Any, kind: str, options: EncoderOptions) -> InputLayout:
        """Say how many embeddings it takes.

        Raises:
            RefusedError: `kind` is not embeddings.
        """
        if kind != "embeddings":
            raise RefusedError(
                f"a {config.model_type} encoder takes embeddings",
                got=kind,
                fix="choose a bridge that ends in embeddings",
            )
        return InputLayout(kind=kind, max_tokens=options.max_tokens or LONGEST)

    def processor(self, kind: str) -> Processor:
        """Refuse: embeddings are prepared by their bridge.

        Raises:
            RefusedError: Always.
        """
        self.layout(self.config, kind, self.origin.options)
        raise RefusedError("embeddings are prepared by their bridge, not by the encoder", got=kind)

    def drop_front(self) -> None:
        """Do nothing: it has no front."""
