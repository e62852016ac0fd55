"""One pretraining, from the request to the folder."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from modaxfer.encoders.load import load_encoder
from modaxfer.encoders.pretraining_record import RECORD
from modaxfer.errors import ConfigError, OutputExistsError
from modaxfer.pretraining.assembly import (
    begin,
    drawing_of,
    epochs_of,
    held_out_rows,
    load_teachers,
    objective_of,
    student_reading,
)
from modaxfer.pretraining.config import REQUEST, PretrainingConfig
from modaxfer.pretraining.product import record, write_product
from modaxfer.pretraining.reading import FIELD
from modaxfer.pretraining.request import MAY_CHANGE, ResolvedPretraining, resolve_pretraining
from modaxfer.pretraining.training import Training, autocast
from modaxfer.result import write_atomically
from modaxfer.runner.claims.hold import hold
from modaxfer.runner.folder import CHECKPOINT
from modaxfer.runner.processes.precision import choose_device, choose_precision
from modaxfer.runner.progress import Progress

__all__ = ["pretrain", "pretraining_folder"]

KEPT = ".kept"
"""What an objective keeps until training is done, in the folder of a pretraining."""


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
    taught, names = load_teachers(resolved, device)
    epochs = epochs_of(resolved)
    drawing = drawing_of(resolved, epochs)
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        if not resolved.pretrained:
            begin(resolved, encoder, drawing)
        cast = partial(autocast, device, precision)
        objective = objective_of(resolved, encoder, taught, folder / KEPT, cast)
    validation = held_out_rows(resolved, epochs)
    parameters = sum(parameter.numel() for parameter in encoder.parameters())
    progress.say(_announced(resolved, parameters, sum(each.rows for each in epochs)))
    probes = {
        each.name: partial(each.score, student_reading(resolved, encoder, each.kind, each.root), FIELD)
        for each in resolved.probes
    }
    training = Training(encoder, objective, drawing, validation, config, folder, device, precision, probes, progress)
    trained = training.run()
    write_product(encoder.cpu(), record(resolved, trained, parameters, names), resolved.seen, folder)


def _announced(resolved: ResolvedPretraining, parameters: int, rows: int) -> str:
    config = resolved.config
    start = f"from {resolved.student.checkpoint}" if resolved.pretrained else "from random weights"
    names = [teacher.checkpoint for way in resolved.ways for teacher, _ in way.teachers]
    bridges = " and ".join(way.bridge.name for way in resolved.ways)
    teacher = f", taught by {' and '.join(names)}" if names else ""
    return (
        f"{resolved.student.spec.name} of {parameters / 1e6:.2f} M parameters {start}{teacher}: "
        f"{resolved.objective.name} on {rows:,} rows of {resolved.kinds} by bridge {bridges}, "
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
