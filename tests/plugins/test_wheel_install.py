"""Plugins built into wheels and installed by pip: one good one beside the three faults that users meet most."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hatchling.build import build_wheel

from fresh import OFFLINE

HEAD = "from modaxfer import hookimpl\nfrom modaxfer.spec import StrategySpec\nMODAXFER_API = 0\n"
HOOK = '@hookimpl\ndef {}():\n    return [StrategySpec(name="gentle", target="a.b:c")]\n'

PLUGINS = {
    "healthy": ("healthy", HEAD + HOOK.format("modaxfer_strategies")),
    "raising": ("raising", "raise RuntimeError('no licence file')"),
    "misspelled": ("misspelled", HEAD + HOOK.format("modaxfer_strategys")),
    "grasping": ("modaxfer", HEAD + HOOK.format("modaxfer_strategies")),
}
"""Distribution to namespace and source."""

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "1.0"

[project.entry-points.modaxfer]
{namespace} = "{name}.plugin"
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return the folder into which pip installed wheels of all `PLUGINS`, without a network.

    They are built here by what pip would call in three processes for each.
    """
    sources, target = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("installed")
    wheels = []
    for name, (namespace, source) in PLUGINS.items():
        package = sources / name / name
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "plugin.py").write_text(source)
        (sources / name / "pyproject.toml").write_text(PYPROJECT.format(name=name, namespace=namespace))
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(sources / name)
            wheels.append(sources / build_wheel(str(sources)))
    command = [sys.executable, "-m", "pip", "install", *OFFLINE, "--target", target, *wheels]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.fixture
def command_line(site_in, installed):
    """Run ``python -m modaxfer`` with the installed wheels."""

    def run(*arguments, **environment):
        return site_in(installed).python("-m", "modaxfer", *arguments, **environment)

    return run


def test_wheels_bring_their_metadata(command_line):
    done = command_line("plugins", "list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    states = {(record["namespace"], record["distribution"]): record["state"] for record in json.loads(done.stdout)}
    assert states[("modaxfer", "grasping")] == "clashing"
    loaded = [("modaxfer", "modaxfer"), ("healthy", "healthy"), ("raising", "raising")]
    assert {states[each] for each in loaded} == {"installed"}


@pytest.mark.parametrize(
    ("distribution", "message"),
    [
        (
            "raising",
            "plugin 'raising' (raising 1.0) is broken at import: RuntimeError: no licence file (plugin.py, line 1)",
        ),
        ("misspelled", "there is no hook modaxfer_strategys; did you mean modaxfer_strategies?"),
        ("grasping", "plugin 'modaxfer' (grasping 1.0) is clashing at discover: the namespace 'modaxfer' belongs to"),
    ],
)
def test_each_fault_has_its_own_line_and_the_rest_works(command_line, distribution, message):
    done = command_line("list", "strategies", "--json")
    assert done.returncode == 0
    lines = [line for line in done.stderr.splitlines() if f"({distribution} 1.0)" in line]
    assert len(lines) == 1
    assert message in lines[0]
    ids = {strategy["id"] for strategy in json.loads(done.stdout)}
    assert {"healthy/gentle", "modaxfer/full", "modaxfer/lora", "modaxfer/frozen"} <= ids
    assert not {"misspelled/gentle", "modaxfer/gentle", "raising/gentle"} & ids


def test_show_tells_what_is_wrong_and_imports_nothing_else(command_line):
    done = command_line("plugins", "show", "misspelled")
    assert (done.returncode, done.stderr) == (0, "")
    said = " ".join(done.stdout.split())  # a long value is wrapped
    assert "state broken" in said
    assert "stage hooks" in said
    assert "did you mean modaxfer_strategies?" in said


def test_strict_ends_with_one_paragraph(command_line):
    done = command_line("list", "strategies", MODAXFER_STRICT="1", MODAXFER_PLUGINS="healthy,raising")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "no licence file" in done.stderr
    assert "Traceback" not in done.stderr
