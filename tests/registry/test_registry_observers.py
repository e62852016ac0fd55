"""Observers see copies, and nothing they do reaches the run."""

from __future__ import annotations

import copy
import json
import pickle
import random
import sys

import pytest

from modaxfer.registry.observers import ReadOnly

CONFIG = {"encoder": ("vit",), "set": {"rank": [8, 16]}, "seed": 0}


def watching(name, action):
    """Return an observer called `name` that does `action` with its one argument."""
    argument = {"run_start": "config", "run_end": "result", "run_error": "error", "stage_end": "stage"}[name]
    scope = {"action": action}
    exec(f"def modaxfer_{name}({argument}): action({argument})", scope)
    return scope[f"modaxfer_{name}"]


def test_observers_are_told(register):
    seen = []
    made = register(
        one={"a": watching("run_start", seen.append), "b": watching("run_end", seen.append)},
        two={"a": watching("stage_end", seen.append)},
    )
    assert made.notify("run_start", config=CONFIG) == []
    assert made.notify("stage_end", stage="load", seconds=1.5) == []
    assert made.notify("run_end", result={"status": "completed"}) == []
    assert seen == [{"encoder": ("vit",), "set": {"rank": (8, 16)}, "seed": 0}, "load", {"status": "completed"}]


def test_an_error_is_passed_with_its_traceback(register):
    seen = []
    error = ValueError("boom")
    register(one={"a": watching("run_error", seen.append)}).notify("run_error", error=error)
    assert seen == [error]


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config.update(seed=1),
        lambda config: config.__setitem__("seed", 1),
        lambda config: config["set"].clear(),
        lambda config: config["set"].setdefault("new", 1),
        lambda config: config.pop("seed"),
        lambda config: config.popitem(),
        lambda config: config.__ior__({"seed": 1}),
        lambda config: config.__delitem__("seed"),
    ],
)
def test_a_change_is_refused_with_a_warning(register, change):
    config = copy.deepcopy(CONFIG)
    warnings = register(one={"a": watching("run_start", change)}).notify("run_start", config=config)
    assert warnings == [
        "plugin 'one' failed at run_start, the run goes on: TypeError: "
        "read-only: an observer cannot change a run; change a copy, dict(...)"
    ]
    assert config == CONFIG


def test_a_change_of_an_object_inside_stays_with_the_observer(register):
    class Thing:
        value = 1

    thing = Thing()
    register(one={"a": watching("run_start", lambda config: setattr(config["thing"], "value", 2))}).notify(
        "run_start", config={"thing": thing}
    )
    assert thing.value == 1


@pytest.mark.parametrize("error", [ValueError("boom"), SystemExit("boom")])
def test_a_failing_observer_does_not_stop_the_next(register, error):
    def fail(_):
        raise error

    seen = []
    made = register(
        first={"a": watching("run_end", seen.append)},
        failing={"a": watching("run_end", fail)},
        last={"a": watching("run_end", seen.append)},
    )
    assert made.notify("run_end", result={}) == [
        f"plugin 'failing' failed at run_end, the run goes on: {type(error).__name__}: boom"
    ]
    assert seen == [{}, {}]


def test_an_interrupt_stops_the_run(register):
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        register(one={"a": watching("run_end", stop)}).notify("run_end", result={})


def test_an_event_that_does_not_exist_is_our_own_mistake(register):
    with pytest.raises(AttributeError, match=r"modaxfer_run_started"):
        register(one={}).notify("run_started")


def test_random_states_are_kept(register):
    import numpy
    import torch

    def draw(_):
        random.random()
        numpy.random.rand()
        torch.rand(1)
        torch.manual_seed(5)

    def states():
        return random.getstate(), numpy.random.get_state()[1].tolist(), torch.get_rng_state().tolist()

    made, before = register(one={"a": watching("run_end", draw)}), states()
    assert made.notify("run_end", result={}) == []
    assert states() == before


def test_prints_go_to_stderr(register, capsys):
    register(one={"a": watching("run_end", lambda _: sys.stdout.write("hello"))}).notify("run_end", result={})
    assert capsys.readouterr() == ("", "hello")


def test_a_read_only_dict_is_copied_and_stored_as_a_plain_one():
    values = ReadOnly({"a": ReadOnly({"b": 1})})
    assert json.loads(json.dumps(values)) == {"a": {"b": 1}}
    for made in (copy.deepcopy(values), pickle.loads(pickle.dumps(values))):
        assert made == {"a": {"b": 1}}
        assert type(made) is type(made["a"]) is dict
