"""The benchmark of care and adapters: its cells are understood, and its page says what was not measured."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

from finished_benchmarks import finish, settle
from modaxfer.config import RunConfig, build
from modaxfer.registry import registry
from modaxfer.runner.request.options import check_options

ROOT = Path(__file__).resolve().parents[1]
RIGHT = {"full": 25, "lp-ft": 38, "lora": 30}


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module("methods")
    for name in ("methods", "few_labels", "few_labels_figure", "resumable", "machine"):
        sys.modules.pop(name, None)


@pytest.fixture
def page(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    yield importlib.import_module("tables.methods").methods
    for name in [name for name in sys.modules if name.split(".")[0] == "tables"]:
        sys.modules.pop(name)


def test_every_cell_is_a_strategy_with_options_of_its_own(bench):
    made = bench.commands()
    assert len({command.cell for command in made}) == len(made) == 2 * len(bench.WAYS)
    for command in made:
        build(RunConfig, {name.replace("-", "_"): value for name, value in command.flags.items()})
        check_options(command.options, registry().get("strategy", command.flags["strategy"]), None)
    assert [command.cell.rpartition("-")[2] for command in made[:4]] == ["full", "lora", "full", "lora"]


def test_each_is_held_against_the_plain_way_of_its_kind_and_the_rest_is_not_measured(bench, page, tmp_path):
    for cell in bench.cells():
        if cell.question.task == "trec-questions" and cell.way in RIGHT:
            folder = cell.command.folder(tmp_path)
            settle(cell.command, folder)
            finish(folder, RIGHT[cell.way], phase={}, episodes=3)
            for number in (1, 2):
                finish(folder / "episodes" / str(number), RIGHT[cell.way] - number, phase={})
    found = bench.describe(tmp_path)
    (first, second) = found["tasks"]
    over = {cell["way"]: cell["over"]["value"] for cell in first["cells"] if "over" in cell}
    assert over == {"lp-ft": pytest.approx((38 - 25) / 40)}
    assert second["cells"] == []
    stored = tmp_path / "methods.json"
    facts = {"date": "2026-11-29", "machine": {"cores": 2, "processor": "X"}, "versions": {"torch": "2"}}
    stored.write_text(json.dumps({**facts, **found}))
    told = page(stored)
    assert "| `lp-ft` | `full` | 0.925 [" in told
    assert "| +0.325 | " in told
    assert "| better |" in told
    assert "| `vera` | `lora` | not measured |  |  |  |" in told
    assert told.endswith("No cell is measured.")


def test_the_ways_of_a_kind_stay_until_more_of_them_are_measured(bench):
    def told(ways, mean):
        cells = [{"way": way, "mean": mean} for way in ways]
        return {"shots": 16, "ways": {}, "tasks": [{"task": "trec-questions", "cells": cells}]}

    care = [way for way in bench.WAYS if bench.WAYS[way].kind == bench.CARE]
    stored = told([*care, "lora"], 0.5)
    assert ("trec-questions-full", 0) in bench.whole(stored)
    assert ("trec-questions-lora", 0) not in bench.whole(stored)
    (task,) = bench.join(stored, told(["full", "lora", "dora"], 0.9))["tasks"]
    assert {cell["way"]: cell["mean"] for cell in task["cells"]} == {
        **dict.fromkeys(care, 0.5),
        "lora": 0.9,
        "dora": 0.9,
    }
