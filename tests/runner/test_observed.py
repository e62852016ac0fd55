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


def test_nothing_is_told_before_the_begin_and_after_the_end(told):
    with pytest.raises(KeyboardInterrupt), observed() as watched:
        watched.tell("stage_end", stage="load", seconds=1.0)
        watched.begin({})
        watched.tell("logged", values={})
        watched.fail(ValueError())
        watched.tell("logged", values={})
        raise KeyboardInterrupt
    assert told == ["run_start", "logged", "run_error"]


def test_a_run_that_is_interrupted_has_failed_and_one_that_was_refused_never_was(told):
    with pytest.raises(KeyboardInterrupt), observed() as watched:
        watched.begin({})
        raise KeyboardInterrupt
    with pytest.raises(ValueError, match="refused"), observed():
        raise ValueError("refused")
    assert told == ["run_start", "run_error"]


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
