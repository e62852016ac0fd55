"""What a request comes to: a task with everything that was chosen for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from modaxfer.config import RunConfig
from modaxfer.contracts import Criterion, TaskData
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.plan import Plan
from modaxfer.registry import Entry, problem_of
from modaxfer.runner.model.description import ModelDescription, TowerDescription
from modaxfer.runner.request.options import Options
from modaxfer.runner.request.proxy import Proxy
from modaxfer.runner.request.teacher import Teacher
from modaxfer.spec import Field, TaskSpec

__all__ = ["ResolvedTask"]


@dataclass(frozen=True, kw_only=True)
class ResolvedTask:
    """One task with the encoders, bridges and strategy that it will be run with, and its rows."""

    config: RunConfig
    towers: tuple[TowerDescription, ...]
    strategy: Entry
    task_id: str
    task: TaskSpec
    fields: tuple[Field, ...]
    data: TaskData
    options: Options
    plan: Plan
    metrics: tuple[str, ...]
    primary: str
    rates_set: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Settings that set a learning rate, as the user writes them: the value given, and what it is by itself."""
    proxies: tuple[Proxy | None, ...] = ()
    """By tower, what its bridge is aligned with before training; None where that is not asked for."""
    merged: tuple[ResolvedEncoder, ...] = ()
    """The encoders of the runs that its plan joins."""
    source: ResolvedTask | None = None
    """The source task that its plan learns from, with the classes of this one."""
    teacher: Teacher | None = None
    """The run that it learns from beside its labels."""
    source_head: ModelDescription | None = None
    """The model of the run that its encoder comes from, whose head its plan takes along; None until that is trained."""
    parent: ModelDescription | None = None
    """The model of the run that its plan goes on from as a whole."""

    @property
    def criterion(self) -> Criterion:
        """What its head learns, or has learned in the run that it goes on from."""
        if self.parent is not None:
            return self.parent.criterion
        problem = problem_of(self.task.target.problem)
        return problem.criterion(len(self.data.classes), self.taught_by.data.targets["train"])

    @property
    def labelled(self) -> bool:
        """Whether its plan sees labels of any task."""
        return not self.hidden or self.source is not None

    @property
    def hidden(self) -> bool:
        """Whether its plan learns without its labels: those of train and validation are sealed like test's."""
        return "train" not in self.data.targets

    @property
    def taught_by(self) -> ResolvedTask:
        """The task whose labels a model of it is trained with: itself, or its source."""
        return self if self.source is None or not self.hidden else self.source
