"""The door to code of plugins: what is told of it, what passes, and what is found in a traceback."""

from __future__ import annotations

import errno
import pickle
import sys

import pytest

from modaxfer.errors import ConfigError, PluginFaultError, RefusedError
from modaxfer.plan import Plan
from modaxfer.registry import (
    Entry,
    FaultNote,
    PluginRecord,
    Registry,
    State,
    blame,
    blamed,
    blaming,
    build_target,
    call_target,
    calling,
    fault,
    hook_manager,
    noted,
)
from modaxfer.spec import StrategySpec

CODE = """
def plan(make):
    return make()

class Loss:
    def __init__(self, context, wide=1):
        {}["wide"] if wide > 1 else None

    def deeper(self, make):
        return list(map(lambda _: make(), [1]))
"""


@pytest.fixture
def target(tmp_path, monkeypatch):
    """Return the target of a strategy of the plugin 'mine'."""
    package = tmp_path / "mine_door"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "code.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    spec = StrategySpec(name="gentle", target="mine_door.code:plan")
    record = PluginRecord(
        namespace="mine", module="mine_door.plugin", distribution="mine-plugin", version="1.0", state=State.LOADED
    )
    made = Registry([record], [Entry(kind="strategy", plugin="mine", spec=spec)], hook_manager())
    monkeypatch.setattr(blame, "registry", lambda: made)
    yield spec.target
    for name in [name for name in sys.modules if name.startswith("mine_door")]:
        del sys.modules[name]


def raising(error):
    def make():
        raise error

    return make


def test_what_is_raised_says_whose_it_is(target):
    with pytest.raises(PluginFaultError) as caught:
        call_target(target, raising(KeyError("rank")))
    assert str(caught.value) == (
        "strategy mine/gentle failed (plugin mine, mine-plugin 1.0: mine_door.code, line 3). Got: KeyError: 'rank'. "
        "Fix: report it to the author of mine-plugin; --debug shows the traceback, and "
        "MODAXFER_PLUGINS leaves a plugin out."
    )
    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.blame == {
        "plugin": "mine", "distribution": "mine-plugin", "version": "1.0", "kind": "strategy", "id": "mine/gentle",
        "module": "mine_door.code", "line": 3,
    }  # fmt: skip
    arrived = pickle.loads(pickle.dumps(caught.value))
    assert (str(arrived), arrived.blame, arrived.exit_status) == (str(caught.value), caught.value.blame, 1)


@pytest.mark.parametrize(
    "error",
    [RefusedError("not with these rows"), MemoryError(), OSError(errno.ENOSPC, "full"), KeyboardInterrupt()],
)
def test_a_refusal_a_full_machine_and_an_interrupt_pass(target, error):
    with pytest.raises(type(error)) as caught:
        call_target(target, raising(error))
    assert caught.value is error
    assert blamed(error) is error


def test_an_exit_is_a_fault(target):
    with pytest.raises(PluginFaultError, match=r"Got: SystemExit: 3\. Fix"):
        call_target(target, raising(SystemExit(3)))


def test_a_plan_that_cannot_be_is_the_fault_of_who_wrote_it(target):
    with pytest.raises(PluginFaultError, match=r"mine/gentle failed .*Got: a plan has no phase, .*Allowed: one Phase"):
        call_target(target, Plan)


def test_arguments_that_do_not_fit_are_told_at_the_line_where_it_is_written(target):
    with pytest.raises(PluginFaultError, match=r"mine_door\.code, line 2\)\. Got: TypeError: plan\(\) takes 1"):
        call_target(target, 1, 2)


def test_what_a_plan_names_is_called_as_the_plan_calls_it(target):
    with pytest.raises(ConfigError, match=r"what loss smooth \(mine_door.code:Loss\) is given does not fit it.*wdie"):
        build_target("loss smooth", "mine_door.code:Loss", (None,), {"wdie": 2})
    with pytest.raises(
        PluginFaultError, match=r"loss smooth failed \(plugin mine, .*, line 7\)\. Got: KeyError: 'wide'"
    ):
        build_target("loss smooth", "mine_door.code:Loss", (None,), {"wide": 2})


def test_code_of_a_plugin_is_found_in_a_traceback(target):
    loss = build_target("loss", "mine_door.code:Loss", (None,), {})
    with (
        pytest.raises(PluginFaultError, match=r"code mine_door.code:Loss.deeper.* \(plugin mine, .*, line 10\)"),
        blaming(),
    ):
        loss.deeper(raising(ValueError("deep")))
    with pytest.raises(ValueError, match="ours"), blaming():
        raising(ValueError("ours"))()


def test_the_frameworks_own_code_is_to_be_reported():
    own = r"strategy modaxfer/lora failed \(modaxfer\.strategies\.lora.*\)\. Got: ZeroDivisionError.* and report it\.$"
    with pytest.raises(PluginFaultError, match=own), calling("modaxfer.strategies.lora:plan"):
        raise ZeroDivisionError


def test_what_is_returned_is_told_with_what_is_allowed(target):
    error = fault(target, "returned no plan", got="None", allowed="a plan")
    assert str(error).startswith(
        "strategy mine/gentle returned no plan (plugin mine, mine-plugin 1.0: mine_door.code). Got: None. "
        "Allowed: a plan."
    )


def test_a_warning_knows_whose_fault_it_tells_of(target, monkeypatch):
    error = fault(target, "returned no plan", got="None", allowed="a plan")
    note = noted("left out", error)
    assert (note, note.told["id"], note.told["error"]) == ("left out", "mine/gentle", str(error))
    assert not isinstance(noted("left out", ValueError("ours")), FaultNote)
    monkeypatch.setenv("MODAXFER_STRICT", "1")
    with pytest.raises(PluginFaultError):
        noted("left out", error)
    assert noted("left out", ValueError("ours")) == "left out"
