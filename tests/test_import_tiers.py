"""What each command may import: nothing heavy until something heavy is used."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "datasets", "numpy", "accelerate", "peft", "sklearn", "pyarrow", "PIL", "rich")

REPORT = """
import atexit, json, sys
atexit.register(lambda: sys.stderr.write("MODULES" + json.dumps(sorted(sys.modules))))
"""


def modules_after(code: str, **environment: str) -> set[str]:
    """Return the modules that a fresh interpreter holds after `code`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MODAXFER_")}
    done = subprocess.run(
        [sys.executable, "-c", REPORT + code], env=kept | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.partition("MODULES")[2]))


def after_command(*arguments: str, **environment: str) -> set[str]:
    """Return the modules that ``python -m modaxfer`` holds at its end."""
    run = f"import runpy; sys.argv = {['modaxfer', *arguments]!r}; runpy.run_module('modaxfer', run_name='__main__')"
    return modules_after(run, **environment)


def heavy(modules: set[str]) -> set[str]:
    return {name for name in HEAVY if name in modules}


def test_the_probe_sees_what_is_imported():
    assert heavy(modules_after("import numpy")) == {"numpy"}


@pytest.mark.parametrize("code", ["import modaxfer", "import modaxfer.spec, modaxfer.errors, modaxfer.hooks"])
def test_tier_0_import(code):
    modules = modules_after(code)
    assert not heavy(modules)
    assert "modaxfer.registry" not in modules


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("plugins", "--help"), ("list", "--help")])
def test_tier_0_help_is_light(arguments):
    modules = after_command(*arguments)
    assert not heavy(modules)
    assert "modaxfer.registry.builtin" not in modules


def test_tier_0_plain_help_reads_no_metadata():
    assert "modaxfer.registry" not in after_command("--help")


@pytest.mark.parametrize("arguments", [("plugins", "list"), ("plugins", "list", "--json")])
def test_tier_1_plugins_list_reads_metadata_only(arguments):
    modules = after_command(*arguments)
    assert not heavy(modules)
    assert "modaxfer.registry.discovery" in modules
    assert "modaxfer.registry.builtin" not in modules
    assert not [name for name in modules if name.startswith("modaxfer_")]


@pytest.mark.parametrize("arguments", [("list",), ("list", "encoders", "--json"), ("show", "digits")])
def test_tier_2_lists_import_light_modules_only(arguments):
    modules = after_command(*arguments, MODAXFER_PLUGINS="")
    assert not heavy(modules)
    assert "modaxfer.registry.builtin" in modules
    assert not [
        name for name in modules if name.startswith(("modaxfer.encoders", "modaxfer.strategies", "modaxfer.tasks"))
    ]


def test_tier_3_a_target_is_imported_alone():
    use = "from modaxfer.registry import load_target; load_target('modaxfer.config:RunConfig')"
    modules = modules_after(use)
    assert "modaxfer.config" in modules
    assert not heavy(modules)
    assert "modaxfer.registry.builtin" not in modules


@pytest.mark.parametrize(
    "mistake",
    [
        # By default wrong names are asked of the command line: tests/test_early_answers.py.
        pytest.param({"encoder": "brt", "strategy": "full", "task": "digits"}, marks=pytest.mark.slow),
        pytest.param({"encoder": "vit", "strategy": "fulll", "task": "digits"}, marks=pytest.mark.slow),
        pytest.param({"encoder": "vit", "strategy": "full", "task": "digts"}, marks=pytest.mark.slow),
        {"encoder": "bert:base", "strategy": "full", "task": "digits"},
    ],
)
def test_a_wrong_name_or_an_absent_hub_is_answered_before_torch_is_imported(mistake):
    ask = f"""
import modaxfer
try:
    modaxfer.train(**{mistake!r})
except modaxfer.ModaxferError as error:
    print(error)
else:
    raise SystemExit("nothing was refused")
"""
    assert "torch" not in modules_after(ask, HF_HUB_OFFLINE="1", MODAXFER_PLUGINS="", HF_HOME="/nowhere")


@pytest.mark.slow
def test_what_a_run_imports_before_it_trains_draws_no_page_and_attaches_nothing():
    before = ("modaxfer.runner.beside.schedule", "modaxfer.encoders.text", "modaxfer.strategies.frozen")
    modules = modules_after(f"import {', '.join(before)}")
    assert "torch" in modules
    assert not {"matplotlib", "peft", "optuna", "modaxfer.reports.plots"} & modules
