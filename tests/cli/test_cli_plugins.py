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
    namespace="modaxfer",
    module="modaxfer.registry.builtin",
    distribution="modaxfer",
    version=__version__,
    origin="core",
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
    head, own, absent, *_ = run("list", "--wide").splitlines()
    assert head.split() == ["namespace", "version", "origin", "state", "distribution", "module", "error"]
    assert own.split() == ["modaxfer", __version__, "core", "installed", "modaxfer", "modaxfer.registry.builtin"]
    assert absent.split() == ["absent", "1.0", "installed", "absent-plugin", "cli_plugin_absent"]
    assert BUILTIN.module not in sys.modules


def test_list_that_loads_shows_what_each_brings_and_took():
    own, absent, *_ = json.loads(run("list", "--load", "--json"))
    assert (own["state"], own["api"]) == ("loaded", 0)
    assert {"encoder", "task", "report"} <= set(own["kinds"])
    assert 0 < own["milliseconds"] < 60_000
    assert (absent["state"], absent["api"], absent["milliseconds"]) == ("broken", None, None)


def test_an_index_of_what_is_installed_leads_others_to_it():
    index = json.loads(run("index"))
    assert "spoken-digits" in index["modaxfer-sound"]["names"]["task"]
    assert "modaxfer" not in index


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
