"""Features that would not fit into memory are refused before any is computed, not by the system that ends the run."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modaxfer.data.tables.memory import free_memory
from modaxfer.errors import RefusedError
from modaxfer.plan import Role, Solver
from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["refuse_no_room", "sees_some"]

POOLINGS = 3
"""Vectors of a layer that are kept of each row, see `modaxfer.contracts.LayerFeatures`."""

COPIES = 2.5
"""How often a split's vectors are held at once while they are computed, kept and read again, as measured."""

FITTED = 8
"""How often as many numbers as an encoder is wide are held of a row while a head is fitted to all: four copies, as
measured (neighbours: six), and twice as many numbers where mean and deviation are read."""

SPARE = 1 << 30
"""Bytes that are never refused."""


def sees_some(solver: Solver, *, rows: int, encoders: int, processes: int, parted: bool) -> bool:
    """Tell whether a solver is given all layers of some rows alone, and asks for the others by one readout.

    Args:
        solver: Of a phase.
        rows: Of the larger split, train or validation.
        encoders: Of the run: of several, each row's layers are read at once.
        processes: Of the run: all would have to choose alike before they share the other rows.
        parted: Whether the rows are a fold of others: each fold chooses, and layers of all rows serve all folds.
    """
    return (
        solver.sample_rows is not None and rows > solver.sample_rows and (encoders, processes, parted) == (1, 1, False)
    )


def refuse_no_room(tasks: Sequence[ResolvedTask]) -> None:
    """Refuse a solver of a head whose rows are too many for memory.

    Args:
        tasks: Of a run.

    Raises:
        RefusedError: There is no room; says for how many rows there is.
    """
    sources = [task.source for task in tasks if task.source is not None]
    free = max(free_memory(), SPARE)
    for number, phase in enumerate(tasks[0].plan.phases):
        if phase.solver is None:
            continue
        for role in {stream.role for stream in phase.streams.values()}:
            for resolved in tasks if role is Role.TARGET else sources:
                _refuse(_Wanted.of(resolved, phase.solver, first=number == 0), resolved, free)


def _refuse(wanted: _Wanted, resolved: ResolvedTask, free: float) -> None:
    rows = resolved.data.rows["train"]
    needed = wanted.bytes(rows)
    if needed <= free:
        return
    fits = bisect_right(range(1, rows), free, key=wanted.bytes)
    told = "vectors" if wanted.sees_some(rows) else "vectors of all layers"
    folds = "leave --folds out, " if wanted.told["parted"] and wanted.solver.sample_rows is not None else ""
    raise RefusedError(
        f"{resolved.strategy.name} keeps {told} of the rows of {resolved.task_id} in memory, where they do not fit",
        got=f"{rows * (1 + wanted.validation):,.0f} rows need about {needed / 2**30:.1f} GiB, "
        f"{free / 2**30:.1f} GiB are free",
        fix=f"{folds}train on a random part with --limit {_rounded(fits)}, or with --strategy lora or full, "
        "which keep none",
    )


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """What a solver reads of the rows of a task."""

    solver: Solver
    told: Mapping[str, Any]
    """What `sees_some` asks beside the solver and the rows."""
    layers: int
    """Bytes of a row by all layers."""
    width: int
    """Numbers of a row by one."""
    validation: float
    """Validation rows for each training row."""
    cached: bool
    """Whether layers of validation rows lie on disk and are read from there: the system takes such pages back."""

    @classmethod
    def of(cls, resolved: ResolvedTask, solver: Solver, *, first: bool) -> _Wanted:
        rows, encoders = resolved.data.rows, [tower.encoder for tower in resolved.towers]
        # Folds come behind the run itself, which would have been for nothing where they are refused.
        parted = resolved.config.folds is not None or "train" in resolved.data.taken
        processes = resolved.config.num_processes
        return cls(
            solver=solver,
            told={"encoders": len(encoders), "processes": processes, "parted": parted},
            layers=sum((encoder.depth + 1) * POOLINGS * encoder.hidden_size * 4 for encoder in encoders),
            width=encoders[0].hidden_size,
            validation=rows.get("validation", 0) / rows["train"],
            cached=first and resolved.options.train.cache and resolved.config.weights == "pretrained",
        )

    def sees_some(self, rows: int) -> bool:
        return sees_some(self.solver, rows=max(rows, int(rows * self.validation)), **self.told)

    def bytes(self, rows: int) -> float:
        """Return what so many training rows take."""
        validation = rows * self.validation
        if not self.sees_some(rows):
            return COPIES * (rows + validation) * self.layers
        most = self.solver.sample_rows or 0
        sample, held = min(rows, most), min(validation, most)
        read = FITTED * max(rows, sample + held) * self.width * 4
        return COPIES * (sample + (0 if self.cached else held)) * self.layers + read


def _rounded(rows: int) -> int:
    """Cut a number of rows to two digits."""
    digits = max(0, len(str(rows)) - 2)
    return int(rows // 10**digits * 10**digits)
