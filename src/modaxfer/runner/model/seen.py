"""Which rows an encoder has been trained on, by digest: kept with each model, handed on from run to run.

Whoever goes on from a run can then count how many of the new test rows the encoder knows already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.errors import DataError
from modaxfer.json_file import FIX

__all__ = ["FILE", "SeenRows", "packed", "seen_before", "seen_by_model"]

FILE = "seen.safetensors"
"""In ``RUN/model``, and in the folder of an encoder that was pretrained on labels: ``TASK@FINGERPRINT`` to uint8
``[rows, 16]``, digests of training rows (see `TaskData.digests`)."""

SHORT = 16
"""So many hex digits of a fingerprint tell two sets of rows apart."""


@dataclass(frozen=True, kw_only=True)
class SeenRows:
    """Training rows of one task, as they were in one run."""

    task_id: str
    fingerprint: str
    """The beginning of that of the task's rows and splits."""
    digests: frozenset[bytes] | None
    """None where the run kept none: it was made by an older version."""

    @property
    def key(self) -> str:
        """Its name in the file."""
        return f"{self.task_id}@{self.fingerprint}"

    def same_rows(self, fingerprint: str) -> bool:
        """Return whether these are the rows, in the splits, that have this fingerprint."""
        return fingerprint[:SHORT] == self.fingerprint

    @classmethod
    def of(cls, task_id: str, fingerprint: str, digests: Sequence[bytes] | None) -> SeenRows:
        """Return the training rows `digests` of a task whose rows have `fingerprint`."""
        known = None if digests is None else frozenset(digests)
        return cls(task_id=task_id, fingerprint=fingerprint[:SHORT], digests=known)


def seen_before(encoder: ResolvedEncoder) -> list[SeenRows]:
    """Return what `encoder` was trained on in the runs, or the pretraining on labels, that it comes from.

    Raises:
        DataError: The file is damaged.
    """
    if encoder.model is None or encoder.trained is None or encoder.stored is None:
        return _read(encoder.folder / FILE) if (encoder.folder / FILE).is_file() else []
    path = encoder.model / FILE
    if path.is_file():
        return _read(path)
    moved = encoder.stored.own_files() or "from" in encoder.trained
    told = encoder.trained["fingerprints"] if moved else {}
    return [SeenRows.of(task_id, fingerprint, None) for task_id, fingerprint in told.items()]


def seen_by_model(model: Path, task_id: str, fingerprint: str) -> list[SeenRows]:
    """Return what a saved model was trained on, its head included.

    Args:
        model: A run's ``model/``.
        task_id: Of the run's task.
        fingerprint: Of that task's rows.

    Raises:
        DataError: The file is damaged.
    """
    known = _read(model / FILE) if (model / FILE).is_file() else []
    own = SeenRows.of(task_id, fingerprint, None)
    # Of a head on an encoder that stood still no digests are kept.
    return known if own.key in {one.key for one in known} else [*known, own]


def packed(seen: Sequence[SeenRows]) -> Mapping[str, np.ndarray]:
    """Return the tensors of the file, by name; what is not known is an array of nothing under ``KEY?``."""
    return {
        one.key if one.digests is not None else f"{one.key}?": np.frombuffer(
            b"".join(sorted(one.digests or ())), np.uint8
        ).reshape(-1, 16)
        for one in seen
    }


def _read(path: Path) -> list[SeenRows]:
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise DataError("a file of the run is damaged", file=path, got=error, fix=FIX) from None
    found = []
    for name, rows in tensors.items():
        task_id, _, fingerprint = name.removesuffix("?").rpartition("@")
        digests = None if name.endswith("?") else [row.tobytes() for row in rows]
        found.append(SeenRows.of(task_id, fingerprint, digests))
    return found
