"""docs/how-to/export-and-serve.md: what it shows is what happens."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from executed_page import CommandStep, do, steps

PAGE = [*steps((Path(__file__).parents[2] / "docs/how-to/export-and-serve.md").read_text(encoding="utf-8"))]


def test_it_trains_exports_and_predicts():
    typed = " ".join(step.line for step in PAGE if isinstance(step, CommandStep))
    assert [word for word in ("modaxfer train", "modaxfer export", "pipeline.py") if word not in typed] == []


@pytest.mark.slow
def test_each_command_prints_what_the_page_shows(tmp_path):
    pytest.importorskip("modaxfer_embedded", reason="the weights that the page uses come with the plugin embedded")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "modaxfer").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m modaxfer "$@"\n')
    (programs / "modaxfer").chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"}
    (tmp_path / "empty").mkdir()
    for step in PAGE:
        assert do(step, tmp_path / "empty", environment) == ""
