"""Bounds of a run that adapts: what is left of its plan, and as many steps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modaxfer.errors import RefusedError
from modaxfer.plan import (
    SUPERVISED,
    Alternate,
    Correction,
    Labels,
    LossTerm,
    Part,
    Phase,
    Plan,
    Role,
    Solver,
    Stream,
    Together,
)
from modaxfer.runner.request.bounds import BOUNDS, bounded, refuse_unbounded

ROWS = {Role.SOURCE: 100, Role.TARGET: 64}
OTHER = LossTerm(name="dann", target="modaxfer.losses.dann:Dann")


def adapting(**changes) -> Plan:
    phase = Phase(
        trainable=frozenset({Part.HEAD}),
        learning_rates={Part.HEAD: 1e-3},
        epochs=3,
        streams={"source": Stream(role=Role.SOURCE), "target": Stream(labels=Labels.HIDDEN)},
        mixing=Together(epoch="source"),
        losses=(replace(SUPERVISED, streams=("source",), weight=2.0), OTHER),
        judged=("target",),
    )
    return Plan(phases=(replace(phase, **changes),))


def steps(plan: Plan) -> float:
    """Return the steps of a plan of one stream, in batches of 16."""
    (phase,) = plan.phases
    (stream,) = phase.streams.values()
    return phase.epochs * -(-ROWS[stream.role] // 16)


@pytest.mark.parametrize("bound", BOUNDS)
def test_only_the_supervised_term_is_left(bound) -> None:
    plan = bounded(adapting(), bound, ROWS, 16)
    (phase,) = plan.phases
    (stream,) = phase.streams.values()
    assert stream.role == (Role.TARGET if bound == "oracle" else Role.SOURCE)
    assert stream.labels is Labels.GIVEN
    assert phase.losses == (replace(SUPERVISED, weight=2.0),)
    assert phase.judged == ()
    assert plan.shows(Role.TARGET) == plan.shows(Role.TARGET, split="validation") == (bound == "oracle")
    assert plan.uses_source == (bound == "source-only")


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize(
    ("mixing", "expected"),
    [(Together(epoch="source"), 21), (Together(epoch="target"), 12), (Together(), 21), (Alternate(), 33)],
)
def test_it_takes_as_many_steps_as_the_run_itself(bound, mixing, expected) -> None:
    # Batches of 16: 7 of the source, 4 of the target, three epochs.
    assert steps(bounded(adapting(mixing=mixing), bound, ROWS, 16)) == pytest.approx(expected)


@pytest.mark.parametrize("bound", BOUNDS)
def test_phases_without_labels_go(bound) -> None:
    (phase,) = adapting().phases
    plan = bounded(Plan(phases=(replace(phase, name="align", losses=(OTHER,)), phase)), bound, ROWS, 16)
    assert [each.name for each in plan.phases] == ["train"]
    with pytest.raises(RefusedError, match="without a supervised term on given labels has no bounds"):
        bounded(adapting(losses=(OTHER,)), bound, ROWS, 16)


def test_a_plan_that_sees_the_labels_has_no_bounds() -> None:
    plain = Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1e-3})
    with pytest.raises(RefusedError, match=r"only a run that adapts .* has bounds\. Got: bound oracle"):
        bounded(Plan(phases=(plain,)), "oracle", ROWS, 16)


def solved(plain=None, streams=("source", "target")) -> Plan:
    own = {"source": Stream(role=Role.SOURCE), "target": Stream(labels=Labels.HIDDEN)}
    solver = Solver(target="a:two", plain=plain)
    return Plan(phases=(Phase(trainable=frozenset(), streams={name: own[name] for name in streams}, solver=solver),))


@pytest.mark.parametrize("bound", BOUNDS)
def test_a_solver_of_two_streams_is_bounded_by_its_plain_one(bound) -> None:
    plain = Solver(target="a:one")
    (phase,) = bounded(solved(plain), bound, ROWS, 16).phases
    (stream,) = phase.streams.values()
    assert (phase.solver, stream.labels) == (plain, Labels.GIVEN)
    assert stream.role == (Role.TARGET if bound == "oracle" else Role.SOURCE)


def test_a_solver_of_two_streams_without_a_plain_one_is_refused() -> None:
    refuse_unbounded(solved(streams=("source",)))
    with pytest.raises(RefusedError, match=r"does not say what it would do with one.*Got: a:two.*Solver\(plain"):
        refuse_unbounded(solved())


def test_a_bound_is_not_corrected() -> None:
    correction = Correction(name="c", target="a:b", streams={"target": Stream(labels=Labels.HIDDEN)})
    assert bounded(replace(adapting(), correct=correction), "source-only", ROWS, 16).correct is None
