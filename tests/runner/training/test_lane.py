"""Tasks that share an encoder: every parameter that moves is there once, and stays open."""

from __future__ import annotations

import pytest
import torch

from modaxfer.config import RunConfig
from modaxfer.errors import RunFailedError
from modaxfer.plan import Part, Phase
from modaxfer.runner.training.lane import Lane, StepModule, trainable_parameters


@pytest.fixture(scope="module")
def shared(tiny, opened):
    """Two tasks on one encoder, each over a trained bridge of its own."""
    request = RunConfig(
        encoder=(str(tiny("bert")),), strategy="multitask", task=("digits", "breast-cancer"), limit=40, device="cpu"
    )
    sessions, tasks, _ = opened(request)
    return sessions, tasks[0].plan.phases[0]


def test_shared_parameters_are_there_once(shared):
    sessions, phase = shared
    parameters = trainable_parameters(sessions, phase)
    found = [id(parameter.tensor) for parameter in parameters.values()]
    assert len(set(found)) == len(found)
    own = [session.model.open_for(phase) for session in sessions]
    assert set(found) == {id(parameter.tensor) for each in own for parameter in each.values()}
    first, second = ({id(parameter.tensor) for parameter in each.values()} for each in own)
    encoder = {id(parameter.tensor) for parameter in own[0].values() if parameter.part not in (Part.BRIDGE, Part.HEAD)}
    assert encoder
    assert first & second == encoder
    assert {name.partition(".")[0] for name, parameter in parameters.items() if id(parameter.tensor) in encoder} == {
        "0"
    }


def test_what_one_task_moves_stays_open_for_all(shared):
    sessions, phase = shared
    parameters = trainable_parameters(sessions, phase)
    assert all(parameter.tensor.requires_grad for parameter in parameters.values())
    lanes = StepModule([session.model for session in sessions])
    for number, session in enumerate(sessions):
        lane = Lane(session)
        rows = torch.arange(4).numpy()
        batch = lane.batch(rows)
        logits, log_variance = lanes(number, batch, lane.entry.layer)
        assert log_variance is None
        lane.loss(logits, rows, scale=1 / lane.total_weight(rows)).backward()
    moved = {name for name, parameter in parameters.items() if parameter.tensor.grad is not None}
    # The keys' biases cancel out in the softmax and their gradient is rounding noise, but it is there.
    assert {name.rpartition(".")[0] for name in parameters} == {name.rpartition(".")[0] for name in moved}


def test_a_part_that_owns_no_parameter_is_an_error(shared):
    sessions, _ = shared
    rates = {Part.ADAPTER: 1e-3, Part.HEAD: 1e-3}
    phase = Phase(name="tune", trainable=frozenset(rates), learning_rates=rates)
    with pytest.raises(RunFailedError, match=r"phase tune trains what this model does not have. Got: adapter. Allowed"):
        trainable_parameters(sessions, phase)


def test_one_task_keeps_the_names_of_its_model(shared):
    sessions, phase = shared
    parameters = trainable_parameters(sessions[:1], phase)
    assert set(parameters) <= {name for name, _ in sessions[0].model.named_parameters()}


def test_a_step_is_the_mean_of_its_rows_losses(shared):
    sessions, _ = shared
    lane = Lane(sessions[0])
    sessions[0].model.eval()
    rows = torch.arange(6).numpy()
    batch = lane.batch(rows)
    with torch.no_grad():
        logits = sessions[0].model(batch, lane.entry.layer)
        whole = lane.loss(logits, rows, 1 / lane.total_weight(rows))
        each = [lane.loss(sessions[0].model(lane.batch(row), lane.entry.layer), row, 1.0) for row in rows[:, None]]
        expected = torch.nn.functional.cross_entropy(logits.float(), lane.targets[rows])
    torch.testing.assert_close(whole.float(), torch.stack(each).mean().float(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(whole.float(), expected, rtol=1e-5, atol=1e-6)
