"""A phase whose head is fitted in closed form on frozen features."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from modaxfer.contracts import Fitted, LayerFeatures, Readout, SolverContext
from modaxfer.contracts.solver import drawn_rows
from modaxfer.errors import RefusedError
from modaxfer.plan import Labels, Phase, Role, Solver, Stream
from modaxfer.registry import call_target, fault
from modaxfer.runner.request.room import sees_some
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.features import pooled_features
from modaxfer.runner.training.layers import layer_features, sampled_features
from modaxfer.runner.training.streams import Sessions

__all__ = ["solve_phase"]

BOTH = ("train", "validation")


def solve_phase(sessions: Sessions, phase: Phase, number: int, classes: tuple[str, ...]) -> dict[str, Any]:
    """Encode the rows of a phase's streams once, fit a task's head, and put it and its readout into the model.

    Args:
        sessions: Of all tasks of the run.
        phase: With a solver. Streams of target task 0 are those of the task that is solved.
        number: Of that task, among the target tasks.
        classes: Its class names.

    Returns:
        The solver's report: what it chose, and the seconds for features and search.

    Raises:
        RefusedError: The phase has no solver.
    """
    if phase.solver is None:
        raise RefusedError(f"phase {phase.name} has no solver", fix="correct the plan of the strategy")
    started = time.monotonic()
    session = sessions[Role.TARGET, number]
    session.model.set_trainable(phase)
    streams = {name: (stream, _session_of(stream, sessions, number)) for name, stream in phase.streams.items()}
    reader = _Reader()
    features = {name: _features(*each, phase.solver, reader) for name, each in streams.items()}
    encoded = time.monotonic()
    context = SolverContext(
        features=features,
        targets={name: _targets(*each) for name, each in streams.items()},
        problem=session.problem,
        classes=classes,
        seed=session.seed,
        judge=session.judge,
        class_weight=session.train.class_weight,
    )
    kind = f"solver of phase {phase.name}"
    fitted: Any = call_target(phase.solver.target, context, phase.solver.options, kind=kind)
    if not isinstance(fitted, Fitted):
        got, allowed = type(fitted).__name__, "modaxfer.contracts.Fitted"
        raise fault(phase.solver.target, "returned no fitted head", got=got, allowed=allowed, kind=kind)
    session.warnings.extend(fitted.report.get("left_out", ()))
    session.model.read(fitted.readouts)
    session.model.head = fitted.head.to(session.computer.device)
    session.criterion = fitted.criterion or session.criterion
    session.progress.say(f"  chose {fitted.report.get('head')} on {'; '.join(map(_told, fitted.readouts))}")
    searched = time.monotonic() - encoded - reader.seconds
    return dict(fitted.report) | {"features_s": encoded - started + reader.seconds, "search_s": searched}


def _told(readout: Readout) -> str:
    layers = readout.layers
    return f"layer{'s' if len(layers) > 1 else ''} {', '.join(map(str, layers))}, {readout.pooling}"


def _session_of(stream: Stream, sessions: Sessions, number: int) -> TaskSession:
    own = stream.role is Role.TARGET and stream.task == 0
    return sessions[stream.role, number if own else stream.task]


@dataclass
class _Reader:
    """Reads what a solver asks for while it solves."""

    seconds: float = 0.0
    """That rows took to go through the encoder, or to be found."""

    def read(self, session: TaskSession, readout: Readout) -> np.ndarray:
        """Return what a head reads of all training rows, float32 ``[rows, width]``."""
        started = time.monotonic()
        session.model.read((readout,))
        vectors = pooled_features(session, "train")
        self.seconds += time.monotonic() - started
        return vectors


def _features(stream: Stream, session: TaskSession, solver: Solver, reader: _Reader) -> tuple[LayerFeatures, ...]:
    """Return what is known of a stream's rows; of one that draws from another split than train, that split alone."""
    if stream.split == "train" and _sees_some(session, solver):
        return (_sampled(session, solver, reader),)
    splits = {name: layer_features(session, name) for name in BOTH if stream.split == "train"}
    if not splits:
        splits = {"train": layer_features(session, stream.split)}
    groups = session.groups if len(splits) > 1 else None
    return tuple(
        LayerFeatures(
            train=splits["train"][tower].pools,
            validation=splits["validation"][tower].pools if "validation" in splits else None,
            groups=groups,
            there={name: there for name, known in splits.items() if (there := known[tower].there) is not None},
        )
        for tower in range(len(session.model.towers))
    )


def _sees_some(session: TaskSession, solver: Solver) -> bool:
    split = session.splits["train"]
    return sees_some(
        solver,
        rows=max(len(session.splits[name].lengths) for name in BOTH),
        encoders=len(session.model.towers),
        processes=session.accelerator.num_processes,
        parted=split.picks is not None,
    )


def _sampled(session: TaskSession, solver: Solver, reader: _Reader) -> LayerFeatures:
    """Return all layers of as many rows as `solver` chooses on, and what reads all training rows."""
    assert solver.sample_rows is not None, "asked before"
    rows = {name: drawn_rows(len(session.splits[name].lengths), solver.sample_rows, session.seed) for name in BOTH}
    known = sampled_features(session, rows)
    return LayerFeatures(
        train=known["train"].pools,
        rows=rows["train"],
        read=partial(reader.read, session),
        validation=known["validation"].pools,
        validation_rows=rows["validation"],
        groups=session.groups,
    )


def _targets(stream: Stream, session: TaskSession) -> Mapping[str, np.ndarray]:
    return {name: session.splits[name].targets for name in BOTH} if stream.labels is Labels.GIVEN else {}
