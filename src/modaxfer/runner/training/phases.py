"""The phases of a plan, one after another: each is solved or trained by steps; what a killed run has done is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from modaxfer.plan import After, Part, Phase, Role
from modaxfer.runner.stages import Stages
from modaxfer.runner.training.after import end_in_weight_space, snapshot
from modaxfer.runner.training.anchors import run_start
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.loop import train_phase
from modaxfer.runner.training.solve import solve_phase
from modaxfer.runner.training.solved import solved_once
from modaxfer.runner.training.streams import Sessions, sessions_of
from modaxfer.runner.training.trainable import trainable_parameters
from modaxfer.runner.training.validation import Validation

__all__ = ["PhaseSequence"]


@dataclass(kw_only=True)
class PhaseSequence:
    """Trains the tasks of a run by phases, as often as it is asked to (once for each learning rate that is tried)."""

    sessions: Sessions
    classes: Sequence[tuple[str, ...]]
    """Class names of each target task."""
    after: Sequence[After]
    """What becomes of the weights behind the last phase."""
    stages: Stages
    trained: dict[str, torch.nn.Parameter] = field(default_factory=dict)
    """By name, what any phase has moved."""

    def train(self, phases: Sequence[Phase], checkpoints: Checkpoints) -> dict[str, Any]:
        """Carry `phases` out from where `checkpoints` say that they were broken off; return what a result says."""
        found = checkpoints.load()
        first = found[0].phase if found is not None else 0
        start_of_run = run_start(self.sessions, phases, checkpoints)
        reports: list[dict[str, Any]] = []
        ends: list[dict[str, Any]] = []
        for number, phase in enumerate(phases):
            if phase.solver is not None:
                reports += self._solved(phases, number, checkpoints)
            elif number < first:
                self.note_trained(phase)
            else:
                report, ends = self._trained(phases, number, checkpoints, start_of_run)
                reports.append(report)
            # What training moved below the head must not be mistaken for the checkpoint's own features.
            for session in self.sessions.values() if phase.parts - {Part.HEAD} else ():
                session.weights_key, session.layers = "", {}
        return {"phases": reports, "after": ends} if ends else {"phases": reports}

    def note_trained(self, phase: Phase) -> None:
        """Note what `phase` has moved in another process, or before this one was killed."""
        trainable = trainable_parameters(sessions_of(phase, self.sessions), phase)
        self.trained |= {name: parameter.tensor for name, parameter in trainable.items()}

    def _trained(
        self, phases: Sequence[Phase], number: int, checkpoints: Checkpoints, start_of_run: Any
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Train a phase by steps; behind the last one, end in weight space where the plan says so."""
        phase, ending = phases[number], bool(self.after) and number == len(phases) - 1
        with self.stages.stage("train"):
            trainable = trainable_parameters(sessions_of(phase, self.sessions), phase)
            start = checkpoints.begin(snapshot(trainable)) if ending else {}
            made, kept = train_phase(self.sessions, phase, number, checkpoints, self.trained, start_of_run)
            if not ending:
                return made.to_dict(), []
            judge, say = Validation(phase, self.sessions, cached=False), self.sessions[Role.TARGET, 0].progress.say
            return made.to_dict(), end_in_weight_space(judge, self.after, trainable, start, kept, say)

    def _solved(self, phases: Sequence[Phase], number: int, checkpoints: Checkpoints) -> list[dict[str, Any]]:
        """Solve a phase for each task; what is trained further is solved once, however often it is resumed."""
        reports = []
        for task, classes in enumerate(self.classes):
            solve = partial(solve_phase, self.sessions, phases[number], task, classes)
            if all(later.solver is not None for later in phases[number + 1 :]):
                report = solve()
            else:
                report = solved_once(self.sessions[Role.TARGET, task], f"solved-{number}-{task}", checkpoints, solve)
            self.stages.add("features", report.pop("features_s"))
            self.stages.add("train", report.pop("search_s"))
            reports.append({"name": phases[number].name, **report})
        return reports
