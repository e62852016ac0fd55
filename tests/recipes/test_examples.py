"""The examples run as they stand, on tiny random weights instead of real ones."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import modaxfer
from carried_models import here
from modaxfer.export import parity
from notebooks import EXAMPLES, NOTEBOOKS, cells_of, run_notebook

pytestmark = pytest.mark.recipe


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


def test_a_data_frame_goes_all_the_way(tiny, tmp_path, monkeypatch):
    """What a user of one line each does, on tiny random weights."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parity, "_measured", here)
    train = modaxfer.train
    monkeypatch.setattr(
        modaxfer, "train", lambda **settings: train(**{**settings, "encoder": str(tiny("bert"))}), raising=False
    )
    names, shown = run_notebook(EXAMPLES / "own_data_frame.ipynb")
    run, loaded, new = names["run"], names["loaded"], names["new"]
    assert loaded.folder != run.folder
    assert loaded.result == run.result
    np.testing.assert_allclose(loaded.predict_proba(new), run.predict_proba(new), atol=1e-6)
    assert {"accuracy", "f1_macro"} <= next(one for one in shown if isinstance(one, dict)).keys()
    assert run.features(new).shape == (len(new), run.features(new[:1]).shape[1])
    assert (names["model"] / "pipeline.py").is_file()
    assert set(shown[-1].columns) == {"row", "input", "unit", "attribution", "occlusion"}


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run_on_the_weights_that_they_name(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_notebook(path)


def test_each_notebook_has_its_page_of_the_gallery():
    """With its code as it is now: `make gallery` writes the pages."""
    pages = EXAMPLES.parent / "docs" / "gallery"
    assert {page.stem for page in pages.glob("*.md")} == {"index", *(path.stem for path in NOTEBOOKS)}
    for path in NOTEBOOKS:
        page = (pages / f"{path.stem}.md").read_text(encoding="utf-8")
        stale = [source for cell in cells_of(path) if (source := "".join(cell["source"]).strip()) not in page]
        assert stale == [], f"{path.stem}: run `make gallery`"


@pytest.mark.slow
def test_a_page_shows_what_was_displayed_and_neither_progress_nor_folders(tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat", reason="the group docs is not installed")
    gallery = runpy.run_path(str(EXAMPLES.parent / "docs" / "gallery.py"))
    monkeypatch.setitem(gallery["write"].__globals__, "PAGES", tmp_path / "pages")
    page = "&lt;p&gt;seen &amp;amp; heard&lt;/p&gt;"
    html = f'<img src="data:image/png;base64,aGk="><iframe sandbox srcdoc="{page}"></iframe>'
    outputs = [
        nbformat.v4.new_output("stream", name="stderr", text="12 rows/s"),
        nbformat.v4.new_output("stream", name="stdout", text=f"{tmp_path}/run"),
        nbformat.v4.new_output("display_data", data={"text/html": html}),
    ]
    cell = nbformat.v4.new_code_cell("run", outputs=outputs)
    made = gallery["write"](Path("one.ipynb"), nbformat.v4.new_notebook(cells=[cell]), tmp_path)
    text = made.read_text(encoding="utf-8")
    assert "rows/s" not in text
    assert "    run" in text.splitlines()
    assert '<img src="one-2.png"><iframe sandbox src="one-1.html">' in text
    assert (made.parent / "one-1.html").read_text(encoding="utf-8") == "<p>seen &amp; heard</p>"
    assert (made.parent / "one-2.png").read_bytes() == b"hi"


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
