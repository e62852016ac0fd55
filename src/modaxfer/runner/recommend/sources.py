"""Source tasks beside the task, as the best encoder sees both: what differs, and whose inputs lie closest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from modaxfer.config import RunConfig
from modaxfer.contracts import Encoded
from modaxfer.errors import ModaxferError, RefusedError
from modaxfer.registry import problem_spec
from modaxfer.runner.recommend.candidates import PROBED, Candidate
from modaxfer.runner.recommend.encode import Bench
from modaxfer.runner.recommend.judged import encoded_rows, mean_ranks
from modaxfer.runner.recommend.question import Question
from modaxfer.runner.recommend.rows import looked_at, training_alone
from modaxfer.runner.recommend.stored import Store
from modaxfer.runner.request.command import command_of
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.training.layers import layer_features
from modaxfer.tasks.memory import Memory
from modaxfer.transferability.shift import shift_report

__all__ = ["Sources", "closest_first"]

OF_THE_TASK = (
    "task",
    "data",
    "stream",
    "text",
    "image",
    "audio",
    "number",
    "ignore",
    "label",
    "problem",
    "metric",
    "threshold",
    "cost",
)
"""Settings that say nothing of a source."""

KIND = "sources"


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Compares source tasks with the task.

    Args:
        question: Of the recommendation; it names the sources.
        bench: Of the recommendation.
        store: Where it is kept.
        memory: What has been read of tasks.
    """

    question: Question
    bench: Bench
    store: Store
    memory: Memory

    def check(self, candidates: Sequence[Candidate]) -> None:
        """Refuse sources that no candidate with frozen features can read, before one is encoded.

        Raises:
            ModaxferError: Their rows cannot be read.
            RefusedError: They have parts with a target each, or there is no such candidate.
        """
        if not self.question.choices.source_task:
            return
        scored = [each for each in candidates if each.scored]
        if not scored:
            raise RefusedError(
                "source tasks are compared by frozen features, and no candidate has any",
                got=", ".join(each.name for each in candidates),
                fix="leave --source-task out, or name an --encoder with pretrained weights",
            )
        for source in self.question.choices.source_task:
            problem = self._resolved(source, scored[0].name).task.target.problem
            if problem_spec(problem).ragged:
                raise RefusedError(
                    "a source is compared by one vector and one target per row",
                    got=f"--source-task {source}, a {problem} task", fix="leave it out",
                )  # fmt: skip

    def run(self, picked: Sequence[Candidate]) -> None:
        """Write what differs between each source and the task, closest inputs first."""
        names = self.question.choices.source_task
        candidate = next((each for each in picked if each.scored and PROBED in each.cells), None)
        if not names or candidate is None:
            return
        if any(self.store.kept(KIND, name) is None for name in names):
            target = self._encoded(candidate.cells[PROBED])
            for name in names:
                if self.store.kept(KIND, name) is None:
                    self.store.keep(KIND, name, self._compared(name, candidate, target))
                    self.bench.progress.say(f"source {name}: compared with the task")
        known = {name: self.store.kept(KIND, name) for name in names}
        self.store.write(sources_order=closest_first(known))

    def _compared(self, source: str, candidate: Candidate, target: Encoded) -> dict[str, Any]:
        told = {"encoder": candidate.name, "command": self._command(source, candidate)}
        try:
            encoded = self._encoded(self._resolved(source, candidate.name))
            report = shift_report(encoded, target)
        except ModaxferError as error:
            # One source that fails leaves the others and the answer; it is told.
            return {**told, "failed": " ".join(str(error).split())}
        return {**told, "rows": len(encoded.targets), "report": report.to_dict(), "lines": report.lines()}

    def _encoded(self, resolved: ResolvedTask) -> Encoded:
        seen = training_alone(looked_at(resolved))
        session = self.bench.open(seen)
        layer_features(session, "train")
        return encoded_rows(session, seen.data.classes)

    def _resolved(self, source: str, encoder: str) -> ResolvedTask:
        usual = RunConfig()
        plain = {name: getattr(usual, name) for name in OF_THE_TASK} | {"task": (source,)}
        return resolve_tasks(replace(self.question.cell(encoder, PROBED), **plain), memory=self.memory)[0]

    def _command(self, source: str, candidate: Candidate) -> str | None:
        """Return the line that learns the source first, by the first strategy that moves the encoder."""
        moving = next((strategy for strategy in candidate.cells if strategy != PROBED), None)
        if moving is None:
            return None
        return command_of(replace(self.question.cell(candidate.name, moving), source_task=(source,)))


def closest_first(known: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the names of sources by the mean rank of their inputs' distances; those that failed are left out."""
    compared = [name for name, each in known.items() if "report" in each]
    values = [[-each["value"] for each in known[name]["report"]["covariate"]["effects"]] for name in compared]
    ranks = mean_ranks(list(zip(*values, strict=True))) if compared else []
    return [name for _, name in sorted(zip(ranks, compared, strict=True), key=lambda each: each[0])]
