"""What the simple models beside a run may see: the labels that its plan sees, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from modaxfer.contracts import TaskData
from modaxfer.data.media.values import encoded
from modaxfer.errors import RefusedError
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.spec import Field

__all__ = ["taught_rows"]

MEDIA = ("image", "audio")


def taught_rows(resolved: ResolvedTask) -> TaskData:
    """Return the task's rows; where its labels are hidden, the source's for training and choosing, its own for test.

    Raises:
        RefusedError: The source has other kinds of fields.
    """
    if not resolved.hidden:
        return resolved.data
    source, own = resolved.taught_by, resolved.data
    kinds = [[field.signal.kind for field in each] for each in (source.fields, resolved.fields)]
    if kinds[0] != kinds[1]:
        raise RefusedError(
            "source and target have other kinds of fields", got=" + ".join(kinds[0]), allowed=" + ".join(kinds[1])
        )
    names = {theirs.name: ours.name for theirs, ours in zip(source.fields, resolved.fields, strict=True)}
    # Two folders have no root in common: files of the source become bytes.
    apart = source.data.root not in (None, own.root)
    splits = {
        split: _renamed(_read(rows, source.fields, source.data.root) if apart else rows, names)
        for split, rows in source.data.splits.items()
    }
    return replace(
        own,
        splits={**splits, "test": own.splits["test"]},
        targets=source.data.targets,
        unseen=source.data.unseen,
        sealed={},
        fingerprint=f"{source.data.fingerprint}+{own.fingerprint}",
    )


def _renamed(rows: Any, names: dict[str, str]) -> Any:
    return rows.select_columns(list(names)).rename_columns(names)


def _read(rows: Any, fields: Sequence[Field], root: Path | None) -> Any:
    """Return `rows` with every picture and sound as bytes."""
    for field in (field for field in fields if field.signal.kind in MEDIA):
        values = [None if value is None else {"bytes": _bytes(value, root), "path": None} for value in rows[field.name]]
        rows = rows.remove_columns(field.name).add_column(field.name, values)
    return rows


def _bytes(value: Any, root: Path | None) -> bytes:
    with encoded(value, root).open() as stream:
        return stream.read()
