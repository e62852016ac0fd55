"""Encoders to look at: of each architecture that a spec lists a tiny random one, made and read once in a process."""

from __future__ import annotations

import atexit
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Hidden
from modaxfer.encoders.checkpoints import ResolvedEncoder, resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.registry import Entry, registry
from modaxfer.spec import EncoderSpec
from modaxfer.testing.check import skip
from modaxfer.testing.material import tiny_models
from modaxfer.testing.material.raw_inputs import raws
from modaxfer.testing.subject import Subject

__all__ = ["LENGTHS", "EncoderCase", "cases_of", "material", "opened", "tiny_encoder", "tiny_names"]

LENGTHS = (3, 7, 12)
"""Tokens of embedded content."""

DROPOUT = 0.1
"""There is some, so that an encoder which forgets to switch it off is found out."""

_AUTO = ("distilbert", "resnet", "wavlm")
"""What an encoder that lists no architecture, but takes what ``AutoModel`` loads, is tried on: one of each kind."""


@dataclass(frozen=True, kw_only=True)
class EncoderCase:
    """An encoder in memory, in evaluation mode, and the kind of input by which it is entered."""

    name: str
    """Of the architecture or checkpoint, for people."""
    kind: str
    """``text``, ``image``, ``patches``, ``audio`` or ``embeddings``."""
    encoder: Any
    resolved: ResolvedEncoder

    def __str__(self) -> str:
        return f"{self.name} entered by {self.kind}"

    @property
    def side(self) -> int:
        """Pixels per side of a patch."""
        return self.resolved.layout(self.kind).patch_size or 8

    def given(self, rows: Sequence[int] | None = None) -> Any:
        """Return raw inputs as a batch, or embedded content padded with noise; of all three rows, or of some."""
        if self.kind != "embeddings":
            processor = self.encoder.processor(self.kind)
            examples = processor(raws(self.kind, side=self.side))
            return processor.collate(examples if rows is None else [examples[row] for row in rows])
        return _content(self.encoder, range(len(LENGTHS)) if rows is None else rows)

    def begin(self, inputs: Any) -> Hidden:
        """Return the states that enter layer 0."""
        hidden: Hidden = self.encoder.embed_tokens(inputs) if isinstance(inputs, Hidden) else self.encoder.embed(inputs)
        return hidden

    def whole(self, inputs: Any) -> Hidden:
        """Return what the whole encoder makes of `inputs`."""
        encoder = self.encoder
        hidden: Hidden = encoder.finish(encoder.run(self.begin(inputs), 0, encoder.depth))
        return hidden

    def lengths(self) -> list[int]:
        """Return how many tokens each row is said to have."""
        if self.kind != "embeddings":
            processor = self.encoder.processor(self.kind)
            return [processor.length(example) for example in processor(raws(self.kind, side=self.side))]
        with torch.no_grad():
            class_tokens = self.begin(self.given()).tokens.shape[1] - max(LENGTHS)
        return [length + class_tokens for length in LENGTHS]


@cache
def material() -> Path:
    """Return the folder of this process in which tiny models lie; it is removed at the end."""
    place = tempfile.TemporaryDirectory(prefix="modaxfer-tiny-")
    atexit.register(place.cleanup)
    return Path(place.name)


@cache
def tiny_encoder(name: str) -> Path:
    """Return a folder with a tiny random model of the architecture `name`, see the module `tiny_models`."""
    folder = material() / name
    tiny_models.save(name, folder)
    return folder


def tiny_names(spec: EncoderSpec) -> tuple[str, ...]:
    """Return the architectures of `spec` that there is a tiny model of."""
    if not spec.model_types and not spec.configuration:
        kinds = {signal.kind for signal in spec.inputs}
        return tuple(name for name in _AUTO if tiny_models.kind_of(name) in kinds)
    known = {**tiny_models.CONFIGS, **tiny_models.OTHERS}
    return tuple(name for name, tiny in known.items() if (tiny.model_type or name) in spec.model_types)


def cases_of(subject: Subject) -> tuple[EncoderCase, ...]:
    """Return an encoder of each architecture of a registered encoder, entered in each way that it takes.

    They are made once in a process, and left as they are by whoever looks. Of an architecture with a config of its own,
    or one that no tiny model is known of, the smallest checkpoint that its plugin brings as code is taken.
    """
    assert subject.entry is not None, "the caller checks encoders"
    return _cases(subject.entry)


@cache
def _cases(entry: Entry) -> tuple[EncoderCase, ...]:
    names = {name: str(tiny_encoder(name)) for name in tiny_names(entry.spec)} or _brought(entry)
    if not names:
        skip(
            f"there is no tiny model of {', '.join(entry.spec.model_types) or entry.id}, and no checkpoint of it that "
            f"its plugin makes itself: bring a CheckpointSpec with a target to have it checked"
        )
    return tuple(
        case
        for name, checkpoint in names.items()
        for case in opened(name, resolve(entry.id, checkpoint=checkpoint), dropout=DROPOUT)
    )


def opened(name: str, resolved: ResolvedEncoder, dropout: float = 0.0) -> tuple[EncoderCase, ...]:
    """Return the encoder of a checkpoint, entered in each way that it takes."""
    encoder = load_encoder(resolved, options=EncoderOptions(), dropout=dropout)
    kinds = [signal.kind for signal in resolved.spec.inputs]
    return tuple(EncoderCase(name=name, kind=kind, encoder=encoder, resolved=resolved) for kind in kinds)


def _brought(entry: Entry) -> dict[str, str]:
    """Return the smallest checkpoint that is no hub id, and does not come with another package."""
    own = [
        other
        for other in registry().all("checkpoint")
        if other.spec.encoder in (entry.id, entry.name)
        and other.plugin == entry.plugin
        and other.spec.target
        and not other.spec.distribution
    ]
    smallest = sorted(own, key=lambda other: other.spec.parameters)[:1]
    return {other.name: other.id for other in smallest}


def _content(encoder: Any, rows: Sequence[int]) -> Hidden:
    """Return embedded content of several lengths, padded with noise."""
    generator = torch.Generator().manual_seed(0)
    dtype = next(encoder.parameters()).dtype
    made = [torch.randn(length, encoder.hidden_size, generator=generator).to(dtype) for length in LENGTHS]
    noise = torch.randn(len(made), max(LENGTHS), encoder.hidden_size, generator=generator).to(dtype)
    pieces = [made[row] for row in rows]
    mask = pad_sequence([torch.ones(len(piece), dtype=torch.bool) for piece in pieces], batch_first=True)
    tokens = pad_sequence(pieces, batch_first=True)
    return Hidden(torch.where(mask[..., None], tokens, noise[: len(pieces), : mask.shape[1]]), mask)
