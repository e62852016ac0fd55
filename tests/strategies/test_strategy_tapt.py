"""The plan of continued pretraining: inputs first, then labels, and both together where labels are a source's."""

from __future__ import annotations

import pytest

from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import SUPERVISED, Alternate, Labels, Part, PlanContext, Reads, Role, Together
from modaxfer.registry import problem_spec
from modaxfer.spec import Rates
from modaxfer.strategies.schedule import FULL_LENGTH
from modaxfer.strategies.tapt import TaptOptions, plan

RATES = Rates(full=1e-4, adapter=2e-3, head_multiplier=10, layer_decay=0.8)


def context(problem="multiclass", **changes):
    values = {
        "rates": RATES,
        "depth": 6,
        "adapter_targets": ("query",),
        "problem": problem_spec(problem),
        "rows": 96,
        "batch_size": 32,
    }
    return PlanContext(**values | changes)


def test_inputs_are_learned_first_and_labels_afterwards():
    made = plan(TaptOptions(), context(unlabelled_rows=4000))
    masked, labelled = made.phases
    assert masked.trainable == {Part.BODY, Part.EMBEDDINGS}
    assert {name: (own.split, own.labels) for name, own in masked.streams.items()} == {
        "target": ("train", Labels.HIDDEN),
        "unlabelled": ("unlabelled", Labels.HIDDEN),
    }
    assert masked.mixing == Alternate()
    (term,) = masked.losses
    assert (term.target, term.reads) == ("modaxfer.losses.masked:Masked", {Reads.INPUTS})
    assert labelled.losses == (SUPERVISED,)
    assert labelled.epochs == FULL_LENGTH.epochs(context())
    assert made.shows(Role.TARGET)


def test_the_masked_stage_keeps_its_last_epoch():
    (term,) = plan(TaptOptions(), context()).phases[0].losses
    assert (term.weight(0.0), term.weight(1.0), term.weight.until) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("rows", "asked", "epochs"), [(96, None, 100), (3200, None, 10), (640_000, None, 1), (96, 7.0, 7)],
    ids=["few", "more", "many", "as asked"],
)  # fmt: skip
def test_the_masked_stage_has_a_length_of_its_own(rows, asked, epochs):
    masked, labelled = plan(TaptOptions(masked_epochs=asked), context(rows=rows, epochs=2.0)).phases
    assert (masked.epochs, labelled.epochs) == (epochs, 2.0)


@pytest.mark.parametrize(
    ("underneath", "moves", "rate"),
    [
        ("full", {Part.BODY, Part.EMBEDDINGS}, 1e-4),
        ("lora", {Part.ADAPTER}, 2e-3),
        ("frozen", {Part.BODY, Part.EMBEDDINGS}, 1e-4),
    ],
)
def test_what_moves_afterwards_moves_before_and_over_a_frozen_body_the_body(underneath, moves, rate):
    masked, labelled = plan(TaptOptions(underneath=underneath), context()).phases
    assert masked.trainable == moves
    assert set(masked.learning_rates.values()) == {rate}
    if underneath == "frozen":
        assert labelled.trainable == {Part.HEAD}
    asked = plan(TaptOptions(underneath=underneath, masked_rate=3e-5), context(learning_rate=1e-3)).phases[0]
    assert set(asked.learning_rates.values()) == {3e-5}


def shares(made):
    """Return the weight of each loss of the last phase, once for each stream that it takes."""
    phase = made.phases[-1]
    return {term.name: (term.weight, phase.streams_of(term)) for term in phase.losses}


def test_of_a_source_lambda_is_its_share_of_the_rows_in_a_step():
    made = plan(TaptOptions(), context(source_rows=2000))
    assert shares(made) == {"supervised": (0.5, ("source",)), "masked": (0.5, ("target",))}
    assert made.phases[-1].mixing == Together(epoch="source")
    assert not made.shows(Role.TARGET)
    few = shares(plan(TaptOptions(), context(source_rows=2000, rows=8)))
    assert (few["supervised"][0], few["masked"][0]) == pytest.approx((32 / 40, 8 / 40))
    more = shares(plan(TaptOptions(), context(source_rows=2000, unlabelled_rows=500)))
    # A mean loss of each of the two other streams, of as many rows.
    assert more["supervised"][0] == pytest.approx(1 / 3)
    assert more["masked"] == (pytest.approx(1 / 3), ("target", "unlabelled"))
    assert shares(plan(TaptOptions(labelled=0.9), context(source_rows=2000)))["masked"][0] == pytest.approx(0.1)


def test_over_a_body_that_stands_still_the_source_s_labels_are_learned_alone():
    made = plan(TaptOptions(underneath="frozen"), context(source_rows=2000))
    assert shares(made) == {"supervised": (1.0, ("source",))}
    first = plan(TaptOptions(head_first=True), context(source_rows=2000)).phases[1]
    assert [term.name for term in first.losses] == ["supervised"]


def test_any_kind_of_target_will_do():
    for problem in ("regression", "multilabel", "tagging"):
        assert len(plan(TaptOptions(), context(problem)).phases) == 2


@pytest.mark.parametrize(
    ("options", "changes", "error", "message"),
    [
        ({}, {"trained_bridge": True}, RefusedError, r"nothing to hide.*Got: a bridge with weights.*Fix: choose"),
        ({"labelled": 0.3}, {}, ConfigError, r"labelled would do nothing with labels of the task itself"),
        ({"validator": "im"}, {}, ConfigError, r"validator would do nothing with labels of the task itself"),
        ({"masked_epochs": 0.0}, {}, ConfigError, r"masked_epochs"),
        ({"labelled": 1.5}, {"source_rows": 10}, ConfigError, r"labelled"),
    ],
)  # fmt: skip
def test_what_cannot_be_or_does_nothing_is_refused(options, changes, error, message):
    with pytest.raises(error, match=message):
        plan(TaptOptions(**options), context(**changes))
