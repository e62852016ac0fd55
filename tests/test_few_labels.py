"""The benchmark of few labels: its cells, what it makes of finished ones, the page and the figure."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from finished_benchmarks import finish, settle
from modaxfer.cli.main import cli

ROOT = Path(__file__).resolve().parents[1]
RIGHT = {"prototype": 20, "frozen": 30, "contrastive": 38, "lora": 29, "full, head first": 37, "full": 22}


@pytest.fixture(scope="module")
def bench():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        yield importlib.import_module("few_labels")
    for name in ("few_labels", "few_labels_figure", "resumable", "machine"):
        sys.modules.pop(name, None)


@pytest.fixture
def page(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    yield importlib.import_module("tables.few_labels").few_labels
    for name in [name for name in sys.modules if name.split(".")[0] == "tables"]:
        sys.modules.pop(name)


@pytest.fixture(scope="module")
def found(bench, tmp_path_factory):
    """What is described where one task has all ways with 8 rows per class, and one way with 16."""
    place = tmp_path_factory.mktemp("made")
    for cell in bench.cells():
        own = cell.question.task == "legal-sentiment" and (cell.shots, cell.way) in [
            *((8, way) for way in bench.WAYS),
            (16, "frozen"),
        ]
        if own and not (cell.source and cell.way == "full"):
            folder = cell.command.folder(place)
            right = RIGHT[cell.way] + (2 if cell.source else 0)
            settle(cell.command, folder)
            finish(folder, right, phase={}, name="legal/legal-sentiment", episodes=3)
            for number in (1, 2):
                finish(folder / "episodes" / str(number), right - number, phase={})
    return bench.describe(place)


def test_every_cell_is_a_command_that_is_understood(bench):
    lines = {cell.command.cell: cell.command.line(cell.command.folder(Path("out"))) for cell in bench.cells()}
    assert len(lines) == len(bench.cells())
    assert "--shots 8 --episodes 3" in " ".join(lines["legal-sentiment-frozen-8"])
    assert "--shots 128 --episodes 1" in " ".join(lines["legal-sentiment-lora-128-source"])
    assert "--batch-size" not in lines["trec-questions-prototype-8"]
    known = CliRunner().invoke(cli, ["train", "--help"]).output
    assert all(word in known for line in lines.values() for word in line if word.startswith("--"))


def test_the_source_is_learned_before_what_needs_it_and_is_kept(bench):
    commands = bench.commands()
    place = commands.index(bench.SOURCE)
    assert bench.SOURCE.keep
    needy = [number for number, command in enumerate(commands) if command.encoder_of]
    assert needy
    assert min(needy) > place
    assert {commands[number].encoder_of for number in needy} == {bench.SOURCE.cell}
    assert f"out/{bench.SOURCE.cell}/0" in commands[needy[0]].line(commands[needy[0]].folder(Path("out")))


def test_a_run_that_lacks_draws_is_missing_and_goes_on(bench, tmp_path, monkeypatch):
    cell = next(cell for cell in bench.cells() if cell.way == "frozen")
    folder, resumable = cell.command.folder(tmp_path), importlib.import_module("resumable")
    settle(cell.command, folder)
    finish(folder, 30, phase={})
    assert cell.found(tmp_path) == []
    made = []
    monkeypatch.setattr(resumable, "_forked", lambda words: made.append(words) or 0)
    assert resumable.run_missing(cell.command, tmp_path)
    assert made[0][-1] == "--resume"
    assert (folder / "result.json").is_file()


def test_gains_are_paired_over_draws_and_what_is_missing_is_named(found):
    (task,) = found["tasks"]
    (best,) = [told for told in task["best"] if told["shots"] == 8]
    assert best["way"] == "contrastive"
    assert best["over"]["frozen"]["value"] == pytest.approx(8 / 40)
    assert best["over"]["frozen"]["draws"] == 3
    assert next(t for t in task["source"] if t["way"] == "lora")["value"] == pytest.approx(2 / 40)
    assert next(c for c in task["cells"] if c["way"] == "frozen")["mean"] == pytest.approx(29 / 40)
    missing = [cell for cell in found["missing"] if (cell["task"], cell["shots"]) == ("legal-sentiment", 8)]
    assert missing == [{"task": "legal-sentiment", "shots": 8, "source": True, "way": "full"}]


def test_the_page_says_what_to_take_and_the_figure_is_drawn(bench, found, page, tmp_path):
    stored = tmp_path / "few-labels.json"
    bench.store(stored, found)
    text = page(stored)
    assert "- **8 rows per class: `contrastive`**, 0.000 (1 task); `full, head first` 0.025" in text
    assert "16 rows per class: `" not in text
    assert "8 rows per class: `contrastive` has the best mean; shown to be worse `prototype`" in text
    assert "| `lora` | 8 | +0.050 |" in text
    assert "- `legal-sentiment` with 8, after the source: `full`\n" in text
    assert "- `trec-questions` with 64: all ways\n" in text
    bench.figure(stored)
    assert stored.with_suffix(".png").stat().st_size > 10_000


def test_a_block_stays_until_a_fuller_one_is_measured_and_whole_ones_are_not_made_again(bench, found):
    last = {**found["tasks"][0]["cells"][-1], "shots": 8, "source": True, "way": "full"}
    tasks = [{**found["tasks"][0], "cells": [*found["tasks"][0]["cells"], last]}]
    whole = bench.whole({**found, "tasks": tasks})
    assert ("legal-sentiment-frozen-8", 0) not in bench.whole(found)
    assert ("legal-sentiment-frozen-8", 0) in whole
    assert ("legal-sentiment-frozen-16", 0) not in whole
    assert ("source", 0) not in whole
    (task,) = found["tasks"]
    fewer = {**task, "cells": [{**cell, "mean": 0.0} for cell in task["cells"] if cell["way"] == "frozen"], "best": []}
    joined = bench.join(found, {**found, "tasks": [fewer]})
    means = {(c["way"], c["shots"]): c["mean"] for c in joined["tasks"][0]["cells"] if not c["source"]}
    assert means["frozen", 8] == pytest.approx(29 / 40)
    assert means["frozen", 16] == 0.0
    assert [told["shots"] for told in joined["tasks"][0]["best"]] == [8]
    assert joined["missing"] == found["missing"]


def test_before_a_measurement_the_page_says_so(page, tmp_path):
    assert page(tmp_path / "nothing.json") == "Not measured yet: run `make few-labels`."
