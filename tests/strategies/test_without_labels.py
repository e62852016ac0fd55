"""Strategies without a step, or without a label of any task: what their plans say, and what they refuse."""

from __future__ import annotations

import pytest

from modaxfer.errors import ConfigError, MissingPackageError, RefusedError
from modaxfer.plan import Labels, Part, PlanContext, Refresh, Role
from modaxfer.registry import problem_spec
from modaxfer.spec import Rates
from modaxfer.strategies import checks, coral, label_shift, ot, shot
from modaxfer.strategies.coral import CoralOptions
from modaxfer.strategies.label_shift import LabelShiftOptions
from modaxfer.strategies.ot import OtOptions
from modaxfer.strategies.shot import ShotOptions


def context(problem="multiclass", **changes):
    values = {
        "rates": Rates(),
        "depth": 6,
        "adapter_targets": ("query", "value"),
        "problem": problem_spec(problem),
        "rows": 100,
        "source_rows": 2000,
        "batch_size": 32,
    }
    return PlanContext(**values | changes)


def test_shot_moves_the_encoder_under_the_head_of_a_run() -> None:
    plan = shot.plan(ShotOptions(), context(from_run=True))
    (phase,) = plan.phases
    assert plan.head_from_run
    assert Part.HEAD not in phase.trainable | set(phase.learning_rates)
    assert Part.BODY in phase.trainable
    (stream,) = phase.streams.values()
    assert (stream.role, stream.labels) == (Role.TARGET, Labels.HIDDEN)
    assert [(extra.name, extra.refresh) for extra in stream.extras] == [("centroid", Refresh.EPOCH)]
    assert [(term.name, term.joint, term.weight) for term in phase.losses] == [
        ("information", True, 1.0),
        ("pseudo", False, 0.3),
    ]
    assert [plan.shows(Role.TARGET, split=split) for split in ("train", "validation")] == [False, False]


def test_shot_without_pseudo_labels_computes_none() -> None:
    (phase,) = shot.plan(ShotOptions(pseudo=0.0, underneath="lora"), context(from_run=True)).phases
    assert phase.streams["target"].extras == ()
    assert [term.name for term in phase.losses] == ["information"]
    assert phase.trainable == {Part.ADAPTER}


def test_a_bridge_that_is_trained_already_learns_no_faster_than_a_body() -> None:
    (phase,) = shot.plan(ShotOptions(), context(from_run=True, trained_bridge=True)).phases
    assert phase.learning_rates[Part.BRIDGE] == Rates().full


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (ShotOptions(underneath="frozen"), RefusedError, r"over a frozen body nothing would move"),
        (ShotOptions(head_first=True), ConfigError, r"head_first would do nothing with a head that stays"),
    ],
)
def test_shot_refuses_what_would_move_nothing(options, error, message) -> None:
    with pytest.raises(error, match=message):
        shot.plan(options, context(from_run=True))


@pytest.mark.parametrize(
    ("plan", "options"), [(shot.plan, ShotOptions()), (ot.plan, OtOptions()), (label_shift.plan, LabelShiftOptions())]
)
@pytest.mark.parametrize("problem", ["regression", "multilabel"])
def test_rows_have_one_class_each(plan, options, problem) -> None:
    with pytest.raises(RefusedError, match="one class per row"):
        plan(options, context(problem))


def test_label_shift_learns_the_source_or_nothing() -> None:
    learned = label_shift.plan(LabelShiftOptions(estimate="bbse"), context())
    assert [stream.role for stream in learned.phases[0].streams.values()] == [Role.SOURCE]
    assert learned.correct.options == {"method": "bbse", "calibration": "bias"}
    taken = label_shift.plan(LabelShiftOptions(), context(from_run=True))
    assert (taken.head_from_run, taken.phases) == (True, ())
    for plan in (learned, taken):
        assert {name: (own.role, own.split, own.labels) for name, own in plan.correct.streams.items()} == {
            "source": (Role.SOURCE, "validation", Labels.GIVEN),
            "target": (Role.TARGET, "train", Labels.HIDDEN),
        }
        assert not plan.shows(Role.TARGET)


@pytest.mark.parametrize(
    ("plan", "options", "solver"),
    [
        (coral.plan, CoralOptions(underneath="frozen", on="pooled", layer="3"), "recoloured"),
        (ot.plan, OtOptions(layer="3"), "transported"),
    ],
)
def test_features_are_moved_in_closed_form_beside_a_plain_head(plan, options, solver, transport) -> None:
    (phase,) = plan(options, context()).phases
    assert phase.solver.target == f"modaxfer.heads.classical.{solver}:fit"
    plain = phase.solver.plain
    assert (plain.target, plain.options.layer, plain.options.pooling) == ("modaxfer.heads.classical:fit", "3", "mean")
    assert {name: (own.role, own.labels) for name, own in phase.streams.items()} == {
        "source": (Role.SOURCE, Labels.GIVEN),
        "target": (Role.TARGET, Labels.HIDDEN),
    }


@pytest.fixture
def transport(monkeypatch):
    """Let POT be there, which the plan does not import."""
    monkeypatch.setattr(checks, "find_spec", lambda name: object())


def test_a_package_that_is_not_there_is_said_at_once(monkeypatch) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"strategy ot needs the package ot.*pip install 'modaxfer\[ot\]'"):
        ot.plan(OtOptions(), context())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            CoralOptions(underneath="frozen", on="pooled", weight=2.0),
            r"weight would do nothing with features of a frozen",
        ),
        (CoralOptions(layer="3"), r"layer would do nothing with features that move by gradient"),
    ],
)
def test_options_of_the_other_coral_are_refused(options, message) -> None:
    with pytest.raises(ConfigError, match=message):
        coral.plan(options, context())


@pytest.mark.parametrize("layer", ["auto", "mix", "7"])
def test_a_move_is_of_one_layer(layer) -> None:
    with pytest.raises(RefusedError, match=rf"a move is of one layer. Got: strategy.layer={layer}"):
        coral.plan(CoralOptions(underneath="frozen", on="pooled", layer=layer), context())
