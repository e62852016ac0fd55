"""docs/how-to/explain.md: what it shows is what happens."""

from __future__ import annotations

import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest

from executed_page import CommandStep, FileStep, resembles, steps

pytestmark = pytest.mark.skipif(find_spec("captum") is None, reason="explanations need the extra explain")

PAGE = [*steps((Path(__file__).parents[3] / "docs/how-to/explain.md").read_text(encoding="utf-8"))]


@pytest.mark.slow
def test_each_command_prints_what_the_page_shows(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [type(step) for step in PAGE] == [FileStep, CommandStep, CommandStep]
    for step in PAGE:
        if isinstance(step, FileStep):
            Path(step.path).write_text(step.text, encoding="utf-8")
            continue
        status, said, err = shell(*shlex.split(step.line)[1:])
        assert status == 0, err
        assert resembles(step.shown, said), said
    assert Path("run/explanation/explanation.html").is_file()
