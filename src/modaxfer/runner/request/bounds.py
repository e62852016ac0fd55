"""What a run that adapts is measured against: the same plan without adaptation, and one that knows the labels.

Both take as many steps as the run itself: the worst and the best that its rows could have come to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from modaxfer.errors import RefusedError
from modaxfer.plan import SUPERVISED, Labels, Phase, Plan, Role, Stream, Together

__all__ = ["BOUNDS", "ORACLE", "SOURCE_ONLY", "bounded"]

SOURCE_ONLY, ORACLE = "source-only", "oracle"
BOUNDS = (SOURCE_ONLY, ORACLE)
"""Values of `RunConfig.bound`: the lower one, then the upper one."""


def bounded(plan: Plan, bound: str, rows: Mapping[Role, int], batch_size: int) -> Plan:
    """Return `plan` as one of its bounds has it; see `BOUNDS`.

    Args:
        plan: Of a run that learns from a source task and sees no label of the target's.
        bound: ``source-only``: of each phase the supervised terms on given labels are left. ``oracle``: these terms
            are the target's own, its labels given. A phase without such a term goes.
        rows: Training rows of the source and of the target.
        batch_size: Rows of each stream in a step.

    Raises:
        RefusedError: The plan has no bounds: it sees the target's labels, or no phase has a supervised term.
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
    return replace(plan, phases=phases)


def _bounded(phase: Phase, role: Role, rows: Mapping[Role, int], batch_size: int) -> Phase | None:
    given = [name for name, stream in phase.streams.items() if stream.labels is Labels.GIVEN]
    supervised = [term for term in phase.losses if term.target == SUPERVISED.target]
    terms = [term for term in supervised if set(phase.streams_of(term)) & set(given)]
    if not terms:
        return None
    stream = Stream(role=role, transforms=phase.streams[given[0]].transforms)
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


def _steps(phase: Phase, rows: Mapping[Role, int], batch_size: int) -> int:
    """Return the steps of an epoch of `phase`."""
    batches = {name: _batches(rows[phase.streams[name].role], batch_size) for name in phase.drawn}
    if not isinstance(phase.mixing, Together):
        return sum(batches.values())
    return batches[phase.mixing.epoch] if phase.mixing.epoch else max(batches.values())


def _batches(rows: int, batch_size: int) -> int:
    return -(-rows // batch_size)
