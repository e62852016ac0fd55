"""What every layered encoder shares: a stack of layers that can be cut anywhere, and its masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, NoReturn, Self

import torch
from torch import nn

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Batch, Hidden, InputLayout, Origin, Processor, Shape
from modaxfer.encoders import attention
from modaxfer.encoders.saving import save_transformers
from modaxfer.encoders.weights import random_model, read_model
from modaxfer.errors import CheckpointUnavailableError, RefusedError

__all__ = ["LayeredEncoder", "attention_mask"]


def attention_mask(mask: torch.Tensor) -> torch.Tensor | None:
    """Turn a token mask into what scaled-dot-product attention takes.

    Args:
        mask: bool ``[batch, tokens]``.

    Returns:
        bool ``[batch, 1, tokens, tokens]``, True where a token may be looked at; None where all may, which lets
        attention take its fastest kernel. A graph that is exported takes it whatever it says.
    """
    if not torch.compiler.is_exporting() and bool(mask.all()):
        return None
    return mask[:, None, None, :].expand(-1, 1, mask.shape[1], -1)


class LayeredEncoder(nn.Module):
    """A stack of Transformers layers that all take ``(hidden_states, attention_mask)``.

    Subclasses take a Transformers model apart and keep only what is used, so that every parameter has a gradient.
    """

    model_class: ClassVar[str] = "AutoModel"
    """Name in `transformers` of the class that reads the weights."""
    attention: ClassVar[str | None] = attention.NAME
    key_mapping: ClassVar[dict[str, str] | None] = None
    renamed: ClassVar[dict[str, str]] = {}
    """Name in the Transformers model of each tensor that is a copy of it here, and so cannot be found by identity."""
    front: ClassVar[tuple[str, ...]] = ()
    """Dotted names of the modules that look raw input up or project it; `embed_tokens` does without them.

    A table (`nn.Embedding`) among them that `embed_inputs` alone reads may be trained by the rows that texts name.
    """

    layers: nn.ModuleList
    norm: nn.Module | None
    adapter_parameters: frozenset[str] = frozenset()
    """Names of the parameters that an adapter added."""
    sha256: str | None = None
    """Hash of the weights that were read; None for random ones."""
    has_front: bool = True
    """Whether raw input can be embedded; False after `drop_front`."""

    def __init__(self, config: Any, origin: Origin) -> None:
        super().__init__()
        self.config, self.origin = config, origin
        shape = self.shape(config)
        self.depth, self.hidden_size = shape.depth, shape.hidden_size

    @classmethod
    def from_config(cls, config: Any, *, origin: Origin | None = None) -> Self:
        """Build it with random weights."""
        origin = origin or Origin()
        trusted = origin.trust_remote_code
        model = random_model(config, cls.find_model_class(), attention=cls.attention, trust_remote_code=trusted)
        return cls(model, origin)

    @classmethod
    def from_folder(cls, folder: Path, config: Any, *, origin: Origin | None = None) -> Self:
        """Read it from a folder in Transformers' format.

        Raises:
            CheckpointUnavailableError: A tensor that the encoder uses is missing, of another shape or not safetensors.
        """
        origin = origin or Origin(folder=folder)
        model, missing = read_model(
            folder,
            config,
            cls.find_model_class(),
            key_mapping=cls.key_mapping,
            trust_remote_code=origin.trust_remote_code,
            attention=cls.attention,
        )
        names = {name: id(tensor) for name, tensor in model.state_dict(keep_vars=True).items()}
        encoder = cls(model, origin)
        used = {id(tensor) for tensor in encoder.state_dict(keep_vars=True).values()}
        _refuse_missing(folder, [name for name in missing if names.get(name) in used])
        return encoder

    @classmethod
    def find_model_class(cls) -> Any:
        """Return the class that reads the weights: the one of Transformers that `model_class` names."""
        import transformers

        return getattr(transformers, cls.model_class)

    @classmethod
    def part_of(cls, model: Any) -> Any:
        """Return what of the model that ``AutoModel`` reads is given to the constructor."""
        return model

    @classmethod
    def shape(cls, config: Any) -> Shape:
        """Read the size from a Transformers config."""
        return Shape(depth=config.num_hidden_layers, hidden_size=config.hidden_size)

    @classmethod
    def layout(cls, config: Any, kind: str, options: EncoderOptions) -> InputLayout:
        """Say what the encoder needs to know of an input of signal `kind`.

        Raises:
            RefusedError: The encoder does not take this kind.
        """
        raise RefusedError(f"{cls.__name__} takes no {kind}", got=kind)

    def processor(self, kind: str) -> Processor:
        """Return the preparation for raw inputs of signal `kind`.

        Raises:
            RefusedError: The encoder does not take this kind.
        """
        raise RefusedError(f"{type(self).__name__} takes no {kind}", got=kind)

    def embed(self, batch: Batch) -> Hidden:
        """Turn a batch into the states ``[batch, tokens, hidden]`` that enter layer 0.

        Raises:
            TypeError: It has no front, or its front was dropped.
        """
        if not self.has_front:
            raise TypeError(f"{type(self).__name__} has no front to embed raw input with: call embed_tokens(hidden)")
        return self.embed_inputs(batch)

    def embed_inputs(self, batch: Batch) -> Hidden:
        """Do what `embed` promises, while the front is there: what its processors made becomes states of layer 0.

        Raises:
            TypeError: The subclass does not say how.
        """
        raise TypeError(f"{type(self).__name__} must say how a batch is embedded: write embed_inputs(batch)")

    def embed_tokens(self, hidden: Hidden) -> Hidden:
        """Turn embedded content ``[batch, tokens, hidden]`` into the states that enter layer 0.

        Raises:
            TypeError: It can be entered by raw input only.
        """
        self._refuse_entry()

    def drop_front(self) -> None:
        """Give up the modules that `embed_tokens` does not use; `embed` is gone.

        Raises:
            TypeError: It can be entered by raw input only.
        """
        if not self.front:
            self._refuse_entry()
        for name in self.front:
            owner, _, last = name.rpartition(".")
            setattr(self.get_submodule(owner), last, None)
        self.has_front = False

    def _refuse_entry(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be entered behind its front: call embed(batch)")

    def run(self, hidden: Hidden, start: int, stop: int) -> Hidden:
        """Run layers `start` ... `stop - 1`."""
        mask = attention_mask(hidden.mask) if start < stop else None
        tokens = hidden.tokens
        for layer in self.layers[start:stop]:
            tokens = layer(tokens, attention_mask=mask)
        return Hidden(tokens, hidden.mask)

    def finish(self, hidden: Hidden) -> Hidden:
        """Apply the final norm, if there is one."""
        return hidden if self.norm is None else Hidden(self.norm(hidden.tokens), hidden.mask)

    def save(self, folder: Path) -> None:
        """Write it as a folder that ``AutoModel.from_pretrained`` reads; see `modaxfer.encoders.saving`.

        Raises:
            RefusedError: It cannot be written, and why.
            OutputExistsError: There is something in `folder`.
        """
        save_transformers(self, folder)

    def source_folder(self) -> Path:
        """Return the folder that the processor's files lie in.

        Raises:
            CheckpointUnavailableError: The encoder was built from a bare config.
        """
        if self.origin.folder is None:
            raise CheckpointUnavailableError(
                f"{type(self).__name__} was built from a bare config and has no processor files",
                fix="load it with modaxfer.encoders.load_encoder",
            )
        return self.origin.folder


def _refuse_missing(folder: Path, missing: list[str]) -> None:
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise CheckpointUnavailableError(
            f"{len(missing)} tensors of the encoder are not in the weights of {folder}",
            got=f"missing {shown}",
            fix="choose a checkpoint whose weights fit its config.json; random weights are only used where asked for",
        )
