"""One run from request to result: resolve, load, prepare, train, evaluate, save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modaxfer.config import RunConfig
from modaxfer.contracts import Readout
from modaxfer.encoders.adapters import attach_adapter
from modaxfer.encoders.load import load_encoder
from modaxfer.errors import ModaxferError
from modaxfer.heads.linear import LinearHead
from modaxfer.heads.objective import Objective
from modaxfer.plan import Phase
from modaxfer.registry import registry
from modaxfer.result import Result
from modaxfer.runner import folder as run_folder
from modaxfer.runner.accelerate import make_accelerator, share
from modaxfer.runner.checkpoint import Checkpoints
from modaxfer.runner.encode import Computer
from modaxfer.runner.honesty import examine
from modaxfer.runner.launch import launch, launched_world
from modaxfer.runner.log import RunLog
from modaxfer.runner.loop import train_phase
from modaxfer.runner.model import TransferModel, readout_width
from modaxfer.runner.prepare import prepare_splits
from modaxfer.runner.progress import Progress
from modaxfer.runner.rates import train_at_rates
from modaxfer.runner.request import Request
from modaxfer.runner.resolve import Cell, describe, resolve_cell
from modaxfer.runner.saved import save_model
from modaxfer.runner.session import Session
from modaxfer.runner.solve import solve_phase
from modaxfer.runner.stages import Stages
from modaxfer.runner.summary import assemble, write_predictions

__all__ = ["run"]


def run(
    config: RunConfig, *, resume: bool = False, progress: Progress | None = None, request: Request | None = None
) -> tuple[Result, Path]:
    """Train and evaluate one cell.

    Args:
        config: The request.
        resume: Take up an unfinished run in the output folder; a finished one is returned as it is.
        progress: Where to tell how far it is; None = standard error.
        request: What `modaxfer.runner.request.read_request` made of `config`, where that has been asked already.

    Returns:
        The result and the run's folder. In other processes than the main one, the result that the main one wrote.

    Raises:
        ModaxferError: The request was wrong (nothing is left behind), or the run failed (``result.json`` says so).
    """
    world = launched_world()
    if world is None and config.num_processes > 1:
        return _run_launched(config, resume, request)
    accelerator, config = make_accelerator(config)
    progress = progress or Progress(accelerator.is_main_process)
    if not accelerator.is_main_process:
        progress = Progress(enabled=False)
    config, folder = share(accelerator, lambda: run_folder.claim(config, resume=resume))
    if resume and run_folder.is_finished(folder):
        progress.say(f"{folder} is finished already")
        return Result.load(folder), folder
    cell = resolve_cell(config, request)
    return _Run(cell, folder, accelerator, progress).execute(), folder


def _run_launched(config: RunConfig, resume: bool, request: Request | None) -> tuple[Result, Path]:
    """Refuse early what cannot run, then let the launcher start the processes."""
    config, folder = run_folder.claim(config, resume=resume)
    if not (resume and run_folder.is_finished(folder)):
        resolve_cell(config, request)
        launch(config, folder, resume=resume)
    return Result.load(folder), folder


class _Run:
    def __init__(self, cell: Cell, folder: Path, accelerator: Any, progress: Progress) -> None:
        self.cell, self.folder, self.accelerator, self.progress = cell, folder, accelerator, progress
        self.main = accelerator.is_main_process
        self.warnings: list[str] = [*registry().problems, *cell.data.warnings]
        self.stages = Stages(self.warnings)
        self.touched: dict[str, torch.nn.Parameter] = {}

    def execute(self) -> Result:
        if self.main:
            run_folder.store_config(self.cell.config, self.folder)
        self.warnings += registry().notify("run_start", config=dict(vars(self.cell.config)))
        try:
            result = self._execute()
        except Exception as error:
            self._fail(error)
            raise
        self.warnings += registry().notify("run_end", result=result.to_dict())
        return result

    def _execute(self) -> Result:
        cell, config = self.cell, self.cell.config
        torch.manual_seed(config.seed)
        np.random.seed(config.seed)
        self._announce()
        session = self._session()
        training = self._train(session)
        with self.stages.stage("evaluate"):
            findings = examine(session, cell)
        result = assemble(session, cell, findings, training, self.stages, self.touched)
        if self.main:
            write_predictions(self.folder, session, cell, findings.test)
            self._save(session)
            Checkpoints(self.folder / ".checkpoint").clear()
            result.save(self.folder)
        self.accelerator.wait_for_everyone()
        return result

    def _announce(self) -> None:
        for name, value in describe(self.cell).items():
            self.progress.say(f"{name:<11}{value}")
        data = self.cell.data
        rows = ", ".join(f"{len(targets):,} {name}" for name, targets in data.targets.items())
        self.progress.say(f"{'data':<11}{data.source}: {rows} rows (fingerprint {data.fingerprint[:12]})")
        dropped = ", ".join(f"{count} {reason}" for reason, count in data.dropped.items())
        if dropped:
            self.progress.say(f"{'dropped':<11}{dropped}")
        for warning in self.warnings:
            self.progress.say(f"warning: {warning}")

    def _session(self) -> Session:
        cell, config, options = self.cell, self.cell.config, self.cell.options
        device, precision = self.accelerator.device, config.precision
        with self.stages.stage("load"):
            encoder: Any = load_encoder(
                cell.encoder,
                options=options.encoder,
                dropout=options.train.dropout,
                pretrained=config.weights == "pretrained",
                seed=config.seed,
            )
            processor = encoder.processor(cell.bridge.spec.sink)
        with self.stages.stage("prepare"), self.accelerator.main_process_first():
            splits, notes = prepare_splits(cell, processor, self.progress)
        self.warnings += notes
        if cell.plan.adapter is not None:
            attach_adapter(encoder, cell.plan.adapter)
        objective = Objective.fit(cell.task.target.problem, len(cell.data.classes), cell.data.targets["train"])
        readout = _readout(cell)
        torch.manual_seed(config.seed)
        width = readout_width(readout, encoder.hidden_size)
        head = LinearHead(width, objective.outputs, options.train.dropout)
        self.sha256 = encoder.sha256
        return Session(
            accelerator=self.accelerator,
            computer=Computer(device, precision),
            model=TransferModel(encoder, head, readout).to(device),
            processor=processor,
            splits=splits,
            objective=objective,
            metrics=cell.metrics,
            primary=cell.primary,
            train=options.train,
            batch_size=config.batch_size,
            seed=config.seed,
            groups=_groups(cell),
            weights_key=f"{encoder.sha256}:{precision}:{device.type}" if encoder.sha256 else "",
            log=RunLog(self.folder / "log.jsonl" if self.main else None),
            progress=self.progress,
            warnings=self.warnings,
        )

    def _train(self, session: Session) -> dict[str, Any]:
        phases = self.cell.plan.phases
        training = train_at_rates(
            session,
            phases,
            lambda some, checkpoints: self._train_phases(session, some, checkpoints),
            self.folder / ".checkpoint",
            writes=self.main,
        )
        # A search that was finished before the run was killed has opened nothing in this process.
        for phase in (phase for phase in phases if phase.solver is None):
            self.touched |= {name: p for name, (p, _, _) in session.model.open_for(phase).items()}
        return training

    def _train_phases(self, session: Session, phases: Sequence[Phase], checkpoints: Checkpoints) -> dict[str, Any]:
        found = checkpoints.load()
        first = found[0].phase if found is not None else 0
        reports: list[dict[str, Any]] = []
        for number, phase in enumerate(phases):
            if phase.solver is not None:
                report = solve_phase(session, phase, self.cell.data.classes)
                self.stages.add("features", report.pop("features_s"))
                self.stages.add("train", report.pop("search_s"))
                reports.append({"name": phase.name, **report})
            elif number < first:
                self.touched |= {name: p for name, (p, _, _) in session.model.open_for(phase).items()}
            else:
                with self.stages.stage("train"):
                    reports.append(train_phase(session, phase, number, checkpoints, self.touched).to_dict())
            # What training moved must not be mistaken for the checkpoint's own features.
            session.weights_key = "" if self.touched else session.weights_key
        return {"phases": reports}

    def _save(self, session: Session) -> None:
        cell = self.cell
        save_model(
            self.folder,
            session.model,
            {
                "encoder": {
                    "id": cell.encoder.id,
                    "checkpoint": cell.encoder.checkpoint,
                    "revision": cell.encoder.revision,
                    "sha256": self.sha256,
                },
                "encoder_options": vars(cell.options.encoder),
                "bridge": {"id": cell.bridge.id, "options": vars(cell.options.bridge)},
                "layout": vars(cell.layout),
                "fields": tuple({"name": field.name, "kind": field.signal.kind} for field in cell.fields),
                "types": _types(cell),
                "classes": cell.data.classes,
                "objective": session.objective.to_dict(),
                "adapter": _adapter(cell),
                "precision": session.computer.precision,
            },
            self.touched.keys(),
            base=cell.encoder.folder,
            standalone=cell.config.standalone or cell.config.weights == "random",
        )

    def _fail(self, error: Exception) -> None:
        self.warnings += registry().notify("run_error", error=error)
        if not self.main:
            return
        text = str(error) if isinstance(error, ModaxferError) else f"{type(error).__name__}: {error}"
        failed = Result(
            status="failed",
            encoder={"id": self.cell.encoder.id, "checkpoint": self.cell.encoder.checkpoint},
            bridge=self.cell.bridge.id,
            strategy=self.cell.strategy.id,
            task=self.cell.task_id,
            seed=self.cell.config.seed,
            time_s=self.stages.seconds(),
            warnings=tuple(self.warnings),
            error=text,
        )
        failed.save(self.folder)


def _readout(cell: Cell) -> Readout:
    options, depth = cell.options.encoder, cell.encoder.depth
    layer = depth if options.layer is None else options.layer
    return Readout(layers=(layer,), pooling=options.pooling or cell.encoder.pooling)


def _groups(cell: Cell) -> np.ndarray | None:
    """Number the training rows that share the task's group columns; None where it groups by none."""
    columns, rows = cell.task.splits.group, cell.data.splits["train"]
    if not columns:
        return None
    numbers: dict[tuple[Any, ...], int] = {}
    keys = zip(*(rows[name] for name in columns), strict=True)
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def _adapter(cell: Cell) -> Mapping[str, Any] | None:
    adapter = cell.plan.adapter
    return None if adapter is None else {**vars(adapter), "options": dict(adapter.options)}


def _types(cell: Cell) -> dict[str, str]:
    features = cell.data.splits["train"].features
    tables = [field.name for field in cell.fields if field.signal.kind == "table"]
    return {name: "number" if features[name].dtype.startswith("float") else "category" for name in tables}
