"""A recommendation from its question to its answer: candidates, scores, short runs, choice."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modaxfer.errors import ConfigError, RefusedError
from modaxfer.metrics import greater_is_better
from modaxfer.registry import problem_spec, registry
from modaxfer.runner.model.decision import Decision
from modaxfer.runner.processes.accelerate import make_accelerator
from modaxfer.runner.processes.launch import launched_world
from modaxfer.runner.progress import Progress
from modaxfer.runner.recommend.answer import answer
from modaxfer.runner.recommend.candidates import PROBED, Found, find_candidates
from modaxfer.runner.recommend.decide import Option, Shown, best_first, compare_options
from modaxfer.runner.recommend.encode import Bench
from modaxfer.runner.recommend.judged import picks, ranked
from modaxfer.runner.recommend.options import Cell, Options
from modaxfer.runner.recommend.prior import Prior, priors
from modaxfer.runner.recommend.question import Question
from modaxfer.runner.recommend.rows import looked_at
from modaxfer.runner.recommend.scoring import JUDGING, Scoring
from modaxfer.runner.recommend.sources import Sources
from modaxfer.runner.recommend.stored import Store
from modaxfer.runner.request.asked_scores import AUTO, cost_of
from modaxfer.runner.session import TaskSession
from modaxfer.tasks.memory import Memory
from modaxfer.transferability import check_fit, default_scores

__all__ = ["recommend"]

MOST_PROMISING = ("full", "lora")
"""Which strategies are tried first where there is no time for all: a step of both takes as long, and in our own grids
of few rows the best encoder of a task did better with the first (docs/results/recommend.md)."""


def recommend(question: Question, folder: Path, progress: Progress) -> dict[str, Any]:
    """Answer `question` in `folder`, going on from what is there, and return the content of recommend.json.

    Raises:
        ConfigError: It was started by a launcher of several processes.
        RefusedError: No candidate can take the task, or its rows have parts with a target each.
        ModaxferError: The task cannot be read.
    """
    if (launched_world() or 1) > 1:
        raise ConfigError(
            "a recommendation runs in one process", got=f"{launched_world()} processes of a launcher",
            fix="start it without the launcher; the line that it recommends may have one",
        )  # fmt: skip
    store, started = Store(folder), time.monotonic()
    if store.found.get("status") == "completed":
        progress.say(f"{folder} is finished already")
        return store.found
    before = float(store.found.get("spent_s", 0.0))
    memory = Memory()
    found = find_candidates(question, memory)
    _refuse_parts(found)
    accelerator, config = make_accelerator(question.settings)
    bench = Bench(accelerator=accelerator, precision=config.precision, device=config.device, progress=progress)
    sources = Sources(question=question, bench=bench, store=store, memory=memory)
    sources.check(found.candidates)
    _Recommendation(question, found, bench, store, sources, started - before + question.promised).run()
    store.write(status="completed", spent_s=round(before + time.monotonic() - started, 1))
    return store.found


def _refuse_parts(found: Found) -> None:
    """Refuse a task of which no option could be held out row by row."""
    problem = next(iter(found.candidates[0].cells.values())).task.target.problem
    if problem_spec(problem).ragged:
        raise RefusedError(
            f"a recommendation cannot judge a {problem} task: its scores read one vector and one target per row",
            got="a target for each part of a row",
            fix="train the encoders that you have in mind with `modaxfer train`, and set them side by side with "
            "`modaxfer compare RUN RUN`",
        )


class _Recommendation:
    def __init__(
        self, question: Question, found: Found, bench: Bench, store: Store, sources: Sources, until: float
    ) -> None:
        self.sources, self.until = sources, until
        self.question, self.found, self.bench, self.store = question, found, bench, store
        self.candidates = {candidate.name: candidate for candidate in found.candidates}
        self.any = next(iter(found.candidates[0].cells.values()))
        self.kinds = [field.signal.kind for field in self.any.fields]

    def run(self) -> None:
        """Find out and write everything that an answer has."""
        self.store.write(status="running", **self._request())
        known = priors(self.found.candidates, self.question.task, self.kinds)
        scored = self._scored(known)
        order = ranked(known, {name: _values(each) for name, each in scored.items()})
        picked = picks([each for each in order if not scored[each.name].get("failed")] or order)
        self.sources.run([self.candidates[name] for name in picked])
        options, session = self._options(picked, known)
        judgement = compare_options(options, self._shown(session))
        self.store.write(**answer(self.question, self.found, judgement, order, picked, self.store.found))

    def _request(self) -> dict[str, Any]:
        rows, seen = self.any.data.rows, looked_at(self.any).data.rows
        return {
            "task": self.any.task_id,
            "problem": self.any.task.target.problem,
            "primary": self.any.primary,
            "greater_is_better": greater_is_better(self.any.primary),
            "rows": rows,
            "looked_at": seen,
            "box_s": self.question.box,
            "refused": [vars(each) for each in self.found.refused],
            "absent": [vars(each) for each in self.found.absent],
        }

    def _scored(self, known: dict[str, Prior]) -> dict[str, Any]:
        problem = self.any.task.target.problem
        shown = registry().shown
        further = (shown(registry().get("transferability score", name)) for name in self.question.choices.score)
        names = tuple(dict.fromkeys((*default_scores(problem), *further)))
        for name in names:
            check_fit(name, problem)
        hopeful = sorted(
            self.found.candidates, key=lambda candidate: (not candidate.scored, known[candidate.name].rank)
        )
        until = self.until - (1 - JUDGING) * self.question.promised
        return Scoring(bench=self.bench, store=self.store, names=names, until=until).run(hopeful, known)

    def _options(self, picked: Sequence[str], known: dict[str, Prior]) -> tuple[list[Option], TaskSession]:
        options = Options(
            bench=self.bench, store=self.store, candidates=self.candidates, box=self.question.box, until=self.until
        )  # fmt: skip
        first = self.candidates[picked[0]]
        session = self.bench.open(looked_at(next(iter(first.cells.values()))))
        made = [options.simple(session, first), *(options.frozen(name) for name in picked)]
        found = [option for option in made if option is not None]
        solved = {option.encoder for option in found}
        known_ones = [option.encoder for option in best_first(found, self._shown(session)) if option.encoder in picked]
        hopeful = list(dict.fromkeys([*known_ones, *picked]))
        return [*found, *options.moved(self._cells(hopeful, solved, known))], session

    def _cells(self, picked: Sequence[str], solved: set[str], known: dict[str, Prior]) -> list[Cell]:
        """Return what is to be tried by short runs, the most promising first, since time may end before the last.

        The picks moved, that of the best frozen score first, as a whole before in part (`MOST_PROMISING`); and the best
        of what is made for such rows.
        """
        cells = [
            (name, strategy)
            for name in picked
            for strategy in sorted(self.question.choices.strategy, key=_turn)
            if strategy in self.candidates[name].cells and not (strategy == PROBED and name in solved)
        ]
        fresh = [each for each in self.found.candidates if each.native and not each.encoder.spec.pretrained]
        best = min(fresh, key=lambda each: known[each.name].rank, default=None)
        if best is not None and best.name not in picked:
            cells += [(best.name, strategy) for strategy in best.cells]
        return cells

    def _shown(self, session: TaskSession) -> Shown:
        return Shown(
            problem=session.problem,
            metric=session.primary,
            cost=session.cost,
            decision=self._decision(),
            train=session.splits["train"].targets,
            validation=session.splits["validation"].targets,
            groups=session.groups,
            tested=self.any.data.rows["test"],
            seed=session.seed,
        )

    def _decision(self) -> Decision:
        """Return what is asked for to be decided by; what a run would choose on validation rows is not anticipated."""
        config, any_one = self.question.settings, self.any
        given = () if config.threshold == AUTO else (float(config.threshold),)
        return Decision(thresholds=given, cost=cost_of(config, any_one.task, any_one.data.classes))


def _turn(strategy: str) -> int:
    return MOST_PROMISING.index(strategy) if strategy in MOST_PROMISING else len(MOST_PROMISING)


def _values(known: Any) -> dict[str, float]:
    return {name: each["value"] for name, each in known["scores"].items() if each["value"] is not None}
