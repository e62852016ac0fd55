"""compare.json: one entry per cell that has ended, whatever came of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from modaxfer.errors import DataError
from modaxfer.result import Result, write_atomically
from modaxfer.runner.compare import journal

__all__ = ["SCHEMA", "CellRecord", "of_result", "read_cells", "read_evidence", "write_cells"]

SCHEMA = 1
FILE = "compare.json"


@dataclass(frozen=True, kw_only=True)
class CellRecord:
    """What came of one cell. Field names are the keys of an entry in compare.json."""

    encoder: str
    """As asked for; several joined by ``+``."""
    strategy: str
    task: str
    """As asked for; several joined by ``+``."""
    seed: int
    status: str
    """``completed``, ``refused`` (before any weight was loaded) or ``failed``."""
    reason: str | None = None
    """Why it was refused or failed, on one line."""
    primary: str | None = None
    """Name of the metric that decides."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """``metrics`` of its result.json."""
    intervals: Mapping[str, Any] = field(default_factory=dict)
    """``intervals`` of its result.json."""
    baselines: Mapping[str, Any] = field(default_factory=dict)
    """``baselines`` of its result.json."""
    tasks: Mapping[str, Any] = field(default_factory=dict)
    """``tasks`` of its result.json, where several tasks share an encoder."""
    folds: Mapping[str, Any] = field(default_factory=dict)
    """``folds`` of its result.json, where it was cross-validated."""
    episodes: Mapping[str, Any] = field(default_factory=dict)
    """``episodes`` of its result.json, of few-shot runs."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """``source``, ``problem``, ``rows`` and ``fingerprint`` of its result.json."""
    bridge: str = ""
    """Id of the bridge that was taken."""
    checkpoint: str = ""
    """What was really loaded."""
    seconds: float | None = None
    """Time that the run took, where it was completed."""
    run: str | None = None
    """Its folder, from the comparison's; None where it left none."""

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What tells it from the other cells."""
        return self.encoder, self.strategy, self.task, self.seed

    @property
    def score(self) -> float | None:
        """Primary metric on test; None where there is none."""
        value = (self.metrics.get("test") or {}).get(self.primary)
        return None if value is None else float(value)

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of compare.json."""
        return asdict(self)


def of_result(place: Mapping[str, Any], result: Result, run: str) -> CellRecord:
    """Return the record of a cell from the result of its run.

    Args:
        place: ``encoder``, ``strategy``, ``task`` and ``seed``, as asked for.
        result: What its run found out.
        run: Folder of the run, from the comparison's.
    """
    found = result.to_dict()
    primary = found["metrics"].get("primary")
    return CellRecord(
        **place,
        status="completed" if result.status == "completed" else "failed",
        reason=" ".join((result.error or "no reason was stored").split()) if result.status != "completed" else None,
        primary=None if primary is None else str(primary),
        metrics=found["metrics"],
        intervals=found["intervals"],
        baselines=found["baselines"],
        tasks=found["tasks"],
        folds=found["folds"],
        episodes=found["episodes"],
        data={key: found["data"][key] for key in ("source", "problem", "rows", "fingerprint") if key in found["data"]},
        bridge=result.bridge,
        checkpoint=str(result.encoder.get("checkpoint") or ""),
        seconds=result.time_s.get("total"),
        run=run,
    )


def read_cells(folder: Path) -> tuple[CellRecord, ...]:
    """Read the cells of the comparison in `folder`, with those that are in its journal alone; none where it has none.

    Raises:
        DataError: The file is of another schema, or is no JSON.
    """
    stored = _stored(folder)
    known = {item.name for item in fields(CellRecord)}
    entries = [*stored.get("cells", ()), *journal.read(folder)]
    found = [CellRecord(**{key: cell[key] for key in cell if key in known}) for cell in entries]
    return tuple({record.key: record for record in found}.values())


def _stored(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DataError("not valid JSON", file=path, got=str(error), fix="delete it; the runs beside it stay") from None
    if stored.get("schema") != SCHEMA:
        raise DataError("comparison of another schema", file=path, got=stored.get("schema"), allowed=SCHEMA)
    return stored


def read_evidence(folder: Path) -> dict[str, Any] | None:
    """Read which differences between cells of the comparison in `folder` are evidence; None where that is not known.

    Raises:
        DataError: As `read_cells`.
    """
    found = _stored(folder).get("evidence")
    return None if found is None else dict(found)


def write_cells(folder: Path, cells: Iterable[CellRecord], evidence: Mapping[str, Any] | None = None) -> Path:
    """Write compare.json atomically and return its path; `evidence` is None until the comparison has ended.

    `cells` are all that are known: the journal goes. Killed in between, its lines are read again, and say the same.
    """
    path = folder / FILE
    written: dict[str, Any] = {"schema": SCHEMA, "cells": [cell.to_dict() for cell in cells]}
    written |= {} if evidence is None else {"evidence": evidence}
    write_atomically(path, json.dumps(written, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    journal.clear(folder)
    return path
