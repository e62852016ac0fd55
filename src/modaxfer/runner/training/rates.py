"""Search over learning rates inside one run: several trainings from one start, the best on validation is kept.

The test split plays no part in it: it is opened once, after the chosen weights have been put back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from modaxfer.errors import DivergedError
from modaxfer.plan import Phase
from modaxfer.result import write_atomically
from modaxfer.runner.session import models_of
from modaxfer.runner.tensors import write_tensors
from modaxfer.runner.training.best import leads
from modaxfer.runner.training.checkpoint import Checkpoints, pack, unpack
from modaxfer.runner.training.streams import Sessions
from modaxfer.runner.training.validation import Validation

__all__ = ["Attempt", "RateSearch", "asked_epochs", "train_at_rates"]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One training from the common start."""

    factor: float
    """On the learning rates of all phases."""
    score: float = -math.inf
    """Of the trained model, by the validator of the last phase: greater is better."""
    shown: float | None = None
    """The same as people read it: a primary metric as itself."""
    diverged: bool = False
    report: Mapping[str, Any] = field(default_factory=dict)
    """What the runner has to say of the training, as plain JSON types."""


Train = Callable[[float, Checkpoints], Attempt]
"""Trains all phases with their rates times a factor, with these checkpoints, and leaves the result in the model."""


@dataclass(frozen=True, kw_only=True)
class RateSearch:
    """Where a search is run."""

    model: nn.Module
    """What is trained; every attempt starts from the weights that it has when the search begins."""
    folder: Path
    """``RUN/.checkpoint``: finished attempts and best weights are kept there, so that a killed search goes on."""
    seed: int
    """Of what is random in training; each attempt starts from it."""
    writes: bool = True
    """Whether this process is the one that writes; all processes read."""
    say: Callable[[str], None] = lambda line: None

    def run(self, factors: Sequence[float], train: Train) -> dict[str, Any]:
        """Train once per factor and put the weights of the best attempt into the model; of equals the first.

        Returns:
            The report of the best attempt and, under ``rates``, ``chosen`` and ``tried``: every factor's score.

        Raises:
            DivergedError: Training diverged at every factor.
        """
        start = {name: tensor.detach().to("cpu", copy=True) for name, tensor in self.model.state_dict().items()}
        attempts: list[Attempt] = []
        best, changed = None, start
        for number, factor in enumerate(factors):
            attempt = self._read(number)
            finished = attempt is not None
            attempt = attempt or self._train(number, factor, train, start)
            attempts.append(attempt)
            better = not attempt.diverged and leads(attempt.score, None if best is None else best.score)
            if better:
                best = attempt
                changed = load_file(self._weights(number)) if finished else self._difference(start)
            if not finished:
                self._write(number, attempt, changed if better else None)
        if best is None:
            raise DivergedError("training diverged at every learning rate", got=[*factors], fix="try smaller ones")
        self.model.load_state_dict(start | changed)
        if len(factors) > 1:
            self.say(f"  learning rates x {best.factor:g} are the best on validation")
        return {**best.report, "rates": {"chosen": best.factor, "tried": [_shown(attempt) for attempt in attempts]}}

    def _train(self, number: int, factor: float, train: Train, start: Mapping[str, torch.Tensor]) -> Attempt:
        self.say(f"  learning rates x {factor:g}")
        self.model.load_state_dict(start)
        torch.manual_seed(self.seed)
        try:
            return train(factor, Checkpoints(self._place(number), writes=self.writes))
        except DivergedError as error:
            self.say(f"  learning rates x {factor:g} are out: {error.what}")
            return Attempt(factor=factor, diverged=True)

    def _difference(self, start: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return the tensors that are not as they were."""
        now = {name: tensor.detach().to("cpu", copy=True) for name, tensor in self.model.state_dict().items()}
        return {name: tensor for name, tensor in now.items() if not torch.equal(tensor, start[name])}

    def _place(self, number: int) -> Path:
        return self.folder / f"rate-{number}"

    def _weights(self, number: int) -> Path:
        return self.folder / f"rate-{number}.safetensors"

    def _write(self, number: int, attempt: Attempt, state: Mapping[str, torch.Tensor] | None) -> None:
        """Note a finished attempt, the weights of a leading one first: what is noted can be resumed."""
        if not self.writes:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if state is not None:
            write_tensors(state, self._weights(number))
        write_atomically(self._place(number).with_suffix(".json"), pack(asdict(attempt)))
        Checkpoints(self._place(number)).clear()

    def _read(self, number: int) -> Attempt | None:
        path = self._place(number).with_suffix(".json")
        return Attempt(**unpack(path.read_text(encoding="utf-8"), "score")) if path.is_file() else None


def train_at_rates(
    sessions: Sessions,
    phases: Sequence[Phase],
    train: Callable[[Sequence[Phase], Checkpoints], dict[str, Any]],
    folder: Path,
    *,
    writes: bool,
) -> dict[str, Any]:
    """Train `phases`: once as they are, or at every factor of ``train.rates``, of which the best is kept.

    Where a head is fitted in closed form learning rates decide nothing, and there is no search.

    Args:
        sessions: The run's tasks.
        phases: All phases of the plan.
        train: Runs phases with checkpoints from where these say, and returns a report.
        folder: ``RUN/.checkpoint``.
        writes: Whether this process is the one that writes.

    Returns:
        The report, with ``epochs`` that were asked for and, after a search, ``rates``.
    """
    asked = asked_epochs(phases)
    epochs = {} if asked is None else {"epochs": asked}
    session = next(iter(sessions.values()))
    if not session.train.rates or any(phase.solver is not None for phase in phases):
        return {**train(phases, Checkpoints(folder, writes=writes)), **epochs}
    log, weights_key = session.log, session.weights_key

    def attempt(factor: float, checkpoints: Checkpoints) -> Attempt:
        for one in sessions.values():
            one.log, one.weights_key, one.layers = log.within(rate=factor), weights_key, {}
        # What the attempt before left behind: wrappers around models, optimisers and their moments.
        session.accelerator.free_memory()
        report = train([_at_rate(phase, factor) for phase in phases], checkpoints)
        validation = Validation(phases[-1], sessions, cached=False)
        score = validation().score
        return Attempt(factor=factor, score=score, shown=validation.value_of(score), report=report)

    search = RateSearch(
        model=nn.ModuleList(models_of(sessions.values())),
        folder=folder,
        seed=session.seed,
        writes=writes,
        say=session.progress.say,
    )
    report = search.run(session.train.rates, attempt)
    for one in sessions.values():
        one.log, one.weights_key = log, ""
    return {**report, **epochs}


def asked_epochs(phases: Sequence[Phase]) -> float | None:
    """Return the epochs that `phases` ask for together; None where none is trained by gradient."""
    return sum(phase.epochs for phase in phases if phase.solver is None) or None


def _at_rate(phase: Phase, factor: float) -> Phase:
    losses = [
        term if term.learning_rate is None else replace(term, learning_rate=factor * term.learning_rate)
        for term in phase.losses
    ]
    rates = {part: factor * rate for part, rate in phase.learning_rates.items()}
    return replace(phase, learning_rates=rates, losses=tuple(losses))


def _shown(attempt: Attempt) -> dict[str, Any]:
    outcome = {"diverged": True} if attempt.diverged else {"validation": attempt.shown}
    return {"factor": attempt.factor, **outcome}
