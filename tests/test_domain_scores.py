"""The benchmark of the domains: a task for every plugin that has tasks, and the table that a README gets."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from modaxfer.registry import registry
from modaxfer.result import Result

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("domain_scores")


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    return importlib.import_module("tables.domains")


def cell(plugin="legal", strategy="frozen", **more):
    told = {"task": "legal-sentiment", "checkpoint": "embedded/bert-tiny", "bridge": "modaxfer/native-text"}
    scores = {"metric": "f1_macro", "score": 0.5, "interval": [0.4, 0.6], "simple": 0.45, "simple_model": "tf-idf"}
    rows = {"majority": 0.2, "train_rows": 1000, "test_rows": 668, "seconds": 12.4}
    return {"plugin": plugin, "strategy": strategy, **told, **scores, **rows, **more}


def test_every_plugin_with_tasks_has_one(bench, tables):
    own = {path.name for path in (ROOT / "plugins").iterdir()}
    brings = {entry.plugin: entry.name for entry in registry().all("task") if entry.plugin in own}
    assert set(bench.DOMAINS) == set(brings) == set(tables.PLUGINS)
    for plugin, domain in bench.DOMAINS.items():
        assert registry().get("task", domain.task).plugin == plugin
        assert registry().get("checkpoint", domain.checkpoint).spec.encoder.rpartition("/")[2] == domain.encoder
        assert f"<!-- table: scores-{plugin} -->" in (ROOT / "plugins" / plugin / "README.md").read_text("utf-8")


def test_runs_are_named_and_cheap_ones_come_first(bench):
    made = bench.commands()
    assert [one.flags["strategy"] for one in made[:10]] == ["frozen"] * 10
    assert len({one.cell for one in made}) == 30
    assert "epochs" not in made[0].flags


def test_what_is_stored_is_not_made_again_and_is_kept(bench):
    setting = bench.describe(Path("nowhere"))["setting"]
    stored = {"setting": setting, "cells": [cell(), cell(plugin="sound", task="other")]}
    assert bench.whole(stored) == {("legal-frozen", 0)}
    assert bench.whole({**stored, "setting": {**setting, "epochs": 1.0}}) == set()
    found = {"setting": setting, "cells": [cell(strategy="lora"), cell(score=0.7)]}
    kept = bench.joined(stored, found)["cells"]
    assert [(one["plugin"], one["strategy"], one["score"]) for one in kept] == [
        ("legal", "frozen", 0.7), ("legal", "lora", 0.5), ("sound", "frozen", 0.5),
    ]  # fmt: skip


def test_a_run_is_told_by_its_primary_metric(bench, monkeypatch):
    result = Result(
        status="completed",
        encoder={"id": "modaxfer/bert"},
        strategy="modaxfer/frozen",
        task="legal/legal-sentiment",
        bridge="modaxfer/native-text",
        metrics={"primary": "f1_macro", "test": {"f1_macro": 0.5, "accuracy": 0.6}},
        intervals={"f1_macro": [0.4, 0.6]},
        baselines={"simple": {"name": "tf-idf", "f1_macro": 0.45}, "majority": {"f1_macro": 0.2}},
        data={"rows": {"train": 1000, "test": 668}},
        time_s={"total": 12.4},
    )
    monkeypatch.setattr(bench, "finished", lambda command, runs: result if command.cell == "legal-frozen" else None)
    (found,) = bench.describe(Path("runs"))["cells"]
    assert found == {**cell(), "encoder": "bert"}


def test_the_table_of_a_readme(tables, tmp_path):
    assert tables.domain_scores("legal", tmp_path / "none.json") == "Not measured yet: run `make domain-scores`."
    made = {
        "date": "2026-11-29", "machine": {"cores": 2, "processor": "P"}, "versions": {"torch": "2"},
        "setting": {"rows": 1000, "test_rows": 2000, "epochs": 5.0, "seed": 0},
        "cells": [cell(), cell(strategy="lora", interval=[None, None])],
    }  # fmt: skip
    (tmp_path / "found.json").write_text(json.dumps(made), encoding="utf-8")
    text = tables.domain_scores("legal", tmp_path / "found.json")
    assert "| `frozen` | 0.500 (0.400 to 0.600) | 12 s |" in text
    assert "| `lora` | 0.500 (no interval) | 12 s |" in text
    assert "| simple (tf-idf) | 0.450 |" in text
    assert "f1_macro on 668 test rows" in text
