"""Features that would not fit into memory are refused before any is computed, not by the system that ends the run."""

from __future__ import annotations

from collections.abc import Sequence

from modaxfer.data.tables.memory import free_memory
from modaxfer.errors import RefusedError
from modaxfer.plan import Role
from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["refuse_no_room"]

POOLINGS = 3
"""Vectors of a layer that are kept of each row, see `modaxfer.contracts.LayerFeatures`."""

COPIES = 2.5
"""How often a split's vectors are held at once while they are computed, kept and read again, as measured."""

SPARE = 1 << 30
"""Bytes that are never refused."""


def refuse_no_room(tasks: Sequence[ResolvedTask]) -> None:
    """Refuse a solver of a head whose rows are too many for memory: it reads them by all layers, train and validation.

    Args:
        tasks: Of a run.

    Raises:
        RefusedError: There is no room; says for how many rows there is.
    """
    phases = [phase for phase in tasks[0].plan.phases if phase.solver]
    roles = {stream.role for phase in phases for stream in phase.streams.values()}
    sources = [task.source for task in tasks if task.source is not None]
    free = max(free_memory(), SPARE)
    for resolved in (*(tasks if Role.TARGET in roles else ()), *(sources if Role.SOURCE in roles else ())):
        size = sum((tower.encoder.depth + 1) * POOLINGS * tower.encoder.hidden_size * 4 for tower in resolved.towers)
        train = resolved.data.rows["train"]
        rows = train + resolved.data.rows.get("validation", 0)
        needed = COPIES * rows * size
        if needed > free:
            fit = _rounded(int(free / COPIES / size * train / rows))
            raise RefusedError(
                f"{resolved.strategy.name} keeps vectors of all layers of the rows of {resolved.task_id} in memory, "
                "where they do not fit",
                got=f"{rows:,} rows of {size / 1e3:,.0f} kB need about {needed / 2**30:.1f} GiB, "
                f"{free / 2**30:.1f} GiB are free",
                fix=f"train on a random part with --limit {fit}, or with --strategy lora or full, which keep none",
            )


def _rounded(rows: int) -> int:
    """Cut a number of rows to two digits."""
    digits = max(0, len(str(rows)) - 2)
    return int(rows // 10**digits * 10**digits)
