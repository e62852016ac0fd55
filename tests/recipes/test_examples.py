"""The examples run as they stand, on tiny random weights instead of real ones."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest

import modaxfer

pytestmark = pytest.mark.recipe

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_quickstart_script(tiny, tmp_path, monkeypatch, capsys):
    arguments = [
        "--encoder",
        str(tiny("vit")),
        "--strategy",
        "full",
        "--limit",
        "40",
        "--output",
        str(tmp_path / "run"),
    ]
    monkeypatch.setattr(sys, "argv", ["quickstart.py", *arguments])
    runpy.run_path(str(EXAMPLES / "quickstart.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert "test accuracy 0." in printed
    assert "majority 0." in printed
    assert "a zero, is read as" in printed
    assert (tmp_path / "run" / "report.html").is_file()


def test_quickstart_notebook(tiny, tmp_path, monkeypatch):
    notebook = json.loads((EXAMPLES / "quickstart.ipynb").read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    cells = notebook["cells"]
    assert len({cell["id"] for cell in cells}) == len(cells)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []
    train = modaxfer.train
    small = {"encoder": str(tiny("vit")), "limit": 40, "epochs": 1, "output": str(tmp_path / "run")}
    monkeypatch.setattr(modaxfer, "train", lambda **settings: train(**{**settings, **small}), raising=False)
    names: dict[str, object] = {}
    for cell in code:
        exec("".join(cell["source"]), names)
    assert names["result"].status == "completed"
    assert names["result"].task == "modaxfer/digits"
