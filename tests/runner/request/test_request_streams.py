"""Plans whose streams or losses do not fit the run's tasks are refused before weights are loaded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modaxfer.config import RunConfig, build
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import SUPERVISED, Component, Extra, Labels, LossTerm, Part, Phase, Reads, Role, Stream
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.request.streams import _facts, check_streams
from modaxfer.runner.training.streams import stream_facts

ROWS = LossTerm(name="x", target="losses_of_tests:Rows")
RATES = {Part.BODY: 1e-3, Part.HEAD: 1e-3}


@pytest.fixture(scope="module")
def resolved(tiny, own_rows):
    (task,) = resolve_tasks(RunConfig(encoder=(str(tiny("bert")),), strategy="full", device="cpu", **own_rows("text")))
    return task


def check(resolved, **changes):
    phase = Phase(trainable=frozenset(RATES), learning_rates=RATES, **changes)
    own = replace(resolved, plan=replace(resolved.plan, phases=(phase,)))
    check_streams({(Role.TARGET, 0): own})


def test_a_plain_phase_fits(resolved):
    check(resolved)


def test_a_stream_needs_its_task(resolved):
    source = {"train": Stream(), "source": Stream(role=Role.SOURCE)}
    with pytest.raises(RefusedError, match=r"stream source from source task 1, .* Fix: name one with --source-task"):
        check(resolved, streams=source)
    with pytest.raises(RefusedError, match=r"stream other from target task 2, .* Fix: name one with --task"):
        check(resolved, streams={"train": Stream(), "other": Stream(task=1)})


def test_the_plain_loss_needs_targets(resolved):
    streams = {"train": Stream(), "hidden": Stream(labels=Labels.HIDDEN)}
    with pytest.raises(RefusedError, match=r"hidden targets are read: stream hidden has none"):
        check(resolved, streams=streams)


def test_score_needs_a_stream_with_targets(resolved):
    with pytest.raises(RefusedError, match=r"the validator of phase train needs targets, and no stream shows them"):
        check(
            resolved,
            streams={"train": Stream(labels=Labels.HIDDEN)},
            losses=(LossTerm(name="x", target="losses_of_tests:Rows"),),
        )


CONFIDENT = "losses_of_tests:Confident"


def test_a_validator_is_built_first(resolved):
    check(resolved, validator=Component(target=CONFIDENT, options={"role": "source"}))
    with pytest.raises(ConfigError, match=r"what the validator .* is given does not fit it. Got: .*rule"):
        check(resolved, validator=Component(target=CONFIDENT, options={"rule": "source"}))


def test_streams_are_not_judged_by_what_sees_no_labels(resolved):
    with pytest.raises(RefusedError, match=r"is shown no targets, and the phase names streams to show it.*train"):
        check(resolved, validator=Component(target=CONFIDENT), judged=("train",))


@pytest.mark.parametrize(
    ("term", "error", "message"),
    [
        (LossTerm(name="x", target="losses_of_tests:Scalar"), RefusedError, "loss x does not give one number per row"),
        (
            LossTerm(name="x", target="losses_of_tests:Scalar", joint=True, options={"wdith": 3}),
            ConfigError,
            "what loss x .losses_of_tests:Scalar. is given does not fit it. Got: .*wdith",
        ),
        (
            LossTerm(name="x", target="losses_of_tests:Rows", reads=frozenset({Reads.TOKENS}), joint=False),
            RefusedError,
            "asks for the outputs of stream train",
        ),
    ],
)
def test_a_loss_is_tried_first(term, error, message, resolved):
    with pytest.raises(error, match=message):
        check(resolved, losses=(SUPERVISED, term))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("first", r"extra told does not have a value for each row \(losses_of_tests, line \d+\). Got: shape \[1, 2\]"),
        ("teacher", r"loss x failed \(losses_of_tests, line \d+\). Got: KeyError: 'gaps'"),
    ],
)
def test_a_loss_on_what_the_model_says_is_tried_too(target, message, resolved):
    """An extra is computed from what an untrained model might say, and the loss is given it."""
    told = Extra(name="told", target=f"losses_of_tests:{target}")
    streams = {"train": Stream(), "guessed": Stream(labels=Labels.PREDICTED, extras=(told,))}
    nearest = LossTerm(name="x", target="losses_of_tests:Nearest", streams=("guessed",))
    with pytest.raises(RefusedError, match=message):
        check(resolved, streams=streams, losses=(replace(SUPERVISED, streams=("train",)), nearest))


def test_classes_are_not_balanced_by_predicted_labels(resolved):
    options = replace(resolved.options, train=replace(resolved.options.train, class_weight="balanced"))
    balanced = replace(resolved, options=options)
    check(balanced)
    streams = {"train": Stream(), "guess": Stream(labels=Labels.PREDICTED)}
    with pytest.raises(ConfigError, match=r"weighs classes by how many .* Got: balanced, labels of stream guess"):
        check(balanced, streams=streams)


def test_facts_of_a_rehearsal_are_those_of_the_run(tiny, own_rows, opened):
    """Of two encoders, with who is there in front of their vectors; of the split that a stream draws from."""
    settings = {"strategy": "fusion", "device": "cpu", **own_rows("image+text", 24)}
    sessions, tasks, _ = opened(build(RunConfig, {"encoder": [str(tiny("vit")), str(tiny("bert"))], **settings}))
    for stream in (Stream(), Stream(split="validation", labels=Labels.HIDDEN)):
        one, other = _facts(stream, tasks[0]), stream_facts(stream, sessions[0])
        assert (one.role, one.width, one.outputs, one.rows) == (other.role, other.width, other.outputs, other.rows)
        assert np.array_equal(one.targets, other.targets)


def test_own_parameters_need_a_rate(resolved):
    term = LossTerm(name="own", target="losses_of_tests:Learned")
    check(resolved, losses=(SUPERVISED, term))
    phase = Phase(trainable=frozenset({Part.BODY}), learning_rates={Part.BODY: 1e-3}, losses=(SUPERVISED, term))
    own = replace(resolved, plan=replace(resolved.plan, phases=(phase,)))
    with pytest.raises(ConfigError, match=r"loss own has parameters of its own, and no learning rate"):
        check_streams({(Role.TARGET, 0): own})


@pytest.mark.parametrize(
    ("changes", "got"),
    [
        ({"losses": (SUPERVISED, LossTerm(name="x", target="losses_of_tests:Scalar", joint=True))}, "joint loss x"),
        ({"streams": {"own": Stream(), "guess": Stream(labels=Labels.PREDICTED)}}, "predicted labels of guess"),
    ],
)
def test_rows_with_parts_are_not_taken_as_wholes(changes, got, resolved):
    target = replace(resolved.task.target, problem="tagging")
    tagged = replace(resolved, task=replace(resolved.task, target=target))
    with pytest.raises(RefusedError, match=f"takes rows as wholes, and here each part of a row has .* Got: {got}"):
        check(tagged, **changes)
