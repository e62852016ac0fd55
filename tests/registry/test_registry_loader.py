"""One transaction per plugin: its record says how far it came, and a failure leaves nothing behind."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import pytest

from modaxfer.hooks import hookimpl
from modaxfer.registry import BUILTIN, KINDS, Stage, State, discover, hook_manager, load_plugin, stopwatch
from modaxfer.registry.hook_checks import HOOKS
from modaxfer.spec import EncoderSpec, StrategySpec


def modaxfer_strategies():
    return [StrategySpec(name="gentle", target="a:b")]


def modaxfer_run_start(config):
    return None


def test_the_frameworks_own_plugin_goes_the_same_way():
    own, manager = discover()[0], hook_manager()
    record, entries = load_plugin(own, manager)
    assert (record.namespace, record.state, record.stage, record.error) == (BUILTIN, State.LOADED, Stage.REGISTER, "")
    assert own.state is State.INSTALLED
    assert {entry.kind for entry in entries} == set(KINDS)
    assert all(entry.id == f"modaxfer/{entry.spec.name}" for entry in entries)
    assert manager.get_plugin(BUILTIN) is sys.modules["modaxfer.registry.builtin"]


def test_a_good_plugin_is_registered_with_its_hooks(plugin):
    manager = hook_manager()
    record, entries = load_plugin(plugin("good", hooks=[modaxfer_strategies, modaxfer_run_start]), manager)
    assert (record.state, record.failure, record.notices) == (State.LOADED, "", ())
    assert [(entry.kind, entry.id, entry.plugin, entry.name) for entry in entries] == [
        ("strategy", "good/gentle", "good", "gentle")
    ]
    assert len(manager.hook.modaxfer_run_start.get_hookimpls()) == 1


def test_a_plugin_that_fails_late_leaves_nothing(plugin):
    def modaxfer_reports():
        raise OSError("late")

    manager = hook_manager()
    record, entries = load_plugin(
        plugin("half", hooks=[modaxfer_strategies, modaxfer_run_start, modaxfer_reports]), manager
    )
    assert (record.state, record.stage, entries) == (State.BROKEN, Stage.SPECS, ())
    assert record.failure.startswith("plugin 'half' (half-plugin 1.0) is broken at specs: OSError: late (")
    assert manager.get_plugins() == set()
    assert not any(getattr(manager.hook, name).get_hookimpls() for name in HOOKS)


def test_a_failed_plugin_loads_once_it_is_mended(plugin):
    manager, found = hook_manager(), plugin("late")
    del sys.modules[found.module].MODAXFER_API
    assert load_plugin(found, manager)[0].stage is Stage.API
    sys.modules[found.module].MODAXFER_API = 0
    assert load_plugin(found, manager)[0].state is State.LOADED


def test_errors_are_one_line(plugin):
    def modaxfer_tasks():
        raise ValueError("first\n  second")

    record, _ = load_plugin(plugin("wordy", hooks=[modaxfer_tasks]), hook_manager())
    assert "ValueError: first second (test_registry_loader.py, line " in record.failure


@pytest.mark.parametrize(("api", "state"), [(1, "incompatible"), ("0", "broken"), (False, "broken"), (None, "broken")])
def test_api_number(plugin, api, state):
    record, _ = load_plugin(plugin("old", MODAXFER_API=api), hook_manager())
    assert (record.state, record.stage) == (state, "api")
    if api in ("0", False):
        assert record.error == f"MODAXFER_API is {api!r}, expected a whole number; write MODAXFER_API = 0"


def test_one_name_twice_in_a_kind(plugin):
    def modaxfer_strategies():
        return [StrategySpec(name="same", target="a:b"), StrategySpec(name="same", target="a:c")]

    record, entries = load_plugin(plugin("twice", hooks=[modaxfer_strategies]), hook_manager())
    assert entries == ()
    assert record.error == "modaxfer_strategies() returned strategy 'same' more than once"


def test_one_name_in_two_kinds_is_fine(plugin):
    def modaxfer_encoders():
        return [EncoderSpec(name="gentle", target="a:b", inputs=())]

    _, entries = load_plugin(plugin("both", hooks=[modaxfer_encoders, modaxfer_strategies]), hook_manager())
    assert [entry.kind for entry in entries] == ["encoder", "strategy"]


def test_two_functions_may_serve_one_hook(plugin):
    more = hookimpl(specname="modaxfer_strategies")(lambda: [StrategySpec(name="more", target="a:b")])
    _, entries = load_plugin(plugin("two", hooks=[modaxfer_strategies], more=more), hook_manager())
    assert {entry.name for entry in entries} == {"gentle", "more"}


@pytest.mark.parametrize("state", [state for state in State if state is not State.INSTALLED])
def test_only_an_installed_plugin_is_imported(plugin, state):
    found = replace(plugin("other", hooks=[modaxfer_strategies]), state=state)
    assert load_plugin(found, hook_manager()) == (found, ())


def test_an_interrupt_passes_through(plugin):
    def modaxfer_tasks():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_plugin(plugin("stop", hooks=[modaxfer_tasks]), hook_manager())


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            lambda: StrategySpec(name="gentle", taget="a:b"),
            r"StrategySpec has no field 'taget'; did you mean target\? It takes name, target, ",
        ),
        (lambda: StrategySpec(name="gentle", zzz=1), r"StrategySpec has no field 'zzz'\. It takes name, target, "),
        (lambda: StrategySpec(summary="Short."), r"StrategySpec lacks name, target; it needs name, target \("),
        (lambda: StrategySpec("gentle", "a:b"), r"StrategySpec takes its fields by name: StrategySpec\(name=\.\.\., "),
    ],
    ids=["misspelt", "strange", "lacking", "placed"],
)
def test_keywords_of_a_spec_are_told_in_its_own_words(plugin, made, message):
    def modaxfer_strategies():
        return [made()]

    record, _ = load_plugin(plugin("wordy", hooks=[modaxfer_strategies]), hook_manager())
    assert (record.state, record.stage) == (State.BROKEN, Stage.SPECS)
    assert re.match(message, record.error), record.error
    assert "test_registry_loader.py, line" in record.error
    assert "__init__" not in record.error


def test_a_type_error_of_the_plugins_own_stays_what_it_is(plugin):
    def modaxfer_strategies():
        return [modaxfer_run_start(confg=1)]

    record, _ = load_plugin(plugin("own", hooks=[modaxfer_strategies]), hook_manager())
    assert record.error.startswith("TypeError: modaxfer_run_start() got an unexpected keyword argument 'confg' (")


def test_waiting_for_a_processor_is_nobodys_slowness(tmp_path, monkeypatch):
    told = tmp_path / "schedstat"
    monkeypatch.setattr(stopwatch, "_SCHEDULED", told)
    whole = stopwatch.undisturbed()
    told.write_text("1000 60000000000 3\n")
    assert whole - stopwatch.undisturbed() == pytest.approx(60_000, abs=30_000)
