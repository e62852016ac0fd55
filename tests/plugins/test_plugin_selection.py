"""MODAXFER_PLUGINS chooses plugins, MODAXFER_STRICT refuses bad ones."""

from __future__ import annotations

import pytest

GOOD = """
from modaxfer import hookimpl
from modaxfer.spec import StrategySpec
MODAXFER_API = 0
@hookimpl
def modaxfer_strategies():
    return [StrategySpec(name="gentle", target="a.b:c")]
"""


@pytest.fixture
def three(site):
    for name in ("one", "two"):
        site.add(name, GOOD)
    site.add("bad", "raise RuntimeError('bad')")
    return site


@pytest.mark.parametrize(
    ("setting", "loaded"),
    [("", set()), (" ", set()), ("two", {"two"}), ("one, two", {"one", "two"}), ("modaxfer,one", {"one"})],
)
def test_only_the_plugins_named_are_loaded(three, setting, loaded):
    status = three.status(MODAXFER_PLUGINS=setting)
    states = {name.partition("|")[0]: state for name, (state, _, _) in status.plugins.items()}
    assert {name for name, state in states.items() if state == "loaded"} == {"modaxfer"} | loaded
    assert {state for name, state in states.items() if name not in loaded | {"modaxfer"}} == {"disabled"}
    assert {name.partition("/")[0] for name in status.ids["strategy"]} == {"modaxfer"} | loaded
    assert status.warnings == ()


def test_a_plugin_left_out_is_not_imported(three):
    done = three.python(
        "-c",
        "import sys; from modaxfer.registry import registry; registry(); print('one_plugin.plugin' in sys.modules)",
        MODAXFER_PLUGINS="two",
    )
    assert done.stdout == "False\n"


def test_a_clash_is_settled_by_leaving_both_out(site):
    site.add("courts", GOOD, distribution="first-courts")
    site.add("courts", GOOD, distribution="second-courts")
    assert site.status(MODAXFER_PLUGINS="").warnings == ()


def test_a_wish_for_a_plugin_that_is_not_installed(three):
    status = three.status(MODAXFER_PLUGINS="one,thre")
    assert status.plugins["thre|"][0] == "missing"
    assert len(status.warnings) == 1
    assert "plugin 'thre' is missing at discover: MODAXFER_PLUGINS names it; installed are bad, " in status.warnings[0]


@pytest.mark.parametrize(("setting", "refused"), [("one,two", False), ("one,bad", True), ("one,thre", True)])
def test_strict_raises_for_a_plugin_that_is_not_loaded(three, setting, refused):
    done = three.python(
        "-c", "from modaxfer.registry import registry; registry()", MODAXFER_STRICT="1", MODAXFER_PLUGINS=setting
    )
    assert ("PluginError: plugin " in done.stderr) is refused
    assert done.returncode == (1 if refused else 0)
    assert three.status(MODAXFER_STRICT="0", MODAXFER_PLUGINS=setting).ids["strategy"]


def test_one_process_of_many_speaks(three):
    assert len(three.status(MODAXFER_PLUGINS="bad", LOCAL_RANK="0").warnings) == 1
    assert three.status(MODAXFER_PLUGINS="bad", LOCAL_RANK="1").warnings == ()
