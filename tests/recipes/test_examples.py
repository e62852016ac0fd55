"""The examples run as they stand, on tiny random weights instead of real ones."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import numpy as np
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


@pytest.fixture
def heads():
    """Return what stands in the example of heads, without running it."""
    return runpy.run_path(str(EXAMPLES / "ct_to_mri.py"))


def test_without_its_packages_the_example_of_heads_says_what_to_install(heads, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "argv", ["ct_to_mri.py", "--ct", str(tmp_path / "none"), "--output", str(tmp_path / "out")]
    )
    heads["main"]()
    assert "skipped: " in (told := capsys.readouterr().out)
    assert "apt-get install invesalius-examples" in told
    assert not (tmp_path / "out").exists()
    (tmp_path / "none").touch()
    monkeypatch.setitem(heads["main"].__globals__, "nilearn_file", lambda: None)
    heads["main"]()
    assert "skipped: the package nilearn is not installed. Fix: pip install nilearn" in capsys.readouterr().out


def test_each_slice_of_a_head_lies_in_its_fifth(heads, tmp_path):
    heads["write_slices"](np.zeros((10, 3, 2), np.uint8), tmp_path / "slices")
    found = {folder.name: len(list(folder.iterdir())) for folder in (tmp_path / "slices").iterdir()}
    assert found == dict.fromkeys(heads["LEVELS"], 2)
