"""One forward pass of a step: every loss in it, however its rows are cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from modaxfer.config import RunConfig
from modaxfer.contracts import Features
from modaxfer.plan import SUPERVISED, Labels, LossTerm, Phase, Ramp, Reads, Role, Stream, Together
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.feed import Moment
from modaxfer.runner.training.losses import PhaseLosses
from modaxfer.runner.training.step import StepModule
from modaxfer.runner.training.streams import open_streams, sessions_of, stream_facts
from modaxfer.runner.training.trainable import trainable_parameters

START = Moment(0, 0)
ROWS = np.arange(6)


@pytest.fixture(scope="module")
def two(tiny, opened):
    """Two tasks on one encoder, each over a trained bridge of its own; their sessions, and a phase of both."""
    request = RunConfig(
        encoder=(str(tiny("bert")),),
        strategy="multitask",
        task=("digits", "breast-cancer"),
        limit=40,
        device="cpu",
        precision="fp32",
    )
    sessions, tasks, _ = opened(request)
    return {(Role.TARGET, number): session for number, session in enumerate(sessions)}, tasks[0].plan.phases[0]


def opened_step(sessions, phase, tmp_path):
    own = sessions_of(phase, sessions)
    moving = trainable_parameters(own, phase)
    losses = PhaseLosses(phase, sessions, 0, Checkpoints(tmp_path), {})
    streams = open_streams(phase, sessions, losses.terms)
    return StepModule([session.model for session in own], losses.terms, losses.combiner), streams, moving


def test_what_one_task_moves_stays_open_for_all(two, tmp_path):
    sessions, phase = two
    step, streams, moving = opened_step(sessions, phase, tmp_path)
    assert [*streams] == ["task-0", "task-1"]
    for stream in streams.values():
        (part,) = stream.parts(ROWS)
        made = step([stream.chunk(part, ROWS, START)], 0.0)
        assert [*made["losses"]] == [f"supervised.{stream.name}"]
        sum(made["weighed"].values()).backward()
    moved = {name for name, parameter in moving.items() if parameter.tensor.grad is not None}
    # The keys' biases cancel out in the softmax and their gradient is rounding noise, but it is there.
    assert {name.rpartition(".")[0] for name in moving} == {name.rpartition(".")[0] for name in moved}


def test_a_step_is_the_mean_of_its_rows_losses(two, tmp_path):
    sessions, phase = two
    step, streams, _ = opened_step(sessions, phase, tmp_path)
    stream, session = streams["task-0"], sessions[Role.TARGET, 0]
    session.model.eval()
    parts = [part._replace(rows=part.rows[cut]) for part in stream.parts(ROWS) for cut in (slice(2), slice(2, None))]
    with torch.no_grad():
        cut = [step([stream.chunk(part, ROWS, START)], 0.0)["losses"]["supervised.task-0"] for part in parts]
        logits = session.model(stream.feed(ROWS, ROWS, START).batch, stream.entry.layer)
        expected = nn.functional.cross_entropy(logits.float(), stream.targets.batch(ROWS))
    torch.testing.assert_close(sum(cut), expected, rtol=1e-4, atol=1e-5)


GAP = LossTerm(
    name="gap",
    target="losses_of_tests:MeanGap",
    joint=True,
    reads=frozenset({Reads.POOLED}),
    weight=Ramp(shape="linear"),
)


def hidden_phase(phase):
    """Return a phase that learns from one task's labels and from another's inputs."""
    streams = {"seen": Stream(), "unseen": Stream(task=1, labels=Labels.HIDDEN)}
    supervised = LossTerm(name="supervised", target=SUPERVISED.target, streams=("seen",))
    return Phase(
        trainable=phase.trainable,
        learning_rates=phase.learning_rates,
        streams=streams,
        mixing=Together(),
        losses=(supervised, GAP),
    )


@pytest.mark.parametrize("cut", [(6,), (4, 2), (1, 2, 3)])
def test_a_joint_loss_is_of_all_rows_however_they_are_cut(cut, two, tmp_path):
    """Its value and its gradient are those of the rows in one batch."""
    sessions, phase = two
    phase = hidden_phase(phase)
    step, streams, moving = opened_step(sessions, phase, tmp_path)
    assert streams["unseen"].targets is None
    for session in sessions.values():
        session.model.eval()
    chunks = []
    for stream in streams.values():
        (part,) = stream.parts(ROWS)
        assert (stream.stream.labels is Labels.HIDDEN) == (stream.chunk(part, ROWS, START).targets is None)
        cuts = np.split(part.rows, np.cumsum(cut)[:-1])
        chunks += [stream.chunk(part._replace(rows=rows), ROWS, START) for rows in cuts]
    step.zero_grad()
    made = step(chunks, 0.5)
    sum(made["weighed"].values()).backward()
    found = {
        name: parameter.tensor.grad.clone() for name, parameter in moving.items() if parameter.tensor.grad is not None
    }
    step.zero_grad()
    vectors = [
        session.model.features(stream.feed(ROWS, ROWS, START).batch, stream.entry.layer).pooled
        for session, stream in zip(sessions.values(), streams.values(), strict=True)
    ]
    gap = (vectors[0].mean(0) - vectors[1].mean(0)).square().sum()
    seen = sessions[Role.TARGET, 0].model.head(Features(pooled=vectors[0]))
    own = nn.functional.cross_entropy(seen.float(), streams["seen"].targets.batch(ROWS))
    (own + 0.5 * 2.0 * gap).backward()
    torch.testing.assert_close(made["losses"]["gap"], 2.0 * gap.detach(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(made["numbers"]["gap.gap"], gap.detach(), rtol=1e-4, atol=1e-6)
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, moving[name].tensor.grad, rtol=1e-3, atol=3e-5)


def test_what_is_known_of_a_hidden_stream_is_no_target(two):
    sessions, phase = two
    streams = hidden_phase(phase).streams
    assert stream_facts(streams["unseen"], sessions[Role.TARGET, 1]).targets is None
    assert stream_facts(streams["seen"], sessions[Role.TARGET, 0]).targets is not None


def test_a_loss_that_counts_is_given_each_row_once_where_a_step_is_cut(two, tmp_path):
    """The model is run again on the way back, the losses are not."""
    sessions, phase = two
    counting = LossTerm(name="counts", target="losses_of_tests:Counting", streams=("seen",))
    phase = replace(hidden_phase(phase), losses=(*hidden_phase(phase).losses, counting))
    step, streams, _ = opened_step(sessions, phase, tmp_path)
    chunks = []
    for stream in streams.values():
        (part,) = stream.parts(ROWS)
        chunks += [stream.chunk(part._replace(rows=rows), ROWS, START) for rows in np.split(part.rows, 3)]
    sum(step(chunks, 0.5)["weighed"].values()).backward()
    assert step.losses["counts"].rows == len(ROWS)
