"""What a run found out, gathered into a Result and a table of predictions."""

from __future__ import annotations

import platform
import resource
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modaxfer.metrics.choice import direction
from modaxfer.metrics.ragged_scores import score_lists
from modaxfer.registry import FaultNote, problem_spec
from modaxfer.result import Result
from modaxfer.runner.evaluation.asked import Asked
from modaxfer.runner.evaluation.chosen import validated_on, validators_of
from modaxfer.runner.evaluation.scores import Findings
from modaxfer.runner.evaluation.took_part import joined, took_part
from modaxfer.runner.evaluation.utilisation import utilisation
from modaxfer.runner.folder import VALIDATION, task_folder
from modaxfer.runner.model.description import TowerDescription
from modaxfer.runner.model.transfer import TransferModel
from modaxfer.runner.request.announced import describe
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import Predictions, TaskSession
from modaxfer.runner.stages import Stages
from modaxfer.runner.versions import version_of
from modaxfer.spec import SPLITS

__all__ = ["MEAN", "assemble", "together", "write_predictions", "write_table", "write_validation"]

MEAN = "mean_primary"
"""What decides for a run of several tasks: the mean of their primary metrics; of a regression's R squared."""

PACKAGES = ("modaxfer", "torch", "transformers", "accelerate", "peft", "datasets", "scikit-learn", "numpy")


def assemble(
    session: TaskSession,
    resolved: ResolvedTask,
    findings: Findings,
    training: Mapping[str, Any],
    stages: Stages,
    trained: Mapping[str, torch.nn.Parameter],
    ablation: Mapping[str, Any],
    estimated: Mapping[str, Any],
) -> Result:
    """Return the result of one task of a finished run."""
    seconds, warnings = stages.seconds(), [*session.warnings, *findings.warnings]
    told = describe(resolved)
    return Result(
        status="completed",
        encoder=_encoder(session, resolved),
        bridge=told["bridge"],
        strategy=resolved.strategy.id,
        task=resolved.task_id,
        source_task=None if resolved.source is None else resolved.source.task_id,
        metrics=findings.metrics,
        intervals=findings.intervals,
        baselines=findings.baselines,
        parameters=_counted(session.model, trained),
        time_s=seconds,
        examples_per_s=_speed(session, training, seconds),
        model_flops=utilisation(training, session.computer, session.accelerator.num_processes),
        peak_memory_mb=_peak_memory(session.computer.device),
        data=_data(session, resolved, findings),
        training=training,
        ablation=ablation,
        estimates=estimated,
        precision=session.computer.precision,
        device=session.computer.device.type,
        num_processes=session.accelerator.num_processes,
        seed=session.seed,
        plugins=took_part([resolved], training),
        versions={"python": platform.python_version(), **{name: version_of(name) for name in PACKAGES}},
        warnings=(told_once := _once(warnings)),
        faults=tuple(note.told for note in told_once if isinstance(note, FaultNote)),
    )


def _once(warnings: Sequence[str]) -> tuple[str, ...]:
    """Return each warning once, and of a fault that cost several things, such as a metric in each split, the first."""
    faults = [(place, note.told) for place, note in enumerate(warnings) if isinstance(note, FaultNote)]
    again = {place for number, (place, told) in enumerate(faults) if told in [one for _, one in faults[:number]]}
    return tuple(dict.fromkeys(line for place, line in enumerate(warnings) if place not in again))


def _counted(model: TransferModel, trained: Mapping[str, torch.nn.Parameter]) -> dict[str, int]:
    """Return how many numbers the model has, and how many of its own were trained; a head always is."""
    own, heads = ({id(parameter) for parameter in part.parameters()} for part in (model, model.head))
    head = sum(parameter.numel() for parameter in model.head.parameters())
    return {
        "total": sum(parameter.numel() for parameter in model.parameters()),
        "trainable": head + sum(p.numel() for p in trained.values() if id(p) in own - heads),
    }


def _data(session: TaskSession, resolved: ResolvedTask, findings: Findings) -> dict[str, Any]:
    """Return what is told of the rows of a task."""
    data = resolved.data
    return {
        "source": data.source,
        "fingerprint": data.fingerprint,
        "rows": {name: len(split.lengths) for name, split in session.splits.items()},
        "scored": findings.scored,
        "dropped": dict(data.dropped),
        "dropped_rows": list(data.dropped_rows),
        "classes": list(data.classes),
        "problem": session.problem,
        "resampled": findings.asked.to_dict(),
        **_adaptation(resolved),
        **({} if data.unlabelled is None else {"unlabelled": asdict(data.unlabelled)}),
        **({"unseen": findings.unseen} if findings.unseen else {}),
        "licence": resolved.task.licence,
        "domain": resolved.task.domain,
    }


def together(results: Sequence[Result], stages: Stages) -> Result:
    """Return the result of a run of several tasks: the mean of what decides for each, and each task's own in short.

    The mean is over what is better the greater it is, so that it says which of two runs of the same tasks did better,
    and nothing beyond that: a regression enters with its R squared, or with its error turned negative where R squared
    is not among its metrics.
    """
    first = results[0]
    means = {split: {MEAN: float(np.mean([_comparable(result, split) for result in results]))} for split in SPLITS}
    return replace(
        first,
        bridge=" + ".join(dict.fromkeys(result.bridge for result in results)),
        task=" + ".join(result.task for result in results),
        metrics={**means, "primary": MEAN},
        intervals={},
        baselines={},
        privacy={},
        time_s=stages.seconds(),
        data={
            "source": " + ".join(str(result.data["source"]) for result in results),
            "fingerprint": "+".join(result.data["fingerprint"][:16] for result in results),
            "rows": {split: sum(r.data["rows"][split] for r in results) for split in first.data["rows"]},
            "dropped": dict(sum((Counter(result.data["dropped"]) for result in results), Counter())),
            "problem": " + ".join(result.data["problem"] for result in results),
            "classes": [],
        },
        tuning=first.tuning and {**first.tuning, "rows": sum(result.tuning["rows"] for result in results)},
        plugins=joined([result.plugins for result in results]),
        faults=tuple(fault for result in results for fault in result.faults),
        tasks={
            result.task: {
                "run": f"tasks/{task_folder(result.task)}",
                "primary": result.primary,
                "test": result.metrics["test"][result.primary],
                "interval": list(result.intervals[result.primary]),
            }
            for result in results
        },
        warnings=tuple(dict.fromkeys(warning for result in results for warning in result.warnings)),
    )


def write_predictions(
    folder: Path, session: TaskSession, resolved: ResolvedTask, made: Predictions, asked: Asked
) -> Path:
    """Write ``predictions.parquet``: row id, target, prediction and a score per class of the test split.

    Where each part of a row is predicted, ``scores`` holds a list of what each prediction is worth. Where rows belong
    together a column ``cluster`` says which; ``group`` has the value of the column of ``--group-by``.
    """
    split, classes = session.splits["test"], resolved.data.classes
    columns = {
        "row_id": list(split.ids),
        "target": session.labels.show(asked.answers.targets, classes, asked.answers.unseen),
        "prediction": session.labels.show(made.predictions, classes),
    }
    if asked.units is not None:
        columns["cluster"] = asked.units.tolist()
    if asked.groups is not None:
        columns["group"] = asked.groups.tolist()
    return write_table(folder / "predictions.parquet", columns, made.scores, classes)


def write_validation(folder: Path, session: TaskSession, resolved: ResolvedTask, findings: Findings) -> None:
    """Write ``validation.parquet``: row id, target and a score per class of each validation row.

    Whoever goes on from the run to rows without labels knows its mistakes by it, see `modaxfer.runner.model.said`.
    There is none where the run itself saw no labels, or its problem has no score per class.
    """
    scores, classes = findings.validation.scores, resolved.data.classes
    if resolved.hidden or scores is None or scores.dtype == object or not classes:
        return
    answers = findings.validation_asked.answers
    columns = {
        "row_id": list(session.splits["validation"].ids),
        "target": session.labels.show(answers.targets, classes, answers.unseen),
    }
    write_table(folder / VALIDATION, columns, scores, classes)


def write_table(
    path: Path, columns: Mapping[str, list[Any]], scores: np.ndarray | None, classes: tuple[str, ...]
) -> Path:
    """Write `columns` and one ``score:CLASS`` column per class, or ``scores``, to a parquet file, atomically."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    values: dict[str, Any] = dict(columns)
    if scores is not None and scores.dtype == object:
        values["scores"] = score_lists(scores)
    elif scores is not None:
        values |= {f"score:{name}": scores[:, place].astype(float) for place, name in enumerate(classes)}
    temporary = path.with_name(f".{path.name}.tmp")
    pq.write_table(pa.table(values), temporary)
    temporary.replace(path)
    return path


def _adaptation(resolved: ResolvedTask) -> dict[str, Any]:
    """Return what a run that adapts, or one that bounds it, has seen of both tasks, as ``adaptation``."""
    source, bound = resolved.source, resolved.config.bound
    if source is None and not bound and resolved.parent is None:
        return {}
    told: dict[str, Any] = {
        "hidden": resolved.hidden,
        "validated_on": validated_on(resolved.plan),
        "validators": validators_of(resolved.plan),
        "bound": bound,
    }
    if source is not None:
        data = source.data
        told["source"] = {
            "task": source.task_id,
            "source": data.source,
            "fingerprint": data.fingerprint,
            "rows": data.rows,
            "dropped": dict(data.dropped),
            "licence": source.task.licence,
        }
    return {"adaptation": told}


def _encoder(session: TaskSession, resolved: ResolvedTask) -> dict[str, Any]:
    """Return what was loaded; of several encoders their names joined, and each one under ``parts``."""
    parts = [
        {
            "id": described.encoder.id,
            "checkpoint": described.encoder.checkpoint,
            "revision": described.encoder.revision,
            "sha256": tower.encoder.sha256,
            **_trained(described, resolved),
            **({"merged": [run.trained for run in resolved.merged]} if resolved.merged else {}),
        }
        for described, tower in zip(resolved.towers, session.model.towers, strict=True)
    ]
    if len(parts) == 1:
        return parts[0]
    joined = {key: " + ".join(str(part[key]) for part in parts) for key in ("id", "checkpoint", "revision", "sha256")}
    return {**joined, "parts": parts}


def _trained(described: TowerDescription, resolved: ResolvedTask) -> dict[str, Any]:
    """Return the runs that an encoder comes from; of one with random weights nothing is left of them."""
    trained = described.encoder.trained if resolved.config.weights == "pretrained" else None
    return {} if trained is None else {"from": trained}


def _comparable(result: Result, split: str) -> float:
    values = result.metrics[split]
    wanted = problem_spec(result.data["problem"]).comparable
    name = wanted if wanted in values else result.primary
    return _number(values[name]) * direction(name)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _speed(session: TaskSession, training: Mapping[str, Any], seconds: Mapping[str, float]) -> float | None:
    """Return training rows per second of training by steps; rows encoded per second where only a solver ran."""
    trained = [phase for phase in training["phases"] if "steps" in phase]
    seen, spent = (float(sum(phase[key] for phase in trained)) for key in ("rows", "seconds"))
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
