"""What a run that adapts is measured against: the same plan without adaptation, and one that knows the labels.

Of each phase the supervised part is left, with as many steps as it takes in the run; phases without one go. They are
the worst and the best that the run's rows could have come to. The same plan without the rows that came without labels
says what these were worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from modaxfer.errors import RefusedError
from modaxfer.plan import SUPERVISED, Alternate, Labels, Phase, Plan, Role, Solver, Stream, Together
from modaxfer.spec import UNLABELLED

__all__ = ["BOUNDS", "LABELLED", "ORACLE", "SOURCE_ONLY", "bounded", "refuse_unbounded", "without_unlabelled"]

SOURCE_ONLY, ORACLE = "source-only", "oracle"
BOUNDS = (SOURCE_ONLY, ORACLE)
"""Values of `RunConfig.bound`: the lower one, then the upper one."""

LABELLED = "labelled"
"""A further value: without the rows that came without labels."""


def without_unlabelled(plan: Plan, labelled: Mapping[Role, int], unlabelled: int, batch_size: int) -> Plan:
    """Return `plan` without the streams of rows that came without labels, for as many steps.

    A loss that is left with streams alone whose labels are given, and is not the plain one, compared them with such
    rows: it goes.

    Args:
        plan: Of a run with such rows.
        labelled: Training rows of the source and of the target.
        unlabelled: How many came without labels.
        batch_size: Rows of each stream in a step.

    Raises:
        RefusedError: No phase draws such rows.
    """
    if not any(stream.split == UNLABELLED for phase in plan.phases for stream in phase.streams.values()):
        raise RefusedError(
            "only a run that learns from rows without labels can be measured without them",
            got=f"bound {LABELLED}",
            fix="leave bound out",
        )
    return replace(plan, phases=tuple(_left(phase, labelled, unlabelled, batch_size) for phase in plan.phases))


def _left(phase: Phase, rows: Mapping[Role, int], unlabelled: int, batch_size: int) -> Phase:
    streams = {name: stream for name, stream in phase.streams.items() if stream.split != UNLABELLED}
    given = {name for name, stream in streams.items() if stream.labels is Labels.GIVEN}
    losses = []
    for term in phase.losses:
        own = tuple(name for name in phase.streams_of(term) if name in streams)
        if own and (term.target == SUPERVISED.target or set(own) - given):
            losses.append(replace(term, streams=own))
    before = {name: _batches(_rows_of(stream, rows, unlabelled), batch_size) for name, stream in phase.streams.items()}
    after = {name: before[name] for name in streams}
    mixing = phase.mixing
    if isinstance(mixing, Together) and mixing.epoch not in after:
        mixing = Together()
    return replace(
        phase,
        epochs=phase.epochs * _steps_of(phase.mixing, before) / _steps_of(mixing, after),
        streams=streams,
        mixing=mixing,
        losses=tuple(losses),
    )


def _steps_of(mixing: Together | Alternate, batches: Mapping[str, int]) -> int:
    """Return the steps of an epoch over streams of so many batches."""
    if not isinstance(mixing, Together):
        return sum(batches.values())
    return batches[mixing.epoch] if mixing.epoch else max(batches.values())


def _rows_of(stream: Stream, rows: Mapping[Role, int], unlabelled: int) -> int:
    return unlabelled if stream.split == UNLABELLED else rows[stream.role]


def bounded(plan: Plan, bound: str, rows: Mapping[Role, int], batch_size: int) -> Plan:
    """Return `plan` as one of its bounds has it; see `BOUNDS`.

    Args:
        plan: Of a run that learns from a source task and sees no label of the target's.
        bound: ``source-only``: of each phase the supervised terms on given labels are left. ``oracle``: these terms
            are the target's own, its labels given. A phase without such a term goes. A phase that is solved is
            solved by what its solver calls plain, or by itself where it has one stream. Nothing is corrected.
        rows: Training rows of the source and of the target.
        batch_size: Rows of each stream in a step.

    Raises:
        RefusedError: The plan has no bounds: it sees the target's labels, no phase has a supervised term, or a
            solver of several streams has no plain one.
    """
    if plan.shows(Role.TARGET) or not plan.uses_source:
        raise RefusedError(
            "only a run that adapts to a task whose labels are hidden has bounds",
            got=f"bound {bound}",
            fix="leave bound out",
        )
    role = Role.TARGET if bound == ORACLE else Role.SOURCE
    phases = tuple(made for phase in plan.phases if (made := _bounded(phase, role, rows, batch_size)) is not None)
    if not phases:
        raise RefusedError(
            "a plan without a supervised term on given labels has no bounds", got=f"bound {bound}", fix="leave it out"
        )
    return replace(plan, phases=phases, correct=None)


def refuse_unbounded(plan: Plan) -> None:
    """Refuse a plan that adapts and has a solver of which nothing says what it does without adaptation.

    Raises:
        RefusedError: It is such a plan.
    """
    if plan.uses_source and not plan.shows(Role.TARGET):
        for phase in plan.phases:
            if phase.solver is not None:
                _plain(phase, phase.solver)


def _bounded(phase: Phase, role: Role, rows: Mapping[Role, int], batch_size: int) -> Phase | None:
    if phase.solver is not None:
        return replace(phase, streams={role.value: Stream(role=role)}, solver=_plain(phase, phase.solver))
    given = [name for name, stream in phase.streams.items() if stream.labels is Labels.GIVEN]
    supervised = [term for term in phase.losses if term.target == SUPERVISED.target]
    terms = [term for term in supervised if set(phase.streams_of(term)) & set(given)]
    if not terms:
        return None
    # What is done to labelled rows is no adaptation: the bounds do it too.
    labelled = phase.streams[given[0]]
    stream = Stream(role=role, transforms=labelled.transforms, views=labelled.views)
    own = _batches(rows[role], batch_size)
    return replace(
        phase,
        # As many steps as the phase itself, whose epochs may be counted in rows of the other task.
        epochs=phase.epochs * _steps(phase, rows, batch_size) / own,
        streams={role.value: stream},
        mixing=Together(),
        losses=(replace(SUPERVISED, weight=terms[0].weight),),
        combine=Phase.combine,
        validator=Phase.validator,
        judged=(),
        measure=None,
    )


def _plain(phase: Phase, solver: Solver) -> Solver:
    """Return what fits a head to one labelled stream, as `solver` would without the others.

    Raises:
        RefusedError: It does not say.
    """
    if solver.plain is None and len(phase.streams) > 1:
        raise RefusedError(
            f"what solves phase {phase.name} takes several streams and does not say what it would do with one, so that"
            " nothing tells what adaptation brings",
            got=solver.target,
            fix="name the plain solver in the plan, as Solver(plain=...)",
        )
    return solver.plain or solver


def _steps(phase: Phase, rows: Mapping[Role, int], batch_size: int) -> int:
    """Return the steps of an epoch of `phase`."""
    batches = {name: _batches(rows[phase.streams[name].role], batch_size) for name in phase.drawn}
    return _steps_of(phase.mixing, batches)


def _batches(rows: int, batch_size: int) -> int:
    return -(-rows // batch_size)
