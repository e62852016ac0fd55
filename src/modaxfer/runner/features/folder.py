"""The folder that vectors of many files or of a stream go into: it belongs to one request, which is written down."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modaxfer.config import read_yaml
from modaxfer.errors import ConfigError, OutputExistsError
from modaxfer.result import write_atomically
from modaxfer.runner.claims.hold import LOCK
from modaxfer.runner.features.question import Question, Reading
from modaxfer.runner.request.command import flags_of

__all__ = ["REQUEST", "asked_of", "claim_folder", "reading_flags", "stored_request"]

REQUEST = "features.yaml"
"""What the folder of vectors was asked for."""


def asked_of(question: Question, rows: str) -> dict[str, Any]:
    """Return what is asked of `rows`, as plain values: another encoder gives other vectors."""
    settings = dataclasses.replace(question.settings, data=None)
    options = {key: str(value) for key, value in settings.set.items()}
    return {"rows": rows, "flags": [*flags_of(settings), *reading_flags(question.reading)], "set": options}


def reading_flags(reading: Reading) -> Sequence[str]:
    """Return the flags that say what is read of the encoder, and of which splits."""
    pooling = () if reading.pooling is None else ("--pooling", reading.pooling)
    return ("--layer", reading.layer, *pooling, *(word for split in reading.split for word in ("--split", split)))


def stored_request(output: Path) -> Mapping[str, Any]:
    """Return what the vectors in `output` were asked for; empty where there are none."""
    path = output / REQUEST
    return read_yaml(path) if path.is_file() else {}


def claim_folder(output: Path, asked: Mapping[str, Any]) -> None:
    """Make `output` the folder of what is `asked`, or find it holding vectors of the same request.

    Raises:
        ConfigError: It holds those of another.
        OutputExistsError: It is something else.
    """
    if stored := stored_request(output):
        if changed := [key for key, value in asked.items() if stored.get(key) != value]:
            raise ConfigError(
                "the output folder holds features of another request",
                got="; ".join(f"{key} (there {stored.get(key)}, here {asked[key]})" for key in changed),
                fix="choose another --output",
            )
        return
    if any(each.name != LOCK for each in output.iterdir()):
        raise OutputExistsError(
            "the output folder is not empty and holds no features", got=output, fix="choose another --output"
        )
    import yaml

    write_atomically(output / REQUEST, str(yaml.safe_dump(dict(asked), sort_keys=False, allow_unicode=True)))
