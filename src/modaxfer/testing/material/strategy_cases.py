"""Strategies to look at: their plans, and one of them carried out on tiny weights and a few made rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch

from modaxfer.api import make_config
from modaxfer.contracts import Answers, Sealed
from modaxfer.errors import ModaxferError
from modaxfer.plan import Part, Plan, PlanContext
from modaxfer.registry import load_target, problem_spec
from modaxfer.runner.context import RunContext
from modaxfer.runner.execution import opened
from modaxfer.runner.processes.accelerate import make_accelerator
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.stages import Stages
from modaxfer.runner.training.plan import train_plan
from modaxfer.spec import Rates, StrategySpec
from modaxfer.testing.check import fail, skip
from modaxfer.testing.material import tiny_files
from modaxfer.testing.material.encoder_cases import tiny_encoder
from modaxfer.testing.subject import Subject

__all__ = ["Carried", "carried_out", "context", "plans_of", "watched"]

ROWS = 32
_USUAL: dict[str, Any] = {
    "rates": Rates(),
    "depth": 3,
    "adapter_targets": ("query", "key", "value", "dense"),
    "rows": ROWS,
    "batch_size": 8,
}


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What became of a model's parameters under a plan."""

    plan: Plan
    before: Mapping[str, torch.Tensor]
    """By name, as they were when training began."""
    after: Mapping[str, torch.Tensor]
    """Those of the same names and shapes when it was done; a head that was solved is another one."""
    parts: Mapping[str, Part]
    declared: frozenset[str]
    """Names of those that a phase may move."""

    @property
    def moved(self) -> frozenset[str]:
        """Names of those that moved."""
        return frozenset(name for name, one in self.after.items() if not torch.equal(one, self.before[name]))


class _Watched(Sealed):
    """Sealed answers that nobody may open."""

    def unseal(self) -> NoReturn:
        """Say that they were opened."""
        fail("targets that are sealed were opened while training", fix="learn from what the plan's streams give")


def context(**changes: Any) -> PlanContext:
    """Return what a strategy is told of a tiny encoder and a few rows of two classes."""
    return PlanContext(**{**_USUAL, "problem": problem_spec("binary"), **changes})


def plans_of(subject: Subject) -> dict[str, Plan]:
    """Return the plans that a strategy writes with its default options, by what it is told; refusals are left out."""
    spec, target = subject.spec, subject.target()
    options = load_target(spec.options)() if spec.options else None
    own = {"source_rows": ROWS} if spec.adapts else {"from_run": True} if spec.from_run else {}
    asked: dict[str, dict[str, Any]] = {
        "pretrained": own,
        "random": {**own, "pretrained": False},
        "trained bridge": {**own, "trained_bridge": True},
        "regression": {**own, "problem": problem_spec("regression")},
        "long": {**own, "rows": 100_000, "epochs": 3.0, "learning_rate": 1e-3},
    }
    made = {}
    for name, changes in asked.items():
        try:
            made[name] = target(options, context(**changes))
        except ModaxferError:  # A refusal with its reason, before weights are loaded.
            continue
    return made


def carried_out(subject: Subject) -> Carried:
    """Carry the plan of a strategy out, and say what moved; nothing of the task that is sealed may be opened."""
    spec: StrategySpec = subject.spec
    needs = {
        "several encoders": spec.many_encoders,
        "several tasks": spec.many_tasks,
        "a source task": spec.adapts and not spec.own_rows and not spec.unlabelled,
        "a finished run": spec.from_run or "merge" in spec.name,
    }
    if lacking := [name for name, needed in needs.items() if needed]:
        skip(f"it needs {lacking[0]}: a recipe of its own has to show what moves")
    tasks, context = _resolved(subject)
    torch.manual_seed(0)
    sessions, _ = opened(tasks, context, subject.folder)
    model = sessions[0].model
    known = dict(model.model_parameters())
    before = {name: one.tensor.detach().clone() for name, one in known.items()}
    done = train_plan(tasks, sessions, context.stages, subject.folder)
    after = {name: one.tensor.detach() for name, one in sessions[0].model.model_parameters()}
    alike = {name: one for name, one in after.items() if name in before and one.shape == before[name].shape}
    solved = any(phase.solver is not None for phase in tasks[0].plan.phases)
    head = {name for name, one in known.items() if solved and one.part is Part.HEAD}
    return Carried(
        plan=tasks[0].plan,
        before={name: before[name] for name in alike},
        after=alike,
        parts={name: known[name].part for name in alike},
        declared=frozenset(done.parameters) | head,
    )


def _resolved(subject: Subject) -> tuple[tuple[ResolvedTask, ...], RunContext]:
    settings = tiny_files.write("text", _folder(subject.folder, "rows"), ROWS)
    if subject.spec.unlabelled and not subject.spec.own_rows:
        more = tiny_files.write("text", _folder(subject.folder, "more"), 2 * ROWS)
        settings["unlabelled"] = more["data"]
    config = make_config(
        encoder=str(tiny_encoder("bert")),
        strategy=subject.id,
        output=str(subject.folder / "run"),
        device="cpu",
        precision="fp32",
        epochs=1,
        batch_size=8,
        set={"train.cache": False},
        **settings,
    )
    accelerator, config = make_accelerator(config)
    tasks = tuple(_under_watch(task) for task in resolve_tasks(config))
    warnings: list[str] = []
    context = RunContext(
        accelerator=accelerator, stages=Stages(warnings), progress=Progress(False), warnings=warnings, log=None
    )
    return tasks, context


def watched(sealed: Mapping[str, Sealed]) -> dict[str, Sealed]:
    """Return seals over as many answers, which fail the check where one is broken."""
    return {name: _Watched(Answers(targets=np.zeros(len(own)))) for name, own in sealed.items()}


def _under_watch(task: ResolvedTask) -> ResolvedTask:
    """Return the task with seals that tell whether they are broken, and phases of one epoch at most."""
    sealed = watched(task.data.sealed)
    phases = tuple(replace(phase, epochs=min(phase.epochs, 1.0)) for phase in task.plan.phases)
    return replace(task, data=replace(task.data, sealed=sealed), plan=replace(task.plan, phases=phases))


def _folder(place: Path, name: str) -> Path:
    (place / name).mkdir()
    return place / name
