"""How the rows of a pretraining enter an encoder: the bridge and the processor that a run would use, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modaxfer.config import EncoderOptions, build
from modaxfer.contracts import Batch, Reading, Row
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.errors import RefusedError
from modaxfer.registry import Entry, call_target, load_target, registry
from modaxfer.runner.request.request import pick_way
from modaxfer.spec import TEXT, WORDS, Field, Signal

__all__ = ["FIELD", "bridge_options", "find_bridge", "reading_of"]

FIELD = "input"
"""Name of the one field of a row."""


def find_bridge(resolved: ResolvedEncoder, kind: str, wanted: str | None) -> Entry:
    """Return the bridge from rows of `kind` to an encoder.

    Raises:
        RefusedError: There is none, or it is one that is trained with a task.
    """
    bridge = pick_way((Field(name=FIELD, signal=Signal(kind=kind)),), resolved, wanted)
    if bridge.spec.trained:
        raise RefusedError(
            f"bridge {bridge.id} is trained with a task, so an encoder cannot be pretrained behind it",
            got=f"rows of {kind}, encoder {resolved.spec.name}",
            allowed="a bridge without weights",
            fix="choose rows that the encoder takes, such as text for vit or bert, images for vit",
        )
    return bridge


def bridge_options(bridge: Entry, values: Mapping[str, Any]) -> Any:
    """Return the options of a bridge from plain values; None where it takes none.

    Raises:
        ConfigError: A key is unknown, or a value is out of range.
    """
    return build(load_target(bridge.spec.options), values, where="bridge.") if bridge.spec.options else None


def reading_of(
    resolved: ResolvedEncoder,
    encoder: Any,
    kind: str,
    bridge: Entry,
    values: Mapping[str, Any],
    options: EncoderOptions,
    root: Path | None,
    field: str = FIELD,
) -> Reading:
    """Return what makes batches for `encoder` out of rows of `kind`.

    Args:
        resolved: The encoder's checkpoint.
        encoder: Its modules.
        kind: Signal kind of the rows.
        bridge: From the rows to the encoder.
        values: Options of the bridge.
        options: How the encoder is fed.
        root: Folder that paths of images and sounds are relative to.
        field: Name of the field that is read.
    """
    sink = bridge.spec.sink
    made = _batches(resolved, encoder, Field(name=field, signal=Signal(kind=kind)), bridge, values, options, root)
    words = registry().pick_bridge(WORDS.kind, sink) if kind == TEXT.kind else None
    worded = Field(name=field, signal=WORDS)
    apart = None if words is None else _batches(resolved, encoder, worded, words, values, options, root)
    return Reading(encoder=encoder, batch=made, sink=sink, first=resolved.spec.pooling == "cls", words=apart)


def _batches(
    resolved: ResolvedEncoder,
    encoder: Any,
    field: Field,
    bridge: Entry,
    values: Mapping[str, Any],
    options: EncoderOptions,
    root: Path | None,
) -> Any:
    layout = resolved.layout(bridge.spec.sink, options)
    made: Any = call_target(bridge.spec.target, bridge_options(bridge, values), (field,), layout, root)
    processor: Any = encoder.processor(bridge.spec.sink)

    def batch(rows: Sequence[Row]) -> Batch:
        collated: Batch = processor.collate(list(processor(made(rows))))
        return collated

    return batch
