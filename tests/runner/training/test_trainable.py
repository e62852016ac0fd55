"""Tasks that share an encoder: every parameter that moves is there once, and stays open."""

from __future__ import annotations

import pytest

from modaxfer.config import RunConfig
from modaxfer.errors import RunFailedError
from modaxfer.plan import Part, Phase
from modaxfer.runner.training.trainable import trainable_parameters


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
    own = [session.model.set_trainable(phase) for session in sessions]
    assert set(found) == {id(parameter.tensor) for each in own for parameter in each.values()}
    first, second = ({id(parameter.tensor) for parameter in each.values()} for each in own)
    encoder = {id(parameter.tensor) for parameter in own[0].values() if parameter.part not in (Part.BRIDGE, Part.HEAD)}
    assert encoder
    assert first & second == encoder
    assert {name.partition(".")[0] for name, parameter in parameters.items() if id(parameter.tensor) in encoder} == {
        "0"
    }


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
