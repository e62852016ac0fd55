"""What architectures of our own share, and of plugins': a design for a config; most take what a bridge embeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, Self

from safetensors.torch import save_file

from modaxfer.config import EncoderOptions
from modaxfer.contracts import InputLayout, Origin, Processor
from modaxfer.encoders.body import LayeredEncoder
from modaxfer.encoders.lengths import MOST_TOKENS
from modaxfer.encoders.saving import merged, new_folder
from modaxfer.encoders.weight_files import has_weights
from modaxfer.encoders.weights import read_tensors
from modaxfer.errors import CheckpointUnavailableError, RefusedError

__all__ = ["DesignedEncoder", "EmbeddedEncoder"]


class DesignedEncoder(LayeredEncoder):
    """An encoder that Transformers does not know, described by a `modaxfer.encoders.Design`.

    Its weights are drawn, or were written by `save`: by a run, or by who ships them in a plugin. A subclass is built as
    ``cls(config, origin)``, calls ``super().__init__(config, origin)`` and sets `layers` and `norm`.
    """

    attention: ClassVar[str | None] = None

    @classmethod
    def from_config(cls, config: Any, *, origin: Origin | None = None) -> Self:
        """Build it with random weights, drawn from torch's current random state."""
        return cls(config, origin or Origin())

    @classmethod
    def from_folder(cls, folder: Path, config: Any, *, origin: Origin | None = None) -> Self:
        """Read what `save` wrote.

        Raises:
            CheckpointUnavailableError: There are no weights, or they are not those of this config.
        """
        if not has_weights(folder):
            raise CheckpointUnavailableError(
                f"{cls.__name__} has no pretrained weights", got=folder, fix="build it with load_encoder or from_config"
            )
        encoder = cls(config, origin or Origin(folder=folder))
        try:
            encoder.load_state_dict(read_tensors(folder))
        except RuntimeError as error:
            raise CheckpointUnavailableError(
                f"the weights in {folder} do not fit their config.json",
                got=" ".join(str(error).split())[:400],
                fix="bring them back as they were saved",
            ) from error
        return encoder

    def save(self, folder: Path) -> None:
        """Write its config and its weights; ``--encoder FOLDER`` reads them. An adapter is merged.

        Raises:
            RefusedError: The adapter cannot be merged.
            OutputExistsError: There is something in `folder`.
        """
        with new_folder(folder) as made:
            (made / "config.json").write_text(json.dumps(vars(self.config), indent=2) + "\n", encoding="utf-8")
            save_file(merged(self).state_dict(), made / "model.safetensors", metadata={"format": "pt"})


class EmbeddedEncoder(DesignedEncoder):
    """A body alone: it has no front, and no table that would limit how many tokens it takes."""

    has_front = False

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
        return InputLayout(kind=kind, max_tokens=options.max_tokens or MOST_TOKENS)

    def processor(self, kind: str) -> Processor:
        """Refuse: embeddings are prepared by their bridge.

        Raises:
            RefusedError: Always.
        """
        self.layout(self.config, kind, self.origin.options)
        raise RefusedError("embeddings are prepared by their bridge, not by the encoder", got=kind)

    def drop_front(self) -> None:
        """Do nothing: it has no front."""
