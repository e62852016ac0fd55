"""Everything that looks like a hook is one, or is refused."""

from __future__ import annotations

from types import ModuleType

import pytest

from modaxfer.hooks import HookSpecs, hookimpl
from modaxfer.registry.hook_checks import HOOKS, check_hooks
from modaxfer.registry.records import LoadError


def module_with(**attributes):
    module = ModuleType("some_plugin")
    vars(module).update(attributes)
    return module


def function(name, mark=None):
    def made():
        return []

    made.__name__ = name
    return mark(made) if mark else made


def test_hooks_are_those_of_the_specification():
    assert len(HOOKS) == 20
    assert all(hasattr(getattr(HookSpecs, name), "modaxfer_spec") for name in HOOKS)


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_without_its_last_letter_is_refused(name):
    with pytest.raises(LoadError, match=rf"there is no hook {name[:-1]}; did you mean {name}\?"):
        check_hooks(module_with(**{name[:-1]: function(name[:-1], hookimpl)}))


@pytest.mark.parametrize(
    "name", ["modaxfr_tasks", "Modaxfer_tasks", "modaxfertasks", "moda_xfer_tasks", "modaxfer_taks"]
)
def test_a_function_with_nearly_a_hooks_name_is_refused(name):
    with pytest.raises(LoadError, match=rf"{name}\(\) looks like a hook.*did you mean modaxfer_tasks\?"):
        check_hooks(module_with(**{name: function(name)}))


def test_any_other_name_with_our_prefix_is_refused_with_the_list():
    with pytest.raises(
        LoadError, match=r"modaxfer_zzz\(\) looks like a hook.*hooks are modaxfer_encoders, modaxfer_ch"
    ):
        check_hooks(module_with(modaxfer_zzz=function("modaxfer_zzz")))


def test_a_hook_without_marker_is_refused():
    with pytest.raises(LoadError, match=r"modaxfer_tasks\(\) is the name of a hook, but is not marked with @hookimpl"):
        check_hooks(module_with(modaxfer_tasks=function("modaxfer_tasks")))


@pytest.mark.parametrize(
    ("value", "what"), [([], "list"), (type("T", (), {}), "class"), (hookimpl(type("T", (), {})), "class")]
)
def test_a_hook_that_is_no_function_is_refused(value, what):
    with pytest.raises(LoadError, match=rf"modaxfer_tasks is the name of a hook, but is a {what}"):
        check_hooks(module_with(modaxfer_tasks=value))


@pytest.mark.parametrize("option", ["wrapper", "hookwrapper"])
def test_a_wrapper_is_refused(option):
    with pytest.raises(
        LoadError, match=r"modaxfer_pick_bridge.. is a hook wrapper; a plugin cannot change what others"
    ):
        check_hooks(module_with(modaxfer_pick_bridge=function("modaxfer_pick_bridge", hookimpl(**{option: True}))))


def test_what_is_no_hook_passes():
    check_hooks(
        module_with(
            tasks=function("tasks"),
            _modaxfer=function("_modaxfer"),
            run_start=function("run_start"),
            modaxfer=ModuleType("modaxfer"),
            modaxfer_version="1.0",
            everything=function("everything", hookimpl(specname="modaxfer_tasks")),
            modaxfer_tomorrow=function("modaxfer_tomorrow", hookimpl(optionalhook=True)),
            modaxfer_tasks=function("modaxfer_tasks", hookimpl),
        )
    )


def test_a_misspelled_specname_is_refused():
    with pytest.raises(
        LoadError, match=r"all\(\) is marked with @hookimpl, but there is no hook modaxfer_task; did you"
    ):
        check_hooks(module_with(all=function("all", hookimpl(specname="modaxfer_task"))))


def test_an_argument_that_the_hook_does_not_give_is_refused():
    @hookimpl
    def modaxfer_pick_bridge(source, target):
        return None

    message = r"modaxfer_pick_bridge\(\) asks for target, which the hook does not give; write `def .*\(source, sink\)`"
    with pytest.raises(LoadError, match=message):
        check_hooks(module_with(modaxfer_pick_bridge=modaxfer_pick_bridge))


def test_a_hook_may_ask_for_less_and_have_arguments_of_its_own():
    @hookimpl
    def modaxfer_pick_bridge(sink, known=("gene",)):
        return None

    check_hooks(module_with(modaxfer_pick_bridge=modaxfer_pick_bridge))
