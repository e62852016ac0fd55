"""What ``modaxfer pretrain`` has left beside an encoder's weights: what it was shown, and how that was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modaxfer.json_file import read_json, well_formed

__all__ = ["RECORD", "PretrainingRecord", "read_record"]

RECORD = "pretraining.json"
"""File beside the weights of an encoder that ``modaxfer pretrain`` made: how it came about."""

OWN_FILES = ("font",)
"""Options of bridges that name files of the machine where they were set."""


@dataclass(frozen=True, kw_only=True)
class PretrainingRecord:
    """How an encoder was pretrained, as far as a run has to know it."""

    trained_on: tuple[str, ...]
    """See `modaxfer.spec.CheckpointSpec.trained_on`."""
    bridges: Mapping[str, Mapping[str, Any]]
    """By full id of each bridge that rows came by, what was set of its options."""


def read_record(folder: Path) -> PretrainingRecord | None:
    """Return the record in the folder of an encoder; None where it was not pretrained by us.

    Raises:
        DataError: It is damaged.
    """
    path = folder / RECORD
    if not path.is_file():
        return None
    values = read_json(path)
    with well_formed(path):
        # Records of one kind of rows alone had one bridge.
        bridges = values["bridges"] if "bridges" in values else [values["bridge"]]
        return PretrainingRecord(
            trained_on=tuple(map(str, values["trained_on"])),
            bridges={str(each["id"]): _portable(dict(each["options"])) for each in bridges},
        )


def _portable(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key not in OWN_FILES}
