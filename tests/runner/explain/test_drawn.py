"""What an encoder is given, turned back into what people can see."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from modaxfer.contracts import InputLayout
from modaxfer.reports.explain.preview import preview_lines
from modaxfer.runner.rows.drawn import Drawn, drawn
from modaxfer.spec import TEXT, Field

STRIPS = SimpleNamespace(
    layout=InputLayout(kind="patches", max_tokens=17, patch_size=4, image_size=16),
    fields=(Field(name="t", signal=TEXT),),
)


def test_patches_are_laid_out_as_the_grid_holds_them():
    patches = np.stack([np.full((4, 4, 3), value, np.uint8) for value in (10, 20, 30, 40, 50)])
    (made,) = drawn(None, {"patches": patches}, SimpleNamespace(), STRIPS)
    assert made.pixels.shape == (8, 16, 3)
    assert made.pixels[::4, ::4, 0].tolist() == [[10, 20, 30, 40], [50, 208, 208, 208]]
    assert made.size == "5 patches of 4 x 4 pixels, in lines of 4"


def test_what_is_not_known_is_left_out():
    assert drawn(None, {"strange": np.zeros(3), "mask": np.ones(3)}, SimpleNamespace(), STRIPS) == []


def test_a_picture_is_shown_in_letters_bright_ones_dense():
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:, 4:] = 255
    lines = preview_lines(Drawn(key="k", kind="picture", fields=("a",), size="8 x 8 pixels", pixels=pixels), 80)
    assert lines == ["picture of a: 8 x 8 pixels", *["    @@@@"] * 4]


@pytest.mark.parametrize("encoder", ["vit", "bert"])
def test_a_row_of_a_task_is_shown_without_weights(shell, tmp_path, monkeypatch, no_weights, encoder):
    monkeypatch.setenv("MODAXFER_DATA", str(tmp_path))
    file = tmp_path / "drawn.png"
    wants = ("--output", file) if encoder == "vit" else ()
    status, said, err = shell(
        "show", f"{encoder}:tiny", "--task", "digits", "--row", "1", *wants, "--data-dir", tmp_path
    )
    assert status == 0, err
    assert "on modaxfer/digits, row 1 of train, by" in " ".join(said.split())
    if encoder == "vit":
        with Image.open(file) as picture:
            assert picture.size[0] >= 28


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("vit", "--row", "1"), "--row is of a task"),
        (("vit", "--task", "digits", "--output", "x.png"), "these say how a row is shown, and none is named"),
    ],
)
def test_options_that_nothing_would_come_of_are_refused(shell, words, told):
    status, _, said = shell("show", *words)
    assert (status, told in " ".join(said.split())) == (2, True)
