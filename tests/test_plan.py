"""What a plan can say, and what it cannot."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from modaxfer.errors import RefusedError
from modaxfer.plan import (
    SUPERVISED,
    Alternate,
    Component,
    Correction,
    Labels,
    LossTerm,
    Part,
    Phase,
    Plan,
    Ramp,
    Reads,
    Refresh,
    Role,
    Solver,
    Stream,
    Together,
    View,
)

HEAD = {"trainable": frozenset({Part.HEAD}), "learning_rates": {Part.HEAD: 1e-3}}
TERM = LossTerm(name="align", target="somewhere:Loss")


def test_a_plain_phase_trains_on_the_labels_of_its_task() -> None:
    phase = Phase(**HEAD)
    assert phase.streams == {"train": Stream(role=Role.TARGET, labels=Labels.GIVEN)}
    assert phase.losses == (SUPERVISED,)
    assert phase.streams_of(SUPERVISED) == ("train",)


@pytest.mark.parametrize("progress", [0.0, 0.1, 0.5, 1.0])
def test_ramps_are_their_formulas(progress) -> None:
    ganin = 2 / (1 + math.exp(-10 * progress)) - 1
    assert Ramp(gamma=10.0)(progress) == pytest.approx(ganin)
    assert Ramp(shape="linear", start=1.0, end=3.0)(progress) == pytest.approx(1 + 2 * progress)
    assert Ramp(shape="cosine")(progress) == pytest.approx((1 - math.cos(math.pi * progress)) / 2)


def test_a_ramp_may_be_done_before_the_phase_is() -> None:
    """AdaMatch (Berthelot et al. 2022, section 3.3): 1/2 - cos(min(pi, 2 pi p)) / 2."""
    ramp = Ramp(shape="cosine", until=0.5)
    assert [ramp(p) for p in (0.0, 0.2, 0.5, 0.9)] == pytest.approx(
        [0.5 - math.cos(min(math.pi, 2 * math.pi * p)) / 2 for p in (0.0, 0.2, 0.5, 0.9)]
    )
    with pytest.raises(RefusedError, match=r"a ramp cannot end there. Got: 0"):
        Ramp(until=0.0)


def test_a_ramp_has_a_known_shape() -> None:
    with pytest.raises(RefusedError, match=r"a ramp has no such shape. Got: square. Allowed: sigmoid, linear, cosine"):
        Ramp(shape="square")


@pytest.mark.parametrize(("split", "labels"), [("test", Labels.HIDDEN), ("validation", Labels.GIVEN)])
def test_rows_that_judge_are_not_learned_from(split, labels) -> None:
    with pytest.raises(RefusedError, match=f"cannot draw from split {split}"):
        Phase(trainable=frozenset(), streams={"rows": Stream(split=split, labels=labels)})


@pytest.mark.parametrize(
    "judged",
    [{"validator": Component(target="a:B")}, {"measure": Component(target="a:b")}, {"judged": ("train",)}],
    ids=["validator", "measure", "judged"],
)
def test_a_phase_without_epochs_has_nothing_that_judges_them(judged) -> None:
    with pytest.raises(RefusedError, match=rf"phase train is solved at once.*Got: {next(iter(judged))}"):
        Phase(trainable=frozenset(), solver=Solver(target="a:b"), **judged)


def test_a_correction_is_shown_validation_labels_and_the_plan_says_so() -> None:
    correction = Correction(name="c", target="a:b", streams={"own": Stream(split="validation")})
    plan = Plan(correct=correction, head_from_run=True)
    assert plan.shows(Role.TARGET, split="validation")
    assert not plan.shows(Role.TARGET)
    with pytest.raises(RefusedError, match=r"correction c is shown outputs.* Got: predicted labels of own"):
        Correction(name="c", target="a:b", streams={"own": Stream(labels=Labels.PREDICTED)})


def test_views_have_transforms_of_their_own_behind_those_of_the_stream() -> None:
    stream = Stream(transforms=("flip",), views=(View(), View(transforms=("strong",))))
    assert stream.changes == (("flip",), ("flip", "strong"))
    assert Stream().changes == ((),)
    with pytest.raises(RefusedError, match="a stream shows its rows in no view"):
        Stream(views=())


def test_what_is_given_is_not_made_anew() -> None:
    assert Stream(labels=Labels.PREDICTED, refresh=Refresh.EPOCH).refresh is Refresh.EPOCH
    with pytest.raises(RefusedError, match=r"only predicted labels can be made anew. Got: refresh epoch with labels g"):
        Stream(refresh=Refresh.EPOCH)


def test_a_joint_loss_reads_what_can_be_laid_together() -> None:
    with pytest.raises(RefusedError, match=r"loss x is joint and reads what .* Got: tokens. Allowed: outputs, pooled"):
        LossTerm(name="x", target="a:B", joint=True, reads=frozenset({Reads.TOKENS, Reads.POOLED}))


@pytest.mark.parametrize("name", ["", "a b", "a.b"])
def test_losses_have_plain_names(name) -> None:
    with pytest.raises(RefusedError, match="a loss cannot be called so"):
        LossTerm(name=name, target="a:B")


def test_a_joint_loss_needs_its_streams_in_one_step() -> None:
    streams = {"source": Stream(role=Role.SOURCE), "target": Stream(labels=Labels.HIDDEN)}
    joint = LossTerm(name="x", target="a:B", joint=True)
    with pytest.raises(RefusedError, match=r"joint losses of several streams, and each step is of one. Got: x"):
        Phase(**HEAD, streams=streams, mixing=Alternate(), losses=(joint,))
    one = replace(joint, streams=("target",))
    assert Phase(**HEAD, streams=streams, mixing=Alternate(), losses=(one,)).drawn == ("target",)
    with pytest.raises(RefusedError, match=r"counts its epochs by a stream that no loss takes. Got: source"):
        Phase(**HEAD, streams=streams, mixing=Together(epoch="source"), losses=(one,))
    with pytest.raises(
        RefusedError, match=r"phase train has no loss that takes rows. Got: none. Fix: name one, or a solver"
    ):
        Phase(**HEAD, losses=())


def test_streams_have_plain_names() -> None:
    with pytest.raises(RefusedError, match=r"a stream cannot be called so. Got: 'a/b'"):
        Phase(**HEAD, streams={"a/b": Stream()})


def test_a_phase_names_its_own_streams() -> None:
    streams = {"source": Stream(role=Role.SOURCE), "target": Stream(labels=Labels.HIDDEN)}
    with pytest.raises(RefusedError, match=r"phase train has no such stream. Got: sauce. Allowed: source, target"):
        Phase(**HEAD, streams=streams, losses=(LossTerm(name="x", target="a:B", streams=("sauce",)),))
    with pytest.raises(RefusedError, match=r"phase train has no such stream. Got: sauce"):
        Phase(**HEAD, streams=streams, mixing=Together(epoch="sauce"))
    with pytest.raises(RefusedError, match=r"phase train has two losses of one name. Got: align, align"):
        Phase(**HEAD, losses=(TERM, TERM))
    with pytest.raises(RefusedError, match=r"no stream at all"):
        Phase(**HEAD, streams={})
