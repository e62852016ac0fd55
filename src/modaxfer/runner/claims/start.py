"""What a run was started from, kept beside its checkpoints: they are worth nothing with other rows or other weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modaxfer.encoders.load import weights_hash
from modaxfer.encoders.runs import description_of
from modaxfer.errors import CheckpointUnavailableError, DataError
from modaxfer.result import Result, write_atomically
from modaxfer.runner.folder import CHECKPOINT
from modaxfer.runner.model.description import TowerDescription
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.versions import version_of

__all__ = ["Start", "check_start", "description", "read_start", "refuse_other_encoder", "store_start"]

FILE = "start.json"

DECISIVE = ("modaxfer", "torch", "transformers", "peft")
"""Packages whose other version may give other numbers."""

Start = Mapping[str, Any]
"""``rows``: fingerprints; ``weights``: per encoder ``checkpoint``, ``sha256`` and ``description``; ``versions``;
``teacher``: ``run`` and the hash of its ``model``, or None."""


def read_start(tasks: Sequence[ResolvedTask]) -> Start:
    """Return what a run of `tasks` starts from. Hashes the weights, which are fetched if they are not there."""
    config = tasks[0].config
    proxies = [proxy.data.fingerprint for resolved in tasks for proxy in resolved.proxies if proxy is not None]
    sources = [resolved.source.data.fingerprint for resolved in tasks if resolved.source is not None]
    unlabelled = [told.fingerprint for resolved in tasks if (told := resolved.data.unlabelled) is not None]
    return {
        "rows": [resolved.data.fingerprint for resolved in tasks] + proxies + sources + unlabelled,
        "weights": [_weights(described, pretrained=config.weights == "pretrained") for described in tasks[0].towers],
        "versions": {name: version_of(name) for name in DECISIVE},
        "teacher": _teacher(tasks[0]),
    }


def store_start(start: Start, folder: Path) -> None:
    """Note beside the checkpoints what the run in `folder` starts from; it goes with them."""
    write_atomically(folder / CHECKPOINT / FILE, json.dumps(start))


def check_start(start: Start, folder: Path) -> list[str]:
    """Check that a run that is resumed goes on from what it was started from.

    Returns:
        What has changed that may change the numbers, one line each; nothing where no run was started here.

    Raises:
        DataError: The rows changed: some training rows may be in test now.
        CheckpointUnavailableError: The weights changed: what was trained so far belongs to the old ones.
    """
    path = folder / CHECKPOINT / FILE
    if not path.is_file():
        return []
    stored = json.loads(path.read_text(encoding="utf-8"))
    if stored["rows"] != start["rows"]:
        raise DataError(
            "the data changed since the run was started",
            file=folder,
            fix="bring the old rows back, or train again in another --output",
        )
    for before, now in zip(stored["weights"], start["weights"], strict=True):
        _refuse_other_weights(before, now, folder)
    if stored.get("teacher") != start.get("teacher"):
        raise CheckpointUnavailableError(
            f"the teacher of the run in {folder} changed since it was started",
            got=start.get("teacher"),
            allowed=stored.get("teacher"),
            fix="bring the old one back, or train again in another --output",
        )
    return [
        f"resumed with {name} {now}, started with {before}: the numbers may differ from those of an unbroken run"
        for name, now in start["versions"].items()
        if (before := stored["versions"].get(name)) != now
    ]


def refuse_other_encoder(result: Result, start: Start, folder: Path) -> None:
    """Refuse to put a run beside that of `result`, as another seed of it, where its encoder has other weights.

    Raises:
        CheckpointUnavailableError: It has.
    """
    if result.before:
        return  # Each seed has a source stage of its own: its weights are others.
    parts = result.encoder.get("parts") or [result.encoder]
    for before, now in zip(parts, start["weights"], strict=True):
        _refuse_other_weights({"sha256": before.get("sha256")}, now, folder)


def description(folder: Path) -> str:
    """Hash the small files beside the weights: how layers are built and how inputs are scaled stands there."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.json")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _weights(described: TowerDescription, *, pretrained: bool) -> dict[str, Any]:
    return {
        "checkpoint": described.encoder.checkpoint,
        "sha256": weights_hash(described.encoder) if pretrained else None,
        "description": description(described.encoder.folder),
    }


def _teacher(resolved: ResolvedTask) -> dict[str, str] | None:
    """Return where the teacher is and what it is: its description has the checksums of all its files."""
    if resolved.teacher is None:
        return None
    described = description_of(resolved.teacher.folder).read_bytes()
    return {"run": str(resolved.teacher.told["run"]), "model": hashlib.sha256(described).hexdigest()}


def _refuse_other_weights(before: Mapping[str, Any], now: Mapping[str, Any], folder: Path) -> None:
    for key, what in (("sha256", "weights"), ("description", "config or vocabulary")):
        if key in before and before[key] != now[key]:
            raise CheckpointUnavailableError(
                f"the {what} of {now['checkpoint']} changed since the run in {folder} was started",
                got=f"sha256 {now[key]}",
                allowed=f"sha256 {before[key]}",
                fix="bring the old checkpoint back, or train again in another --output",
            )
