"""One run from request to result: resolve, load, prepare, train, evaluate, save."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modaxfer.config import RunConfig
from modaxfer.errors import ModaxferError
from modaxfer.plan import Part, Phase, Role
from modaxfer.registry import registry
from modaxfer.result import Result
from modaxfer.runner.before.stage import find_stage, started_from, told_before, train_stage
from modaxfer.runner.claims.claim import Claim, claim
from modaxfer.runner.claims.resumed import resumed
from modaxfer.runner.claims.space import space_told
from modaxfer.runner.claims.start import Start, check_start, read_start, refuse_other_encoder, store_start
from modaxfer.runner.evaluation.ablation import ablate
from modaxfer.runner.evaluation.attempts import attempt
from modaxfer.runner.evaluation.caveats import caveats
from modaxfer.runner.evaluation.estimates import estimates
from modaxfer.runner.evaluation.privacy import kept_private
from modaxfer.runner.evaluation.scores import examine
from modaxfer.runner.evaluation.shown import write_mistakes
from modaxfer.runner.evaluation.summary import assemble, together, write_predictions, write_validation
from modaxfer.runner.folder import CHECKPOINT, RESULT, is_finished, store_config, task_folder
from modaxfer.runner.kinds import asked_companions
from modaxfer.runner.opening import RunContext, open_sessions
from modaxfer.runner.processes.accelerate import make_accelerator, share
from modaxfer.runner.processes.launch import launch, launched_world
from modaxfer.runner.processes.signals import heeded
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.announced import announce, describe
from modaxfer.runner.request.idle import check_idle
from modaxfer.runner.request.request import Request, read_request
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.request.single import config_of
from modaxfer.runner.saving import save_model, seen_by
from modaxfer.runner.session import TaskSession
from modaxfer.runner.stages import Stages
from modaxfer.runner.teacher import ask_teacher
from modaxfer.runner.training.after import end_in_weight_space, snapshot
from modaxfer.runner.training.alignment import align_bridges
from modaxfer.runner.training.anchors import run_start
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.correct import correct
from modaxfer.runner.training.features import predict_known
from modaxfer.runner.training.loop import train_phase
from modaxfer.runner.training.merging import merge_runs
from modaxfer.runner.training.rates import train_at_rates
from modaxfer.runner.training.solve import solve_phase
from modaxfer.runner.training.solved import solved_once
from modaxfer.runner.training.streams import Sessions, sessions_of
from modaxfer.runner.training.trainable import trainable_parameters
from modaxfer.runner.training.validation import Validation
from modaxfer.tasks.memory import Memory

__all__ = ["run"]


def run(
    config: RunConfig,
    *,
    resume: bool = False,
    overwrite: bool = False,
    shared: bool = False,
    weights_of: Result | None = None,
    progress: Progress | None = None,
    request: Request | None = None,
    memory: Memory | None = None,
) -> tuple[Result, Path]:
    """Train and evaluate one request: an encoder on a task, several encoders on a task, an encoder on several tasks.

    Args:
        config: The request.
        resume: Resume an unfinished or failed run in the output folder; a finished one is returned as it is.
        overwrite: Replace the run in the output folder, once nothing can be refused any more.
        shared: Whether settings stand there for other runs too, as in a grid: those that this plan has no use for are
            noted, where otherwise they are refused.
        weights_of: Result of a run that this one repeats with another seed: its encoder must have the same weights.
        progress: Where to tell how far it is; None = standard error.
        request: What `modaxfer.runner.request.request.read_request` made of `config`, where that was asked already.
        memory: What other runs of the command have read of their tasks; None = this one stands alone.

    Returns:
        The result and the run's folder. In other processes than the main one, the result that the main one wrote.

    Raises:
        ModaxferError: The request was wrong (nothing is left behind), or the run failed (``result.json`` says so).
        StoppedError: A signal has ended it; it can be resumed.
    """
    if resume:
        config = resumed(config)
    with heeded(), ExitStack() as held:
        claims: list[Claim] = []

        def claimed() -> tuple[RunConfig, Path]:
            claims.append(held.enter_context(claim(config, resume=resume, overwrite=overwrite)))
            return claims[0].config, claims[0].folder

        if launched_world() is None and config.num_processes > 1:
            claimed()
            return _run_launched(claims[0], resume, shared, request)
        accelerator, config = make_accelerator(config)
        progress = progress or Progress(accelerator.is_main_process)
        if not accelerator.is_main_process:
            progress = Progress(enabled=False)
        config, folder = share(accelerator, claimed)
        if resume and is_finished(folder):
            progress.say(f"{folder} is finished already")
            return Result.load(folder), folder
        request = request or read_request(config)
        memory = memory or (Memory() if request.before else None)
        tasks = resolve_tasks(config, request, memory)
        notes = check_idle(tasks[0], shared=shared)
        stage = find_stage(config, request, tasks, memory)
        if stage is not None:
            share(accelerator, lambda: _begun(claims[0], tasks[0].config))
            shares = partial(share, accelerator)
            place = train_stage(stage, folder, run=run, share=shares, progress=progress, memory=memory)
            # What the source stage left is a start like any pretrained one, whatever that one started from.
            begun = replace(config, weights="pretrained")
            tasks = resolve_tasks(begun, started_from(request, config, place), memory)
        start, changed = share(accelerator, lambda: _settled(claims[0], tasks, resume, weights_of))
        return _Run(tasks, folder, accelerator, progress, [*notes, *changed], config.weights).execute(start), folder


def _begun(claimed: Claim, config: RunConfig) -> None:
    """Remove what the run replaces, and store its request: what is killed in its source stage is resumed."""
    claimed.clear()
    store_config(config, claimed.folder)


def _settled(
    claimed: Claim, tasks: Sequence[ResolvedTask], resume: bool, weights_of: Result | None
) -> tuple[Start, list[str]]:
    """Refuse what can still be refused, then remove what the run replaces; return what it starts from."""
    start = read_start(tasks)
    changed = check_start(start, claimed.folder) if resume else []
    if weights_of is not None:
        refuse_other_encoder(weights_of, start, claimed.folder)
    claimed.clear()
    return start, changed


def _run_launched(claimed: Claim, resume: bool, shared: bool, request: Request | None) -> tuple[Result, Path]:
    """Refuse early what cannot run, then let the launcher start the processes."""
    folder = claimed.folder
    if not (resume and is_finished(folder)):
        request = request or read_request(claimed.config)
        memory = Memory() if request.before else None
        tasks = resolve_tasks(claimed.config, request, memory)
        check_idle(tasks[0], shared=shared)
        stage = find_stage(claimed.config, request, tasks, memory)
        claimed.clear()
        if stage is not None:
            store_config(tasks[0].config, folder)
            train_stage(stage, folder, run=run, share=_alone, progress=Progress(), memory=memory)
        launch(claimed.config, folder, resume=resume)
    return Result.load(folder), folder


def _alone(make: Callable[[], Any]) -> Any:
    return make()


class _Run:
    def __init__(
        self,
        tasks: tuple[ResolvedTask, ...],
        folder: Path,
        accelerator: Any,
        progress: Progress,
        notes: Sequence[str],
        weights: str,
    ) -> None:
        self.weights = weights
        self.tasks, self.folder, self.accelerator, self.progress = tasks, folder, accelerator, progress
        self.config, self.plan = tasks[0].config, tasks[0].plan
        self.main = accelerator.is_main_process
        self.warnings: list[str] = [*registry().failures, *notes, *caveats(tasks)]
        self.stages = Stages(self.warnings)
        self.trained: dict[str, torch.nn.Parameter] = {}

    def execute(self, start: Start) -> Result:
        with space_told(self.folder):
            if self.main:
                store_config(replace(self.config, weights=self.weights), self.folder)
                store_start(start, self.folder)
                (self.folder / RESULT).unlink(missing_ok=True)  # of a failure, if this is another try
            self.warnings += registry().notify("run_start", config=dict(vars(self.config)))
            try:
                result = self._execute()
            except Exception as error:
                self._fail(error)
                raise
            return self._observed(result)

    def _observed(self, result: Result) -> Result:
        """Tell observers of the end; what goes wrong with them is noted in the result, which stands."""
        troubles = registry().notify("run_end", result=result.to_dict())
        if troubles:
            result = replace(result, warnings=(*result.warnings, *troubles))
            if self.main:
                result.save(self.folder)
        return result

    def _execute(self) -> Result:
        announce(self.tasks, self.warnings, self.progress.say)
        context = RunContext(
            accelerator=self.accelerator,
            stages=self.stages,
            progress=self.progress,
            warnings=self.warnings,
            log=self.folder / "log.jsonl" if self.main else None,
        )
        taught = ask_teacher(self.tasks[0], context, self.folder / CHECKPOINT)
        torch.manual_seed(self.config.seed)
        np.random.seed(self.config.seed)
        sessions = open_sessions(self.tasks, context)
        sessions[0].taught = taught
        aligned = align_bridges(sessions, self.tasks, context, self.folder / CHECKPOINT)
        for session in sessions if self.plan.head_from_run else ():
            session.before = predict_known(session, "test")
        training = {**self._train(sessions), **aligned, **self._teacher()}
        # Before anything else that can fail: what was trained is there, whatever becomes of its scores.
        for session, resolved in zip(sessions, self.tasks, strict=True) if self.main else ():
            save_model(self._place(resolved), session, resolved, self.trained, seen_by(self.tasks))
        results = [
            self._conclude(session, resolved, training) for session, resolved in zip(sessions, self.tasks, strict=True)
        ]
        result = results[0] if len(results) == 1 else together(results, self.stages)
        result = replace(result, companions=asked_companions(self.plan, self.config), **self._learned_first())
        if self.main:
            result.save(self.folder)
            Checkpoints(self.folder / CHECKPOINT).clear()
        self.accelerator.wait_for_everyone()
        return result

    def _teacher(self) -> dict[str, Any]:
        """Return what is told of the run's teacher, under that name."""
        teacher, options = self.tasks[0].teacher, self.tasks[0].options.train
        if teacher is None:
            return {}
        softened = {"share": options.teacher_share, "temperature": options.teacher_temperature}
        return {"teacher": {**teacher.told, **softened}}

    def _learned_first(self) -> dict[str, Any]:
        """Return what a result says of the source stage; nothing where there is none."""
        before = told_before(self.folder)
        if not before:
            return {}
        return {"before": before, "source_task": " + ".join(str(told["task"]) for told in before)}

    def _train(self, targets: list[TaskSession]) -> dict[str, Any]:
        phases = self.plan.phases
        sessions = {(Role.TARGET, number): session for number, session in enumerate(targets)}
        if targets[0].source is not None:
            sessions[Role.SOURCE, 0] = targets[0].source
        merged = self._merge(sessions) if self.plan.merge is not None else {}
        training = train_at_rates(
            sessions,
            phases,
            lambda some, checkpoints: self._train_phases(sessions, some, checkpoints),
            self.folder / CHECKPOINT,
            writes=self.main,
        )
        # A search that was finished before the run was killed has trained nothing in this process. Else all is noted,
        # and the layers that a solved head does not read cannot be opened again.
        for phase in () if self.trained else (phase for phase in phases if phase.solver is None):
            self._note_trained(sessions, phase)
        told = {**training, **merged}
        if self.plan.correct is None:
            return told
        with self.stages.stage("train"):
            return {**told, "correction": correct(sessions, self.plan.correct, self.tasks[0])}

    def _merge(self, sessions: Sessions) -> dict[str, Any]:
        """Put the joined weights of the plan's runs into the model, and say what was joined, as ``merge``."""
        assert self.plan.merge is not None, "asked above"
        session = sessions[Role.TARGET, 0]
        with self.stages.stage("load"):
            validation = Validation(self.plan.phases[0], sessions, cached=False)
            told = merge_runs(session, self.plan.merge, self.tasks[0].merged, validation)
        # They are not the checkpoint's own features any more.
        session.weights_key, session.layers = "", {}
        self.progress.say(f"  merged {len(told['runs'])} runs by {told['method']}, scale {told['scale']:g}")
        return {"merge": told}

    def _note_trained(self, sessions: Sessions, phase: Phase) -> None:
        trainable = trainable_parameters(sessions_of(phase, sessions), phase)
        self.trained |= {name: parameter.tensor for name, parameter in trainable.items()}

    def _train_phases(self, sessions: Sessions, phases: Sequence[Phase], checkpoints: Checkpoints) -> dict[str, Any]:
        found = checkpoints.load()
        first = found[0].phase if found is not None else 0
        start_of_run = run_start(sessions, phases, checkpoints)
        reports: list[dict[str, Any]] = []
        after: list[dict[str, Any]] = []
        for number, phase in enumerate(phases):
            if phase.solver is not None:
                for number_of_task in range(len(self.tasks)):
                    report = self._solve(sessions, phases, number, number_of_task, checkpoints)
                    self.stages.add("features", report.pop("features_s"))
                    self.stages.add("train", report.pop("search_s"))
                    reports.append({"name": phase.name, **report})
            elif number < first:
                self._note_trained(sessions, phase)
            else:
                last = number == len(phases) - 1
                with self.stages.stage("train"):
                    trainable = trainable_parameters(sessions_of(phase, sessions), phase)
                    start = checkpoints.begin(snapshot(trainable)) if last and self.plan.after else {}
                    made, kept = train_phase(sessions, phase, number, checkpoints, self.trained, start_of_run)
                    reports.append(made.to_dict())
                    if last and self.plan.after:
                        judge, say = Validation(phase, sessions, cached=False), self.progress.say
                        after = end_in_weight_space(judge, self.plan.after, trainable, start, kept, say)
            # What training moved below the head must not be mistaken for the checkpoint's own features.
            for session in sessions.values() if phase.trainable - {Part.HEAD} else ():
                session.weights_key, session.layers = "", {}
        return {"phases": reports, "after": after} if after else {"phases": reports}

    def _solve(
        self, sessions: Sessions, phases: Sequence[Phase], number: int, task: int, checkpoints: Checkpoints
    ) -> dict[str, Any]:
        """Solve a phase for one task; what is trained further is solved once, however often it is resumed."""
        solve = partial(solve_phase, sessions, phases[number], task, self.tasks[task].data.classes)
        if all(later.solver is not None for later in phases[number + 1 :]):
            return solve()
        return solved_once(sessions[Role.TARGET, task], f"solved-{number}-{task}", checkpoints, solve)

    def _place(self, resolved: ResolvedTask) -> Path:
        """Return where what belongs to one task is written: into the run, or its own folder inside a shared one."""
        return self.folder if len(self.tasks) == 1 else self.folder / "tasks" / task_folder(resolved.task_id)

    def _conclude(self, session: TaskSession, resolved: ResolvedTask, training: dict[str, Any]) -> Result:
        """Score one task, and write what belongs to it."""
        folder = self._place(resolved)
        with self.stages.stage("evaluate"):
            findings = examine(session, resolved)
            ablation: dict[str, Any] = {}
            if len(resolved.towers) > 1:
                parts = partial(ablate, session, resolved, findings)
                ablation = attempt("what each part of a row is worth", parts, self.warnings) or {}
            estimated: dict[str, Any] = {}
            if session.source is not None and resolved.hidden:
                guessed = partial(estimates, session, findings, self.warnings)
                estimated = attempt("what can be said without labels", guessed, self.warnings) or {}
        if self.main:
            inputs = partial(write_mistakes, folder, session, resolved, findings.test, findings.asked)
            attempt("what the report shows of wrong predictions", inputs, self.warnings)
        result = assemble(session, resolved, findings, training, self.stages, self.trained, ablation, estimated)
        result = replace(result, privacy=kept_private(session, resolved, findings, training, self.warnings))
        if self.main:
            write_predictions(folder, session, resolved, findings.test, findings.asked)
            write_validation(folder, session, resolved, findings)
            if folder != self.folder:
                store_config(config_of(self.config, resolved), folder)
                result.save(folder)
        return result

    def _fail(self, error: Exception) -> None:
        self.warnings += registry().notify("run_error", error=error)
        if not self.main:
            return
        text = str(error) if isinstance(error, ModaxferError) else f"{type(error).__name__}: {error}"
        told = describe(self.tasks[0])
        failed = Result(
            status="failed",
            encoder={"id": told["encoder"], "checkpoint": told["checkpoint"]},
            bridge=told["bridge"],
            strategy=told["strategy"],
            task=" + ".join(resolved.task_id for resolved in self.tasks),
            seed=self.config.seed,
            time_s=self.stages.seconds(),
            warnings=tuple(self.warnings),
            error=text,
        )
        try:
            failed.save(self.folder)
        except OSError as trouble:
            # A full disk takes no note of it either; what went wrong first is what counts.
            self.progress.say(f"warning: {RESULT} could not be written: {trouble}")
