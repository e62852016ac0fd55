"""The benchmark of our own small weights: its cells, what it makes of finished ones, the page."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from finished_benchmarks import finish, settle
from modaxfer.cli.main import cli
from modaxfer.result import Result

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    made = importlib.import_module("embedded")
    recipe = {"tasks": ["trec-questions"], "labels": []}
    record = {"parameters": 5_000_000, "trained_on": ["rendered text"], "recipe": recipe, "weights": "same"}
    monkeypatch.setattr(made, "told", lambda name: record if "wav2vec2" not in name else None)
    monkeypatch.setattr(made, "watch", lambda runs, watched: [])
    yield made
    for name in ("embedded", "embedded_speed", "resumable", "machine"):
        sys.modules.pop(name, None)


@pytest.fixture
def page(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    yield importlib.import_module("tables.embedded").embedded
    for name in [name for name in sys.modules if name.split(".")[0] == "tables"]:
        sys.modules.pop(name)


def test_every_cell_is_a_command_that_is_understood_and_no_task_was_seen(bench):
    lines = {command.cell: command.line(Path("out")) for command in bench.commands()}
    assert len(lines) == len(bench.cells())
    assert not any("trec-questions" in line for line in lines.values())
    assert not any("wav2vec2" in word for line in lines.values() for word in line)
    known = CliRunner().invoke(cli, ["train", "--help"]).output
    assert all(word in known for line in lines.values() for word in line if word.startswith("--"))
    own = " ".join(lines["bert-tiny-own-rt-polarity-full"])
    assert "--checkpoint embedded/bert-tiny --limit 800 --seeds 3 --bridge native-text --test-limit 1000" in own
    assert "--epochs 3.0 --baseline scratch" in own
    assert "--weights random" in " ".join(lines["bert-tiny-own-rt-polarity-frozen-random"])
    teacher = " ".join(lines["vit-tiny-teacher-rt-polarity-frozen"])
    assert "--encoder bert" in teacher
    assert "--checkpoint offline/minilm" in teacher
    readme = lines["vit-tiny-readme-legal-sentiment-lora"]
    assert " ".join(readme[3:]) == "train --encoder vit --strategy lora --task legal-sentiment --seed 0 --output out"


def test_a_run_whose_rates_were_tried_is_one_of_the_same_settings(bench, tmp_path):
    command = next(command for command in bench.commands() if command.cell == "bert-tiny-own-rt-polarity-full")
    settle(replace(command, options={**command.options, "train.rates": [0.5, 2.0]}), tmp_path)
    same_settings = importlib.import_module("resumable").same_settings
    assert same_settings(command, tmp_path)
    assert not same_settings(replace(command, options={**command.options, "train.rates": "0.5,3"}), tmp_path)


def test_the_page_tells_gains_what_is_kept_and_what_is_missing(bench, page, tmp_path):
    runs = {"own": 28, "teacher": 36, "readme": 30}
    for cell in bench.cells():
        if cell.task != "legal-sentiment" or cell.strategy == "full" or "vit" not in cell.checkpoint:
            continue
        folder = cell.command.folder(tmp_path)
        settle(cell.command, folder)
        right = runs[cell.role] - 4 * cell.random
        for place in (folder, *(folder / "seeds" / str(seed) for seed in (1, 2) if cell.role != "readme")):
            finish(place, right, phase={}, name="legal/legal-sentiment")
        if cell.role != "readme":
            told = {"seeds": [0, 1, 2], "mean": {"accuracy": right / 40}}
            Result(**{**vars(Result.load(folder)), "repeats": told}).save(folder)
    found = bench.describe(tmp_path)
    (reader,) = (each for each in found["checkpoints"] if each["checkpoint"] == "embedded/vit-tiny")
    assert found["absent"] == ["embedded/wav2vec2-tiny"]
    (kept,) = reader["kept"]
    assert kept["share"] == pytest.approx((28 / 40 - 0.5) / (36 / 40 - 0.5))
    bench.store(tmp_path / "embedded.json", found)
    text = page(tmp_path / "embedded.json")
    assert "| 0.700 | 0.600 | +0.100 | +0." in text
    assert "| 0.700 | 0.900 | 0.500 | 50% |" in text
    assert "takes `offline/x`: accuracy 0.750 [0.650, 0.850]" in text
    assert "chance 0.500: beaten" in text
    assert "simple (tf-idf) 0.600: beaten" in text
    assert "Missing: `embedded/wav2vec2-tiny`, `bert-tiny-own-rt-polarity-frozen`" in text


def test_what_was_measured_stays_as_long_as_the_weights(bench, monkeypatch):
    cell = {"task": "rt-polarity", "role": "own", "strategy": "frozen", "gain": 0.1}
    stored = {"checkpoint": "embedded/vit-tiny", "weights": "same", "cells": [cell], "kept": [], "readme": None}
    full = {"task": "rt-polarity", "role": "own", "strategy": "full", "gain": 0.2}
    now = {**stored, "cells": [full], "readme": {"score": 1.0}}
    before, after = ({"checkpoints": [each], "watched": []} for each in (stored, now))
    assert bench.whole(before) == set()
    joined = bench.join(before, {**after, "missing": []})
    (reader,) = joined["checkpoints"]
    assert reader["cells"] == [cell, full]
    assert reader["readme"] == {"score": 1.0}
    assert bench.whole(joined) == {("vit-tiny-own-rt-polarity-full", 0), ("vit-tiny-readme-legal-sentiment-lora", 0)}
    taught = {"checkpoints": [{**stored, "kept": [{"task": "rt-polarity"}]}]}
    assert ("vit-tiny-teacher-rt-polarity-frozen", 0) in bench.whole(taught)
    assert ("vit-tiny-own-rt-polarity-frozen-random", 0) in bench.whole(taught)
    newer = {**after, "checkpoints": [{**now, "weights": "newer"}], "missing": []}
    assert bench.join(before, newer)["checkpoints"][0]["cells"] == [full]
    assert "vit-tiny-own-rt-polarity-frozen" in bench.join(before, newer)["missing"]
    monkeypatch.setattr(bench, "told", lambda name: None)
    assert bench.whole(taught) == set()
