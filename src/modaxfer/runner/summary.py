"""What a run found out, gathered into a Result and a table of predictions."""

from __future__ import annotations

import platform
import resource
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modaxfer.registry import registry
from modaxfer.result import Result
from modaxfer.runner.honesty import Findings
from modaxfer.runner.resolve import Cell
from modaxfer.runner.session import Predictions, Session
from modaxfer.runner.stages import Stages
from modaxfer.spec import Problem

__all__ = ["assemble", "labels", "write_predictions", "write_table"]

PACKAGES = ("modaxfer", "torch", "transformers", "accelerate", "peft", "datasets", "scikit-learn", "numpy")


def assemble(
    session: Session,
    cell: Cell,
    findings: Findings,
    training: Mapping[str, Any],
    stages: Stages,
    touched: Mapping[str, torch.nn.Parameter],
) -> Result:
    """Return the result of a finished run."""
    seconds = stages.seconds()
    head = sum(parameter.numel() for parameter in session.model.head.parameters())
    return Result(
        status="completed",
        encoder={
            "id": cell.encoder.id,
            "checkpoint": cell.encoder.checkpoint,
            "revision": cell.encoder.revision,
            "sha256": session.model.encoder.sha256,
        },
        bridge=cell.bridge.id,
        strategy=cell.strategy.id,
        task=cell.task_id,
        source_task=cell.config.source_task,
        metrics=findings.metrics,
        intervals=findings.intervals,
        baselines=findings.baselines,
        parameters={
            "total": sum(parameter.numel() for parameter in session.model.parameters()),
            "trainable": sum(p.numel() for n, p in touched.items() if not n.startswith("head.")) + head,
        },
        time_s=seconds,
        examples_per_s=_speed(session, training, seconds),
        peak_memory_mb=_peak_memory(session.computer.device),
        data={
            "source": cell.data.source,
            "fingerprint": cell.data.fingerprint,
            "rows": {name: len(split.lengths) for name, split in session.splits.items()},
            "dropped": dict(cell.data.dropped),
            "dropped_rows": list(cell.data.dropped_rows),
            "classes": list(cell.data.classes),
            "problem": cell.task.target.problem.value,
            "licence": cell.task.licence,
            "domain": cell.task.domain,
        },
        training=training,
        precision=session.computer.precision,
        device=session.computer.device.type,
        num_processes=session.accelerator.num_processes,
        seed=session.seed,
        plugins=tuple(
            f"{record.namespace} ({record.distribution} {record.version})"
            for record in registry().plugins
            if record.state == "loaded"
        ),
        versions={"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        warnings=tuple(dict.fromkeys([*session.warnings, *findings.warnings])),
    )


def write_predictions(folder: Path, session: Session, cell: Cell, made: Predictions) -> Path:
    """Write ``predictions.parquet``: row id, target, prediction and a score per class of the test split."""
    split, classes = session.splits["test"], cell.data.classes
    columns = {
        "row_id": list(split.ids),
        "target": labels(split.targets, session.problem, classes),
        "prediction": labels(made.predictions, session.problem, classes),
    }
    return write_table(folder / "predictions.parquet", columns, made.scores, classes)


def write_table(
    path: Path, columns: Mapping[str, list[Any]], scores: np.ndarray | None, classes: tuple[str, ...]
) -> Path:
    """Write `columns` and one ``score:CLASS`` column per class to a parquet file, atomically."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    values = dict(columns)
    if scores is not None:
        values |= {f"score:{name}": scores[:, place].astype(float).tolist() for place, name in enumerate(classes)}
    temporary = path.with_name(f".{path.name}.tmp")
    pq.write_table(pa.table(values), temporary)
    temporary.replace(path)
    return path


def labels(values: np.ndarray, problem: Problem, classes: tuple[str, ...]) -> list[Any]:
    """Return predictions or targets as people write them: class names, lists of them, or numbers."""
    if problem is Problem.REGRESSION:
        return [float(value) for value in values]
    if problem is Problem.MULTILABEL:
        return [[classes[place] for place in np.flatnonzero(row)] for row in values]
    return [classes[int(value)] for value in values]


def _speed(session: Session, training: Mapping[str, Any], seconds: Mapping[str, float]) -> float | None:
    """Return training rows per second of training; rows encoded per second where only a solver ran."""
    trained = [phase for phase in training["phases"] if "steps" in phase]
    seen = float(sum(phase["rows"] for phase in trained))
    # A search over learning rates trained more often than the report of its best attempt says.
    spent = sum(phase["seconds"] for phase in trained) if "rates" in training else seconds["train"]
    if seen and spent:
        return round(seen / spent, 2)
    encoded = sum(len(session.splits[name].lengths) for name in ("train", "validation"))
    return round(encoded / seconds["features"], 2) if seconds["features"] else None


def _peak_memory(device: torch.device) -> float:
    """Return the peak of the device's memory on CUDA, else of the process (resident set), in 10^6 bytes."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 1e6, 1)
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)
