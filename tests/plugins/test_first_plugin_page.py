"""docs/how-to/first-plugin.md: what it shows is what happens, from an empty folder in a fresh environment."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from executed_page import CommandStep, FileStep, do, resembles, steps
from fresh import fresh_environment
from modaxfer.scaffold import PluginName, Project, chosen, render

PAGE = [*steps((Path(__file__).parents[2] / "docs/how-to/first-plugin.md").read_text(encoding="utf-8"))]
FEW = 30
"""Lines that are edited, at most."""


def test_it_shows_what_plugins_new_writes_and_edits_few_lines_of_it():
    files = render(Project(name=PluginName.of("leaves"), examples=chosen(())))
    (written,) = (step.shown for step in PAGE if isinstance(step, CommandStep) and step.line.endswith("new leaves"))
    assert [line.strip() for line in written.splitlines() if line.startswith("  ")][: len(files)] == [*files]
    edited = {
        step.path.removeprefix("modaxfer-leaves/"): step.text.splitlines()
        for step in PAGE
        if isinstance(step, FileStep) and step.path.startswith("modaxfer-leaves/")
    }
    changed = [
        line
        for path, lines in edited.items()
        for line in difflib.ndiff(files[path].splitlines(), lines)
        if line.startswith("+ ")
    ]
    assert 15 < len(changed) <= FEW


def test_it_goes_through_every_step():
    typed = " ".join(step.line for step in PAGE if isinstance(step, CommandStep))
    words = ("plugins new", "pip install", "list tasks", "modaxfer train", "modaxfer compare", "plugins check")
    assert [word for word in words if word not in typed] == []


@pytest.mark.slow
def test_each_command_prints_what_the_page_shows(tmp_path):
    environment = fresh_environment(tmp_path / ".venv", plugins="embedded,leaves")
    folder = tmp_path / "empty"
    folder.mkdir()
    for step in PAGE:
        if wrong := do(step, folder, environment):
            pytest.fail(wrong, pytrace=False)


@pytest.mark.parametrize(
    ("shown", "printed", "alike"),
    [
        ("test accuracy  0.833  [0.611, 1.000]", "test accuracy 0.9 [0.5,  1.0]\n", True),
        ("a\n...\nd", "a\nb\nc\nd\n", True),
        ("a\n...\nd", "a\nd", True),
        ("...", "", True),
        ("rows (fingerprint ...)", "rows (fingerprint 2f7ef6)", True),
        ("", "a warning", False),
        ("all 15 checks passed", "all 9 checks failed", False),
        ("a\nb", "a\nc\nb", False),
        ("chance 0.5", "chance none", False),
    ],
)
def test_a_page_and_what_is_printed_are_compared_by_words(shown, printed, alike):
    assert resembles(shown, printed) is alike
