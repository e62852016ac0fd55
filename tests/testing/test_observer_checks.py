"""Observers are told of runs in a process of their own; each check finds the broken twin that is made for it."""

from __future__ import annotations

import dataclasses

import pytest

from modaxfer.registry import BUILTIN
from modaxfer.testing import CheckFailedError, CheckSkippedError
from modaxfer.testing.checks import observers
from modaxfer.testing.subject import plugin_named, subjects_of

HEAD = """
from pathlib import Path
from modaxfer import hookimpl

MODAXFER_API = 0
"""
SOUND = """
@hookimpl
def modaxfer_run_start(config):
    Path(config["output"], "started.txt").write_text(config["strategy"])

@hookimpl
def modaxfer_run_end(result, folder):
    (folder / "ended.txt").write_text(str(result["metrics"]["test"]["accuracy"]))
"""
HASTY = """
@hookimpl
def modaxfer_run_end(result):
    print(f"{result['metrics']['test']['accuracy']:.3f}")

@hookimpl
def modaxfer_logged(values):
    values["seen"] = True
"""
BESIDE = """
@hookimpl
def modaxfer_run_error(error):
    Path("errors.txt").write_text(str(error))

@hookimpl
def modaxfer_run_start(config):
    (Path(config["output"]).parent.parent / "runs.txt").write_text("one more")
"""
ENDING = """
import os

@hookimpl
def modaxfer_run_start(config):
    os._exit(3)
"""


@pytest.fixture
def subject(tmp_path, monkeypatch):
    """Return a function from the code of observers to a plugin that has them."""
    monkeypatch.syspath_prepend(str(tmp_path))
    whole = subjects_of(plugin_named(BUILTIN))[0]

    def made(code):
        module = f"watching_{abs(hash(code))}"
        (tmp_path / f"{module}.py").write_text(HEAD + code, encoding="utf-8")
        register = type("Register", (), {"observers": lambda self: (("twin", "run_start"),)})()
        plugin = dataclasses.replace(whole.plugin, namespace="twin", module=module)
        return dataclasses.replace(whole, plugin=plugin, registry=register)

    return made


def test_a_sound_observer_passes(subject):
    own = subject(SOUND)
    for check in observers.CHECKS:
        check.run(own)


@pytest.mark.parametrize(
    ("check", "code", "message"),
    [
        (
            observers.observers_bear_every_run,
            HASTY,
            r"an observer fails at a run .*failed at logged.*read-only.*failed at run_end.*TypeError: .*NoneType",
        ),
        (observers.observers_bear_every_run, ENDING, r"end the process that they watch\. Got: .* status 3"),
        (observers.observers_write_to_the_run_alone, BESIDE, r"writes beside the run\. Got: /.*runs\.txt, errors\.txt"),
    ],
    ids=["hasty", "ending", "beside"],
)
def test_a_broken_observer_is_found_out(subject, check, code, message):
    with pytest.raises(CheckFailedError, match=message):
        check.run(subject(code))


def test_what_observes_nothing_is_left_alone(subject):
    own = subject(SOUND)
    with pytest.raises(CheckSkippedError, match="observes nothing"):
        observers.observers_bear_every_run.run(
            dataclasses.replace(own, plugin=dataclasses.replace(own.plugin, namespace="other"))
        )
