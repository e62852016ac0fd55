"""Strategies that adapt: what their plans say of both streams, and what they refuse."""

from __future__ import annotations

import pytest

from modaxfer.errors import ConfigError, RefusedError, UnknownNameError
from modaxfer.plan import SCORE, SUPERVISED, Labels, Part, PlanContext, Reads, Role
from modaxfer.registry import problem_spec
from modaxfer.spec import Rates
from modaxfer.strategies import coral, dann
from modaxfer.strategies.coral import CoralOptions
from modaxfer.strategies.dann import DannOptions
from modaxfer.strategies.schedule import FULL_LENGTH, HEAD_LENGTH

BOTH = {"coral": (coral.plan, CoralOptions), "dann": (dann.plan, DannOptions)}


def context(**changes):
    values = {
        "rates": Rates(),
        "depth": 6,
        "adapter_targets": ("query", "value"),
        "problem": problem_spec("multiclass"),
        "rows": 100,
        "source_rows": 2000,
        "batch_size": 32,
    }
    return PlanContext(**values | changes)


@pytest.mark.parametrize("strategy", BOTH)
def test_it_sees_the_source_s_labels_and_none_of_the_target_s(strategy) -> None:
    plan, options = BOTH[strategy]
    made = plan(options(), context())
    (phase,) = made.phases
    assert {name: (stream.role, stream.labels) for name, stream in phase.streams.items()} == {
        "source": (Role.SOURCE, Labels.GIVEN),
        "target": (Role.TARGET, Labels.HIDDEN),
    }
    supervised, own = phase.losses
    assert (supervised.target, supervised.streams) == (SUPERVISED.target, ("source",))
    assert (own.streams, own.reads) == (("source", "target"), {Reads.POOLED})
    assert (made.shows(Role.SOURCE), made.shows(Role.TARGET)) == (True, False)
    assert (made.shows(Role.SOURCE, split="validation"), made.shows(Role.TARGET, split="validation")) == (True, False)
    assert phase.epochs == FULL_LENGTH.epochs(context(rows=2000))
    assert phase.mixing.epoch == "source"


@pytest.mark.parametrize("strategy", BOTH)
def test_validation_labels_of_the_target_are_seen_where_they_are_asked_for(strategy) -> None:
    plan, options = BOTH[strategy]
    made = plan(options(validate_on="target"), context())
    assert made.phases[0].judged == ("target",)
    assert made.shows(Role.TARGET, split="validation")
    assert not made.shows(Role.TARGET)


@pytest.mark.parametrize("strategy", BOTH)
def test_an_epoch_is_chosen_by_what_is_asked_for(strategy) -> None:
    plan, options = BOTH[strategy]
    assert plan(options(), context()).phases[0].validator == SCORE
    (phase,) = plan(options(validator="im"), context()).phases
    assert phase.validator.target == "modaxfer.validators.information:InformationMaximisation"
    with pytest.raises(UnknownNameError, match=r"unknown validator. Got: circle. .* did you mean circular"):
        plan(options(validator="circle"), context())
    with pytest.raises(ConfigError, match=r"strategy.validate_on would do nothing with validator=im"):
        plan(options(validator="im", validate_on="target"), context())


@pytest.mark.parametrize("strategy", BOTH)
def test_what_lies_underneath_moves(strategy) -> None:
    plan, options = BOTH[strategy]
    adapted = plan(options(underneath="lora", rank=4), context())
    assert adapted.phases[0].trainable == {Part.ADAPTER, Part.HEAD}
    assert adapted.adapter.options["r"] == 4
    with pytest.raises(ConfigError, match=r"strategy.rank would do nothing with underneath=full"):
        plan(options(rank=4), context())


def test_options_reach_the_losses() -> None:
    made = coral.plan(CoralOptions(weight=3.0, on="outputs", means=True), context()).phases[0].losses[1]
    assert (made.weight, made.reads, made.joint) == (3.0, {Reads.OUTPUTS}, True)
    assert made.options == {"on": "outputs", "means": True}
    term = dann.plan(DannOptions(strength=0.5, ramp=False, hidden=8, discriminator_rate=1e-3), context())
    made = term.phases[0].losses[1]
    assert made.options == {"strength": 0.5, "ramp": False, "hidden": 8}
    assert (made.learning_rate, made.joint) == (1e-3, False)


def test_over_a_frozen_body_only_outputs_move() -> None:
    made = coral.plan(CoralOptions(underneath="frozen"), context())
    (phase,) = made.phases
    assert (phase.trainable, phase.epochs) == ({Part.HEAD}, HEAD_LENGTH.epochs(context(rows=2000)))
    assert phase.losses[1].reads == {Reads.OUTPUTS}
    with pytest.raises(RefusedError, match=r"features are moved in closed form where.*Got: a tagging target"):
        coral.plan(CoralOptions(underneath="frozen", on="pooled"), context(problem=problem_spec("tagging")))
    with pytest.raises(RefusedError, match=r"over a frozen body features stay.*no discriminator can be deceived"):
        dann.plan(DannOptions(underneath="frozen"), context())
    fresh = dann.plan(DannOptions(underneath="frozen"), context(trained_bridge=True))
    assert fresh.phases[0].trainable == {Part.HEAD, Part.BRIDGE}
