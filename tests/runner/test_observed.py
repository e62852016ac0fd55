"""A run begins once and ends or fails once, in one process; what belongs to it has no events of its own."""

from __future__ import annotations

import pytest

from made_up_runs import Runner
from modaxfer.config import RunConfig
from modaxfer.registry import registry
from modaxfer.runner.beside.schedule import run_with_companions
from modaxfer.runner.observed import UNOBSERVED, observed


@pytest.fixture
def told(monkeypatch):
    events = []
    monkeypatch.setattr(registry(), "notify", lambda event, **values: events.append(event) or [])
    return events


def test_companions_are_told_of_as_part_of_their_run(tmp_path):
    config = RunConfig(encoder=("bert",), strategy="lora", task=("x",), output=str(tmp_path), seeds=2, folds=2)
    with observed() as watched:
        run_with_companions(config, run_one=(runner := Runner()), observed=watched)
    assert len(runner.observed) > 3
    assert runner.observed == [watched, *[UNOBSERVED] * (len(runner.observed) - 1)]


def interrupted():
    with observed() as watched:
        watched.tell("stage_end", stage="load", seconds=1.0)
        watched.begin({})
        watched.tell("logged", values={})
        raise KeyboardInterrupt


def failed():
    with observed() as watched:
        watched.begin({})
        watched.fail(ValueError())
        watched.tell("logged", values={})
        raise RuntimeError("beside it")


def refused():
    with observed() as watched:
        watched.tell("stage_end", stage="load", seconds=1.0)
        raise ValueError("refused")


@pytest.mark.parametrize(
    ("run", "error", "events"),
    [
        (interrupted, KeyboardInterrupt, ["run_start", "logged", "run_error"]),
        (failed, RuntimeError, ["run_start", "run_error"]),
        (refused, ValueError, []),
    ],
)
def test_a_run_fails_once_and_nothing_is_told_outside_it(run, error, events, told):
    with pytest.raises(error):
        run()
    assert told == events


@pytest.mark.parametrize(
    ("variables", "events"),
    [
        ({"RANK": "0", "MODAXFER_LAUNCHED": "1"}, ["run_start"]),
        ({"RANK": "1", "MODAXFER_LAUNCHED": "1"}, []),
        ({"RANK": "0", "MODAXFER_LAUNCHED": "part"}, []),
    ],
)
def test_of_several_processes_the_main_one_tells(variables, events, told, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with observed() as watched:
        watched.begin({})
    assert told == events
