"""One pretraining, from the request to the folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from modaxfer.contracts import BESIDE, ObjectiveContext, Reading
from modaxfer.encoders.beginning import begin_with
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.encoders.load import load_encoder
from modaxfer.encoders.pretraining_record import RECORD
from modaxfer.encoders.runs import lineage
from modaxfer.errors import ConfigError, OutputExistsError
from modaxfer.pretraining.config import REQUEST, PretrainingConfig
from modaxfer.pretraining.drawing import Drawing, Epochs, some_rows
from modaxfer.pretraining.product import record, write_product
from modaxfer.pretraining.reading import FIELD, reading_of
from modaxfer.pretraining.request import MAY_CHANGE, ResolvedPretraining, resolve_pretraining
from modaxfer.pretraining.training import Training, autocast
from modaxfer.registry import Entry, load_target
from modaxfer.result import write_atomically
from modaxfer.runner.claims.hold import hold
from modaxfer.runner.folder import CHECKPOINT
from modaxfer.runner.processes.precision import choose_device, choose_precision
from modaxfer.runner.progress import Progress

__all__ = ["pretrain", "pretraining_folder"]

KEPT = ".kept"
"""What an objective keeps until training is done, in the folder of a pretraining."""

HELD_OUT = 256
"""Rows that are held out, over all sources, at most."""


def pretrain(config: PretrainingConfig, *, resume: bool = False, progress: Progress) -> Path:
    """Train an encoder by an objective and write it into the folder that `config` names; return that.

    Args:
        config: The request.
        resume: Go on with what lies in the folder; what `config` says beside the folder has to be what it was.
        progress: Where to tell how far it is.

    Raises:
        ModaxferError: The request was wrong, or the training failed.
    """
    folder = pretraining_folder(config)
    with hold(folder):
        _refuse_folder(folder, config, resume)
        resolved = resolve_pretraining(config)
        write_atomically(folder / REQUEST, json.dumps(_plain(config), indent=2))
        _train(resolved, folder, progress)
        for name in (CHECKPOINT, KEPT):
            shutil.rmtree(folder / name, ignore_errors=True)
        (folder / REQUEST).unlink(missing_ok=True)
    return folder


def _train(resolved: ResolvedPretraining, folder: Path, progress: Progress) -> None:
    config = resolved.config
    device = choose_device(config.device)
    precision = choose_precision(config.precision, device)
    encoder: Any = load_encoder(
        resolved.student, options=resolved.groups.encoder, pretrained=resolved.pretrained, seed=config.seed
    )
    student = _reading(resolved, resolved.student, encoder, resolved.bridge)
    teachers, names = _teachers(resolved, device)
    epochs = [Epochs(source, config.seed + place) for place, source in enumerate(resolved.sources)]
    drawing = _drawing(resolved, epochs)
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        if not resolved.pretrained:
            begin_with(encoder, student.batch(some_rows(drawing)))
        context = ObjectiveContext(
            student=student,
            field=FIELD,
            kind=resolved.kind,
            folder=folder / KEPT,
            teachers=teachers,
            beside=BESIDE if resolved.objective.spec.beside else "",
            labels=resolved.labels,
            autocast=partial(autocast, device, precision),
        )
        objective = load_target(resolved.objective.spec.target)(context, resolved.objective_options)
    held = [
        each.validation()[: max(2, round(HELD_OUT * share))]
        for each, share in zip(epochs, resolved.weights, strict=True)
    ]
    validation = [drawing.row(value) for values in held for value in values]
    parameters = sum(parameter.numel() for parameter in encoder.parameters())
    progress.say(_announced(resolved, parameters, sum(each.rows for each in epochs)))
    probes = {
        each.name: partial(
            each.score, _reading(replace(resolved, root=each.root), resolved.student, encoder, resolved.bridge), FIELD
        )
        for each in resolved.probes
    }
    training = Training(encoder, objective, drawing, validation, config, folder, device, precision, probes, progress)
    trained = training.run()
    write_product(encoder.cpu(), record(resolved, trained, parameters, names), resolved.seen, folder)


def _drawing(resolved: ResolvedPretraining, epochs: Sequence[Epochs]) -> Drawing:
    config, spec = resolved.config, resolved.objective.spec
    whole = spec.labels or bool(spec.beside)

    def length(value: Any) -> int:
        return len(value[FIELD] if whole else value)

    alike = length if resolved.kind == "text" else None
    field = None if whole else FIELD
    return Drawing(epochs, resolved.weights, field, config.batch_size, config.seed, alike)


def _reading(resolved: ResolvedPretraining, of: ResolvedEncoder, encoder: Any, bridge: Entry) -> Reading:
    taught = resolved.objective.spec.beside if of is not resolved.student else ""
    options = resolved.groups.bridge if bridge is resolved.bridge and of is resolved.student else {}
    fed = resolved.groups.encoder if of is resolved.student else type(resolved.groups.encoder)()
    field = BESIDE if taught else FIELD
    return reading_of(of, encoder, taught or resolved.kind, bridge, options, fed, resolved.root, field)


def _teachers(resolved: ResolvedPretraining, device: torch.device) -> tuple[tuple[Reading, ...], list[str]]:
    """Return the frozen teachers, and their names with the hashes of their weights."""
    readings, names = [], []
    for teacher, bridge in resolved.teachers:
        encoder: Any = load_encoder(teacher, options=type(resolved.groups.encoder)())
        encoder.to(device).requires_grad_(False)
        readings.append(_reading(resolved, teacher, encoder, bridge))
        learned = "" if teacher.trained is None else f", {lineage(teacher.trained)}"
        names.append(f"{teacher.checkpoint} ({(encoder.sha256 or 'random')[:12]}{learned})")
    return tuple(readings), names


def _announced(resolved: ResolvedPretraining, parameters: int, rows: int) -> str:
    config = resolved.config
    start = f"from {resolved.student.checkpoint}" if resolved.pretrained else "from random weights"
    names = [teacher.checkpoint for teacher, _ in resolved.teachers]
    teacher = f", taught by {' and '.join(names)}" if names else ""
    return (
        f"{resolved.student.spec.name} of {parameters / 1e6:.2f} M parameters {start}{teacher}: "
        f"{resolved.objective.name} on {rows:,} rows of {resolved.kind} by bridge {resolved.bridge.name}, "
        f"{config.steps:,} steps of {config.batch_size}"
    )


def pretraining_folder(config: PretrainingConfig) -> Path:
    """Return the folder that a pretraining is written into: the one asked for, or one made from its names."""
    encoder = Path(config.encoder).name.replace(":", "-") or "encoder"
    return Path(config.output or f"encoders/{encoder}-{config.objective.rpartition('/')[2]}-{config.seed}")


def _plain(config: PretrainingConfig) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(asdict(replace(config, output=None))))
    return plain


def _refuse_folder(folder: Path, config: PretrainingConfig, resume: bool) -> None:
    """Refuse a folder that holds something else than what is to be resumed."""
    begun = folder / REQUEST
    if not resume and any(path.name != ".lock" for path in folder.iterdir()):
        what = "a pretraining that is not finished" if begun.is_file() else "files"
        fix = "--resume goes on with it, or " if begun.is_file() else ""
        raise OutputExistsError(f"the output folder holds {what}", got=folder, fix=f"{fix}choose another --output")
    if resume and not begun.is_file():
        finished = (folder / RECORD).is_file()
        raise ConfigError(
            "there is no pretraining to resume", got=f"{folder}" + (", which is finished" if finished else ""),
            fix="leave --resume out and name a new --output",
        )  # fmt: skip
    if resume:
        kept, asked = json.loads(begun.read_text(encoding="utf-8")), _plain(config)
        free = (*MAY_CHANGE, *(("steps",) if config.schedule == "constant" else ()))
        other = sorted(key for key in asked if asked[key] != kept.get(key) and key not in free)
        if other:
            raise ConfigError(
                f"the pretraining in {folder} was started with other settings",
                got={key: asked[key] for key in other}, allowed={key: kept.get(key) for key in other},
                fix="repeat the command that started it, with --resume",
            )  # fmt: skip
