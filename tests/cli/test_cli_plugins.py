"""``modaxfer plugins list|show``; tests/plugins runs them on installed distributions."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner

from modaxfer import __version__
from modaxfer.cli import plugins
from modaxfer.errors import UnknownNameError
from modaxfer.registry import PluginRecord, State

BUILTIN = PluginRecord(
    namespace="modaxfer", module="modaxfer.registry.builtin", distribution="modaxfer", version=__version__
)
RECORDS = (
    BUILTIN,
    PluginRecord(namespace="absent", module="cli_plugin_absent", distribution="absent-plugin", version="1.0"),
    PluginRecord(namespace="twice", distribution="first", state=State.CLASHING, error="taken"),
    PluginRecord(namespace="twice", distribution="second", state=State.CLASHING, error="taken"),
)


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    monkeypatch.setattr(plugins, "discover", lambda: RECORDS)


def run(*arguments):
    return CliRunner().invoke(plugins.plugins_group, arguments, catch_exceptions=False).output


def test_list_shows_metadata_and_imports_nothing(monkeypatch):
    monkeypatch.delitem(sys.modules, BUILTIN.module, raising=False)
    head, own, absent, *_ = run("list").splitlines()
    assert head.split() == ["namespace", "distribution", "version", "module", "state", "error"]
    assert own.split() == ["modaxfer", "modaxfer", __version__, "modaxfer.registry.builtin", "installed"]
    assert absent.split() == ["absent", "absent-plugin", "1.0", "cli_plugin_absent", "installed"]
    assert BUILTIN.module not in sys.modules


def test_list_as_json():
    shown = json.loads(run("list", "--json"))
    assert [(record["namespace"], record["state"], record["stage"]) for record in shown] == [
        ("modaxfer", "installed", "discover"),
        ("absent", "installed", "discover"),
        ("twice", "clashing", "discover"),
        ("twice", "clashing", "discover"),
    ]


def test_show_imports_the_plugin_and_names_what_it_brings():
    (shown,) = json.loads(run("show", "modaxfer", "--json"))
    assert (shown["state"], shown["stage"], shown["error"]) == ("loaded", "register", "")
    assert {"bert", "vit"} <= set(shown["encoders"])
    assert "lora" in shown["strategies"]


@pytest.mark.parametrize("name", ["absent", "absent-plugin"])
def test_show_says_what_failed(name):
    lines = run("show", name).splitlines()
    assert lines[0] == "plugin absent"
    values = dict(line.split(maxsplit=1) for line in lines[1:])
    assert (values["state"], values["stage"]) == ("broken", "import")
    assert values["error"] == "ModuleNotFoundError: No module named 'cli_plugin_absent'"


def test_show_of_a_clash_shows_both():
    assert [record["distribution"] for record in json.loads(run("show", "twice", "--json"))] == ["first", "second"]


def test_show_of_an_unknown_plugin():
    with pytest.raises(
        UnknownNameError, match=r"unknown plugin. Got: absnt.*did you mean absent\? `modaxfer plugins list`"
    ):
        run("show", "absnt")
