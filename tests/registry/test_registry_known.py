"""An unknown name that an index knows leads to the line that installs its plugin; nothing is run or fetched for it."""

from __future__ import annotations

import json
from io import BytesIO

import pytest

from modaxfer.errors import ConfigError, UnknownNameError
from modaxfer.registry import PluginRecord, Registry, State, hook_manager
from modaxfer.registry import added_index as module
from modaxfer.registry.added_index import add_index
from modaxfer.registry.known import SETTING, SHIPPED, known_plugins, missing_plugin, read_index, suggestion

INDEX = {"acme-hail": {"namespace": "hail", "names": {"task": ["hail-reports"], "metric": ["melted"]}}}
SOUND = PluginRecord(namespace="sound", distribution="modaxfer-sound")


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv(SETTING, raising=False)


@pytest.fixture
def index(tmp_path):
    path = tmp_path / "index.json"
    path.write_text(json.dumps(INDEX))
    return path


@pytest.mark.parametrize("name", ["spoken-digits", "sound/spoken-digits"])
def test_a_name_of_a_plugin_that_is_not_installed(name):
    with pytest.raises(UnknownNameError, match=r"known from modaxfer-sound: pip install modaxfer-sound\.$"):
        Registry((), (), hook_manager()).get("task", name)


def test_a_name_that_resembles_one():
    said = "did you mean spoken-digits? It is known from modaxfer-sound: pip install modaxfer-sound"
    assert suggestion("spokn-digits", (), "task") == said
    assert suggestion("spoken-digits", (), "metric") == suggestion("quite-other", ()) == ""


def test_a_plugin_that_is_installed_is_not_to_be_installed():
    assert suggestion("spoken-digits", [SOUND], "task") == ""
    left_out = PluginRecord(namespace="sound", distribution="modaxfer-sound", state=State.DISABLED)
    said = suggestion("spoken-digits", [left_out], "task")
    assert said == "known from modaxfer-sound, which is installed and left out by MODAXFER_PLUGINS"


def test_plugins_are_known_by_namespace_and_distribution():
    assert missing_plugin("sound", ()) == missing_plugin("modaxfer-sound", ())
    assert missing_plugin("sound", ()) == "it is known: pip install modaxfer-sound"
    assert missing_plugin("sound", [SOUND]) == missing_plugin("nobody", ()) == ""


def test_a_variable_and_a_copy_add_to_what_is_known(index, monkeypatch):
    assert suggestion("hail-reports", ()) == ""
    monkeypatch.setenv(SETTING, str(index))
    assert suggestion("hail-reports", ()) == "known from acme-hail: pip install acme-hail"
    monkeypatch.delenv(SETTING)
    assert add_index(str(index)) == add_index(str(index))
    index.unlink()
    assert suggestion("hail/melted", (), "metric") == "known from acme-hail: pip install acme-hail"


def test_a_file_that_cannot_be_read_is_said_and_the_others_count(tmp_path, monkeypatch):
    monkeypatch.setenv(SETTING, str(tmp_path / "absent.json"))
    known, (trouble,) = known_plugins()
    assert len(known) == len(json.loads(SHIPPED.read_text()))
    assert "absent.json cannot be read" in trouble
    assert trouble == suggestion("quite-other", ())


@pytest.mark.parametrize(
    "text",
    [
        "[1]", "{", '{"a": {}}', '{"a; rm -rf /": {"namespace": "a", "names": {}}}',
        '{"-r": {"namespace": "a", "names": {}}}', '{"a": {"namespace": "a", "names": {"task": ["\\u001b[2J"]}}}',
        '{"a": {"namespace": "A b", "names": {}}}', " " * 1_000_001,
    ],
    ids=["list", "torn", "empty", "shell", "option", "control", "namespace", "large"],
)  # fmt: skip
def test_what_is_no_index_is_refused(text):
    with pytest.raises(
        ConfigError, match=r"INDEX is no index of plugins. Got: .* Fix: write one with `modaxfer plugins"
    ):
        read_index(text, "INDEX")


def test_an_address_is_fetched_by_https_and_kept(monkeypatch):
    asked = []

    def urlopen(address, timeout):
        asked.append(address)
        return BytesIO(json.dumps(INDEX).encode())

    monkeypatch.setattr(module, "urlopen", urlopen)
    with pytest.raises(ConfigError, match=r"fetched by https only. Got: http://a.example/i.json. Fix: download it"):
        add_index("http://a.example/i.json")
    add_index("https://a.example/i.json")
    assert suggestion("hail-reports", ()) == "known from acme-hail: pip install acme-hail"
    assert asked == ["https://a.example/i.json"]
