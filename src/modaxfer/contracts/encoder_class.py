"""How an encoder comes into being: what its class says of a config, and how it is built from one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from modaxfer.config import EncoderOptions

if TYPE_CHECKING:
    from modaxfer.contracts.model import Encoder
    from modaxfer.contracts.rows import InputLayout

__all__ = ["EncoderClass", "Origin", "Shape"]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where an encoder came from and how it is to be fed; its processors are read from there."""

    folder: Path | None = None
    """Holds the checkpoint's small files (``config.json``, tokenizer, preprocessor); None of a bare config."""
    options: EncoderOptions = field(default_factory=EncoderOptions)
    """What the user asks for, ``--set encoder.KEY=VALUE``: longest text, length of sounds, size of pictures."""
    trust_remote_code: bool = False


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Size of an encoder, as its config tells."""

    depth: int
    """Layers of the body, at least one."""
    hidden_size: int
    """Numbers per token, ``hidden``."""


class EncoderClass(Protocol):
    """What `modaxfer.spec.EncoderSpec.target` names: a class whose instances are a `modaxfer.contracts.Encoder`.

    All but `from_folder` is asked before any weight is loaded, also on torch's ``meta`` device, where tensors have a
    shape and no numbers. `config` is Transformers' own, or what the class that `EncoderSpec.configuration` names has
    read. `modaxfer.encoders.LayeredEncoder` and `modaxfer.encoders.DesignedEncoder` have most of it ready.
    """

    def shape(self, config: Any) -> Shape:
        """Return depth and width of an encoder of this config."""
        ...

    def layout(self, config: Any, kind: str, options: EncoderOptions) -> InputLayout:
        """Say what bridge and rows have to know of an input of signal `kind`; `max_tokens` is that of the body.

        Raises:
            RefusedError: The encoder takes no such kind, or `options` ask for more than it holds.
        """
        ...

    def from_config(self, config: Any, *, origin: Origin | None = None) -> Encoder:
        """Build it in float32 with random weights, all drawn from torch's generator."""
        ...

    def from_folder(self, folder: Path, config: Any, *, origin: Origin | None = None) -> Encoder:
        """Read it, in float32, from the safetensors files in `folder`; `config` decides, not the one in `folder`.

        Raises:
            CheckpointUnavailableError: A tensor that the encoder uses is missing, of another shape or not safetensors.
        """
        ...
