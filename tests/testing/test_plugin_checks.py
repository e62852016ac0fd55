"""Levels 0 to 2 on a distribution that does most things wrong; and a kit that lost a check."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import forked
from modaxfer.testing import STANDARD, Level, standard, standard_checks

PLUGIN = """
import csv, os, threading
import email.utils
from modaxfer import hookimpl
from modaxfer.spec import Field, IMAGE, MetricSpec, Target, TaskSpec

MODAXFER_API = 0
os.environ["LEFT_BEHIND"] = "1"
open(os.environ["WRITTEN"], "w").close()
import socket
try:
    socket.create_connection(("127.0.0.1", 9), timeout=0.1)
except OSError:
    pass
import yaml

@hookimpl
def modaxfer_metrics():
    return [
        MetricSpec(name="accuracy", target="untidy_plugin.scores:accuracy", problems=("binary",), summary="Short."),
        MetricSpec(name="gone", target="untidy_plugin.scores:gone", problems=("binery",)),
    ]
"""
SCORES = """
from modaxfer.runner.run import run
LOSS = "modaxfer.losses.build:Term"

def accuracy(references, predictions):
    return 1.0
"""
METADATA = "Metadata-Version: 2.1\nName: untidy-plugin\nVersion: one\n"


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """Return the status and what is said of the plugin, by check and id."""
    folder = tmp_path_factory.mktemp("site")
    files = {
        "untidy_plugin/__init__.py": "",
        "untidy_plugin/plugin.py": PLUGIN,
        "untidy_plugin/scores.py": SCORES,
        "untidy_plugin-1.0.dist-info/METADATA": METADATA,
        "untidy_plugin-1.0.dist-info/entry_points.txt": "[modaxfer]\nuntidy = untidy_plugin.plugin\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    code = (
        f"import sys; sys.path.insert(0, {str(folder)!r}); import os; os.environ['WRITTEN'] = {str(folder / 'w')!r}\n"
        "os.environ['MODAXFER_PLUGINS'] = 'untidy'; from modaxfer.cli.main import run\n"
        "run(['plugins', 'check', 'untidy', '--level', '2', '--json'])"
    )
    done = forked.python("-c", code)
    assert done.returncode == 1, done.stderr
    outcomes = json.loads(done.stdout)["outcomes"]
    return {(each["check"], each["id"]): each for each in outcomes if each["status"] == "failed"}


@pytest.mark.parametrize(
    ("check", "of", "what"),
    [
        ("plugin-states-a-version", "untidy", "the version cannot be read"),
        ("plugin-says-what-it-is", "untidy", "the metadata have no Summary"),
        ("plugin-states-a-licence", "untidy", "the metadata have no licence"),
        ("plugin-states-its-pythons", "untidy", "the metadata have no Requires-Python"),
        ("plugin-requires-modaxfer", "untidy", "the metadata have no dependency on modaxfer"),
        ("plugin-imports-nothing-heavy", "untidy", "the light module untidy_plugin.plugin imports more than it may"),
        ("plugin-opens-no-socket", "untidy", "the light module opens sockets"),
        ("plugin-writes-no-file", "untidy", "the light module writes"),
        ("plugin-uses-public-names-alone", "untidy", "it uses what is not public of modaxfer"),
        ("plugin-leaves-the-process-alone", "untidy", "the light module changes the process"),
        ("spec-has-a-name-of-its-own", "untidy/accuracy", "accuracy alone would be ambiguous"),
        ("spec-takes-what-it-is-given", "untidy/accuracy", "too many positional arguments"),
        ("spec-says-what-it-is", "untidy/gone", "the summary does not say in one line what it is"),
        ("spec-names-code-that-is-there", "untidy/gone", "has no attribute 'gone'"),
        ("metric-scores-known-problems", "untidy/gone", "problems names what is not there: unknown problem"),
    ],
)
def test_an_untidy_plugin_is_found(said, check, of, what):
    outcome = said[check, of]
    assert what in outcome["what"]
    assert outcome["fix"]


def test_what_is_named_is_what_was_done(said):
    assert said["plugin-imports-nothing-heavy", "untidy"]["got"] == "yaml"
    named = ("scores.py: from modaxfer.runner.run import run", "scores.py: modaxfer.losses.build:Term")
    assert said["plugin-uses-public-names-alone", "untidy"]["got"] == ", ".join(named)
    assert "LEFT_BEHIND" in said["plugin-leaves-the-process-alone", "untidy"]["got"]


def test_a_check_that_is_lost_ends_every_run(monkeypatch):
    standard_checks.cache_clear()
    monkeypatch.setitem(STANDARD, Level.METADATA, STANDARD[Level.METADATA] | {"plugin-is-kind"})
    with pytest.raises(AssertionError, match=r"checks of level 0 are not the standard ones: plugin-is-kind"):
        standard_checks(Level.METADATA)
    standard_checks.cache_clear()


def test_every_check_says_what_holds_and_is_named_once():
    checks = [each for level in Level for each in standard_checks(level)]
    assert len({each.name for each in checks}) == len(checks) == sum(map(len, standard.STANDARD.values()))
    assert all(each.meaning.endswith(".") for each in checks)


def test_the_kit_is_imported_without_pytest_and_torch():
    code = "import sys, modaxfer.testing; print({'pytest', 'torch', 'numpy'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
