"""Whose labels chose the epochs of a plan."""

from __future__ import annotations

import pytest

from modaxfer.plan import SCORE, Component, Labels, Part, Phase, Plan, Role, Solver, Stream
from modaxfer.runner.evaluation.chosen import validated_on, validators_of

RATES = {Part.HEAD: 1e-3}
BLIND = Component(target="losses_of_tests:Confident")
SOURCE, HIDDEN = Stream(role=Role.SOURCE), Stream(labels=Labels.HIDDEN)


def phase(**changes):
    streams = {"source": SOURCE, "target": HIDDEN}
    return Phase(**{"trainable": frozenset(RATES), "learning_rates": RATES, "streams": streams, **changes})


@pytest.mark.parametrize(
    ("phases", "told"),
    [
        ([phase()], "source"),
        ([phase(judged=("target",))], "target"),
        ([phase(), phase(judged=("target",))], "source and target"),
        ([phase(validator=BLIND)], "no labels"),
        ([phase(validator=BLIND), phase()], "source"),
        ([phase(streams={"train": Stream()})], "target"),
        ([phase(validator=BLIND), phase(solver=Solver(target="a:b"))], "source"),
    ],
)
def test_it_is_read_off_validators_and_judged_streams(phases, told):
    assert validated_on(Plan(phases=tuple(phases))) == told


def test_validators_are_those_of_gradient_phases_each_once():
    plan = Plan(phases=(phase(), phase(validator=BLIND), phase(), phase(solver=Solver(target="a:b"))))
    assert validators_of(plan) == [str(SCORE), str(BLIND)]
