"""A learning curve end to end on tiny weights: runs, page, figure, command line, and started again."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import modaxfer
from modaxfer.cli.main import cli
from modaxfer.runner.beside import schedule

pytestmark = pytest.mark.recipe

SHOTS = "1,2,4,8"


@pytest.fixture(scope="module")
def made(tiny, own_rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("curve") / "curve"
    return modaxfer.curve(
        encoder=str(tiny("bert")), strategy="frozen", seeds=1, shots=SHOTS, output=str(folder), quiet=True,
        precision="fp32", device="cpu", **own_rows("text"),
    )  # fmt: skip


def test_each_size_is_an_ordinary_comparison(made):
    (curve,) = made.curves
    assert [(point.shots, point.rows) for point in curve.points] == [(1, 2), (2, 4), (4, 8), (8, 16)]
    for point in curve.points:
        comparison = modaxfer.Comparison(made.folder / f"shots-{point.shots}")
        assert (comparison.cells[0].score,) == point.scores
    assert json.loads((made.folder / "curve.json").read_text(encoding="utf-8"))["curves"][0]["said"] == curve.said
    assert made.to_frame()["mean"].tolist() == [point.mean for point in curve.points]


def test_it_is_shown(made):
    page = (made.folder / "curve.html").read_text(encoding="utf-8")
    (curve,) = made.curves
    for text in (page, made._repr_html_()):
        assert curve.said.replace("'", "&#39;")[:30] in text
    assert made.plot().read_bytes().startswith(b"\x89PNG")
    assert "data:image/png" in page


def test_what_is_finished_is_not_run_again(made, monkeypatch):
    def never(*given, **settings):
        raise AssertionError

    monkeypatch.setattr(schedule, "run", never)
    monkeypatch.setattr("modaxfer.runner.compare.cell.run_with_companions", never)
    done = CliRunner().invoke(cli, ["curve", "--resume", "--output", str(made.folder)])
    assert done.exit_code == 0, done.output
    (curve,) = made.curves
    assert curve.said in done.output.replace("\n", " ")
