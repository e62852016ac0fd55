"""What is written: every kind alone and all together, lint-clean, light, and never over what is there."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from modaxfer import hooks
from modaxfer.cli.main import cli
from modaxfer.cli.new_plugin import new_plugin
from modaxfer.errors import ModaxferError, OutputExistsError, RefusedError
from modaxfer.public_names import private_imports
from modaxfer.registry import KINDS
from modaxfer.registry.hook_checks import check_hooks
from modaxfer.registry.spec_checks import check_specs
from modaxfer.scaffold import EXAMPLES, LICENCES, PluginName, Project, chosen, render, write

DOCS = Path(__file__).parents[2] / "docs"
LONG = "a-domain-whose-name-is-forty-signs-long1"
"""Lines get longer with the name: they have to be right with the longest, too."""


def project(*kinds, name="leaves", licence=LICENCES[0]):
    return Project(name=PluginName.of(name), examples=chosen(kinds), licence=licence)


def loaded(rendered, package):
    """Return the plugin module as a namespace, without its package."""
    made = type(sys)(f"{package}.plugin")
    exec(compile(rendered[f"src/{package}/plugin.py"], "plugin.py", "exec"), vars(made))
    return made


def specs_of(module):
    check_hooks(module)
    hooked = {kind: getattr(module, kind.hook) for kind in KINDS.values() if hasattr(module, kind.hook)}
    return {kind.name: check_specs(kind, hook()) for kind, hook in hooked.items()}


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory):
    """Return a folder with a plugin of each kind alone, and of all kinds with a short and with a long name."""
    folder = tmp_path_factory.mktemp("generated")
    for place, kind in enumerate(EXAMPLES):
        write(render(project(kind, licence=LICENCES[place % len(LICENCES)])), folder / kind)
    for name in ("x", LONG):
        write(render(project("all", name=name)), folder / name)
    return folder


def test_all_of_it_is_lint_and_format_clean(everywhere):
    for words in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "."], cwd=everywhere, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_all_of_it_is_written_with_public_names():
    files = render(project("all")).items()
    assert {path: found for path, text in files if path.endswith(".py") and (found := private_imports(text))} == {}


@pytest.mark.slow
def test_all_of_it_is_typed(everywhere):
    done = subprocess.run(
        [sys.executable, "-m", "mypy"], cwd=everywhere / LONG, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", EXAMPLES)
def test_each_kind_alone_brings_what_it_says_and_names_modules_that_are_there(kind):
    rendered = render(project(kind))
    module = loaded(rendered, "modaxfer_leaves")
    specs = specs_of(module)
    assert EXAMPLES[kind].name in {spec.name for found in specs.values() for spec in found} | {*vars(module)}
    targets = {
        value.partition(":")[0].removeprefix("modaxfer_leaves.")
        for found in specs.values()
        for spec in found
        for value in (spec.target if hasattr(spec, "target") and isinstance(spec.target, str) else "",)
        if value
    }
    assert all(f"src/modaxfer_leaves/{module}.py" in rendered for module in targets)
    assert f"{EXAMPLES[kind].module}.py" in rendered["README.md"]
    assert f"src/modaxfer_leaves/{EXAMPLES[kind].module}.py" in rendered


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_the_line_that_tries_it_has_flags_that_there_are_and_its_page_is_there(example):
    _, name, *words = project("all").tried(example).split()
    known = {flag for option in cli.get_command(click.Context(cli), name).params for flag in option.opts}
    assert {word for word in words if word.startswith("--")} <= known
    assert (DOCS / "reference" / "plugins" / f"{example.kind}.md").is_file()


def test_every_kind_of_thing_has_an_example():
    specs = specs_of(loaded(render(project("all")), "modaxfer_leaves"))
    assert set(specs) == set(KINDS)
    assert [name for name in vars(hooks.HookSpecs) if name.removeprefix("modaxfer_") in EXAMPLES] == [
        "modaxfer_transferability"
    ]


@pytest.mark.parametrize("licence", LICENCES)
def test_the_project_file_says_what_the_plugin_is(licence):
    rendered = render(project("metric", "encoder", name="eu.law", licence=licence))
    told = tomllib.loads(rendered["pyproject.toml"])["project"]
    assert told["name"] == "modaxfer-eu-law"
    assert told["entry-points"]["modaxfer"] == {"eu.law": "modaxfer_eu_law.plugin"}
    assert "torch>=2.6" in told["dependencies"]
    assert ("LICENSE" in rendered) == ("license-files" in told) == (licence != "proprietary")


def test_nothing_is_written_over_what_is_there(tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    for place in (tmp_path, tmp_path / "note.txt"):
        with pytest.raises(OutputExistsError, match="nothing is written over it"):
            write({"a": "b"}, place)
    with pytest.raises(RefusedError, match="the plugin cannot be written"):
        write({"a": "b"}, tmp_path / "note.txt" / "deeper")
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]
    write({"a/b": "c"}, tmp_path / "new")
    assert (tmp_path / "new/a/b").read_text() == "c"


def test_the_command_says_what_it_wrote_and_what_is_next(tmp_path):
    folder = tmp_path / "leaves"
    done = CliRunner().invoke(new_plugin, ["leaves", "--output", str(folder)], catch_exceptions=False)
    assert "  src/modaxfer_leaves/plugin.py\n" in done.output
    assert f"next:\n  pip install -e {folder}\n  modaxfer plugins check leaves\n" in done.output
    told = CliRunner().invoke(
        new_plugin,
        ["leaves", "--with", "metric", "--json", "--output", str(tmp_path / "other")],
        catch_exceptions=False,
    )
    made = json.loads(told.output)
    assert (made["distribution"], made["package"]) == ("modaxfer-leaves", "modaxfer_leaves")
    assert {
        str(path.relative_to(tmp_path / "other")) for path in (tmp_path / "other").rglob("*") if path.is_file()
    } == {*made["files"]}
    again = CliRunner().invoke(new_plugin, ["leaves", "--output", str(folder)])
    assert isinstance(again.exception, ModaxferError)
