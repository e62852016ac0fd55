"""What an encoder would be given of a task's row, before there is a run; no weight is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modaxfer.config import RunConfig, build
from modaxfer.encoders.load import outline
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.registry import registry
from modaxfer.runner.explain.rows import SPLITS
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.rows.drawn import Drawn, drawn_row
from modaxfer.runner.rows.prepare import fitted

__all__ = ["Preview", "preview"]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One row on its way into an encoder."""

    encoder: str
    task: str
    bridge: str
    split: str
    number: int
    row_id: str
    source: str
    """What the rows were read from; a sample says so."""
    given: list[Drawn]


def preview(encoder: str, task: str, number: int, *, split: str = "train", settings: dict[str, Any]) -> Preview:
    """Draw a row as a run would that is asked for this encoder and this task.

    Args:
        encoder: As for ``--encoder``.
        task: As for ``--task``.
        number: Of the row, from 1.
        split: ``train``, ``validation`` or ``test``.
        settings: Other fields of `modaxfer.RunConfig`, such as ``bridge``, ``data_dir`` and ``set``.

    Raises:
        ConfigError: There is no such row or split.
        RefusedError: No bridge leads from the task to the encoder, or nothing can be seen of what it is given.
        ModaxferError: The request is wrong, or the rows cannot be had.
    """
    if split not in SPLITS:
        raise ConfigError("there is no such split", got=f"--split {split}", allowed=SPLITS)
    config = build(RunConfig, {"encoder": (encoder,), "task": (task,), "strategy": "frozen", **settings})
    (resolved,) = resolve_tasks(config)
    rows = resolved.data.splits[split]
    if not 1 <= number <= len(rows):
        raise ConfigError(
            f"there is no such row in the {split} split", got=f"--row {number}", allowed=f"1 to {len(rows)}"
        )
    towers = [fitted(tower, resolved, _unsaid) for tower in resolved.towers]
    processors = [
        tower.processor(tower.build_bridge(resolved.data.root), outline(tower.encoder, tower.encoder_options))
        for tower in towers
    ]
    values = dict(rows[number - 1])
    row_id = str(values.pop("row_id"))
    given = drawn_row(towers, processors, values, resolved.data.root)
    if not given:
        raise RefusedError(
            "nothing can be shown of what this encoder is given",
            got=", ".join(registry().shown(tower.bridge) for tower in towers),
            fix="`modaxfer show ENCODER --task TASK` says which bridge it is",
        )
    return Preview(
        encoder=" + ".join(tower.encoder.id for tower in towers),
        task=resolved.task_id,
        bridge=" + ".join(registry().shown(tower.bridge) for tower in towers),
        split=split,
        number=number,
        row_id=row_id,
        source=resolved.data.source,
        given=given,
    )


def _unsaid(warning: str) -> None:
    """Say nothing of the cache: a row that is looked at does not depend on it."""
