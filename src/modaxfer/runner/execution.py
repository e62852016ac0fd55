"""One run from resolved tasks to its result: opened, trained, saved, scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modaxfer.registry import blaming, registry
from modaxfer.result import Result
from modaxfer.runner.attempts import attempt
from modaxfer.runner.before.stage import told_before
from modaxfer.runner.claims.space import space_told
from modaxfer.runner.claims.start import Start, store_start
from modaxfer.runner.context import RunContext
from modaxfer.runner.evaluation.caveats import caveats
from modaxfer.runner.evaluation.conclude import conclude
from modaxfer.runner.evaluation.decide import decide
from modaxfer.runner.evaluation.failed import failed_result
from modaxfer.runner.evaluation.summary import together
from modaxfer.runner.folder import CHECKPOINT, RESULT, store_config, task_folder
from modaxfer.runner.kinds import asked_companions
from modaxfer.runner.observed import UNOBSERVED, Observed
from modaxfer.runner.opening import open_sessions
from modaxfer.runner.processes.failures import forget_failures, known_failure
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.announced import announce
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.request.single import config_of
from modaxfer.runner.saving import save_model, seen_by
from modaxfer.runner.session import TaskSession
from modaxfer.runner.stages import Stages
from modaxfer.runner.teacher import ask_teacher
from modaxfer.runner.training.alignment import align_bridges
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.features import predict_known
from modaxfer.runner.training.plan import TrainedPlan, train_plan
from modaxfer.tracking import asked_trackers

__all__ = ["Execution", "opened"]


def opened(
    tasks: Sequence[ResolvedTask], context: RunContext, checkpoint: Path
) -> tuple[list[TaskSession], dict[str, Any]]:
    """Return the sessions of `tasks` as training begins, and what a result says of what was done until then.

    Args:
        tasks: All tasks of the run.
        context: Of the run.
        checkpoint: Folder of its checkpoints.
    """
    taught = ask_teacher(tasks[0], context, checkpoint)
    torch.manual_seed(tasks[0].config.seed)
    np.random.seed(tasks[0].config.seed)
    sessions = open_sessions(tasks, context)
    sessions[0].taught = taught
    return sessions, align_bridges(sessions, tasks, context, checkpoint)


Told = dict[str, Any]


class Execution:
    """A run whose tasks are resolved and whose folder is claimed.

    Args:
        tasks: All tasks of the run; they share encoders, strategy and plan.
        folder: Of the run.
        accelerator: Of its processes.
        progress: Where to tell how far it is.
        notes: Warnings from before.
        weights: What the config said of the weights, before a source stage made others of them.
        tuning: What a result says of a search that chose the settings; nothing where there was none.
        observed: The run as observers see it.
        sharded: Whether frozen layers are cut over the processes.
    """

    def __init__(
        self,
        tasks: tuple[ResolvedTask, ...],
        folder: Path,
        accelerator: Any,
        progress: Progress,
        notes: Sequence[str],
        weights: str,
        tuning: Mapping[str, Any] | None = None,
        observed: Observed = UNOBSERVED,
        *,
        sharded: bool = False,
    ) -> None:
        self.tasks, self.folder, self.weights, self.tuning = tasks, folder, weights, tuning or {}
        self.config, self.plan = tasks[0].config, tasks[0].plan
        self.main = accelerator.is_main_process
        warnings = [*registry().failures, *notes, *caveats(tasks)]
        self.context = RunContext(
            accelerator=accelerator,
            stages=Stages(warnings, observed),
            progress=progress,
            warnings=warnings,
            log=folder / "log.jsonl" if self.main else None,
            sharded=sharded,
            observed=observed,
        )

    def run(self, start: Start) -> Result:
        """Return the result, which the main process has written; that of a failure is written too.

        Args:
            start: What the run starts from, kept for when it is resumed.
        """
        with space_told(self.folder):
            if self.main:
                store_config(replace(self.config, weights=self.weights), self.folder)
                store_start(start, self.folder)
                (self.folder / RESULT).unlink(missing_ok=True)  # of a failure, if this is another try
                forget_failures(self.folder / CHECKPOINT)
            for tracker, _ in asked_trackers(self.config.track) if self.context.observed.told else ():
                place = tracker.goes_to.replace("RUN", str(self.folder)) or "registered with Accelerate"
                self.context.progress.say(f"{'tracking':<11}{tracker.name}, {place}")
            self.context.warnings.extend(self.context.observed.begin(dict(vars(self.config))))
            try:
                with blaming():
                    return self._result()
            except Exception as error:
                known = self._known(error)
                self._fail(known)
                if known is error:
                    raise
                raise known from error

    def _result(self) -> Result:
        announce(self.tasks, self.context.warnings, self.context.progress)
        sessions, told = self._opened()
        trained = train_plan(self.tasks, sessions, self.context.stages, self.folder / CHECKPOINT)
        shards = {} if (cut := sessions[0].cut) is None else {"shards": asdict(cut)}
        trained = replace(trained, told={**trained.told, **told, **self._teacher(), **shards})
        decided = [self._decided(*each, trained) for each in zip(sessions, self.tasks, strict=True)]
        # Before anything else that can fail: what was trained is there, whatever becomes of its scores.
        for session, resolved in zip(sessions, self.tasks, strict=True) if self.main else ():
            save_model(self._place(resolved), session, resolved, trained.parameters, seen_by(self.tasks))
        results = [
            self._concluded(session, resolved, trained, told)
            for session, resolved, told in zip(sessions, self.tasks, decided, strict=True)
        ]
        result = results[0] if len(results) == 1 else together(results, self.context.stages)
        result = replace(result, companions=asked_companions(self.plan, self.config), **self._learned_first())
        if self.main:
            result.save(self.folder)
            Checkpoints(self.folder / CHECKPOINT).clear()
        self.context.accelerator.wait_for_everyone()
        return result

    def _opened(self) -> tuple[list[TaskSession], dict[str, Any]]:
        """Return the sessions as training begins, and what a result says of what was done until then."""
        sessions, aligned = opened(self.tasks, self.context, self.folder / CHECKPOINT)
        for session in sessions if self.plan.head_from_run else ():
            session.before = predict_known(session, "test")
        return sessions, aligned

    def _decided(self, session: TaskSession, resolved: ResolvedTask, trained: TrainedPlan) -> Told:
        """Choose on validation rows what is made of the outputs; without it the outputs are taken as they are."""
        with self.context.stages.stage("evaluate"):
            choose = partial(decide, session, resolved, trained.told)
            return attempt("temperature and threshold", choose, session.warnings) or {}

    def _concluded(self, session: TaskSession, resolved: ResolvedTask, trained: TrainedPlan, decided: Told) -> Result:
        """Score one task; in a run of several it leaves a result of its own."""
        folder = self._place(resolved)
        result = conclude(session, resolved, trained, decided, self.context.stages, folder, self.tuning)
        if self.main and folder != self.folder:
            store_config(config_of(self.config, resolved), folder)
            result.save(folder)
        return result

    def _place(self, resolved: ResolvedTask) -> Path:
        """Return where what belongs to one task is written: into the run, or its own folder inside a shared one."""
        return self.folder if len(self.tasks) == 1 else self.folder / "tasks" / task_folder(resolved.task_id)

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

    def _known(self, error: Exception) -> Exception:
        """Return what ended this process, or what ended another and with it this one."""
        accelerator = self.context.accelerator
        if accelerator.num_processes == 1:
            return error
        return known_failure(error, self.folder / CHECKPOINT, accelerator.process_index)

    def _fail(self, error: Exception) -> None:
        """Tell observers, and leave what went wrong in the folder."""
        self.context.warnings.extend(self.context.observed.fail(error))
        if not self.main:
            return
        try:
            failed_result(error, self.tasks, self.context.stages, self.context.warnings).save(self.folder)
        except OSError as trouble:
            # A full disk takes no note of it either; what went wrong first is what counts.
            self.context.progress.say(f"warning: {RESULT} could not be written: {trouble}")
