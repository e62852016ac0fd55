"""Rows are made for an encoder as they were in its pretraining, where the user does not say otherwise."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from modaxfer.config import build
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.encoders.pretraining_record import read_record
from modaxfer.registry import Entry, registry
from modaxfer.runner.request.options import Options, flatten

__all__ = ["as_pretrained", "made_alike"]


def as_pretrained(
    options: Options, asked: Mapping[str, Any], ways: Sequence[tuple[ResolvedEncoder, tuple[Any, Entry]]]
) -> Options:
    """Return `options` with those of bridges as an encoder's pretraining had them.

    Args:
        options: What was asked for, with defaults for the rest.
        asked: ``--set``: what stands there is left alone.
        ways: Encoder and bridge of each tower, task by task.

    Raises:
        DataError: The record of a pretraining is damaged.
        ConfigError: It holds an option that there is not.
    """
    said = {key.rpartition(".")[2] for key in flatten(asked) if key.rpartition(".")[0] in ("", "bridge")}
    made = []
    for own, (encoder, (_, bridge)) in zip(options.bridges, ways, strict=True):
        learned = {key: value for key, value in made_alike(encoder, bridge).items() if key not in said}
        known = {item.name for item in dataclasses.fields(own)} if learned else set()
        values = {key: value for key, value in learned.items() if key in known}
        made.append(replace(own, **{key: getattr(build(type(own), values), key) for key in values}))
    return replace(options, bridges=tuple(made))


def made_alike(encoder: ResolvedEncoder, bridge: Entry) -> Mapping[str, Any]:
    """Return the options by which rows came to the encoder in its pretraining, where it was by such a bridge."""
    record = read_record(encoder.folder)
    known = {entry.id: entry for entry in registry().all("bridge")}
    for name, options in {} if record is None else record.bridges.items():
        if name in known and known[name].spec.options == bridge.spec.options:
            return options
    return {}
