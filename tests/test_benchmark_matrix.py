"""The matrix runs what it says, stores no path of the machine, and its page says what was stored."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

from modaxfer.encoders.checkpoints import resolve
from modaxfer.runner.compare.ledger import CellRecord
from scripts import status_of

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def matrix(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module("matrix")
    for name in ("matrix", "machine", "random_models"):
        sys.modules.pop(name, None)


@pytest.fixture
def page(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    yield importlib.import_module("tables.matrix")
    for name in [name for name in sys.modules if name.partition(".")[0] == "tables"]:
        del sys.modules[name]


def cell(status="completed", **changes):
    values = {
        "encoder": "/somewhere/models/resnet-random", "strategy": "full", "task": "sst2", "seed": 0, "status": status,
        "primary": "accuracy", "metrics": {"test": {"accuracy": 0.7, "roc_auc": 0.8}, "primary": "accuracy"},
        "intervals": {"accuracy": [0.6, 0.8], "roc_auc": [0.7, 0.9]},
        "baselines": {
            "chance": {"accuracy": 0.5, "roc_auc": 0.5},
            "simple": {"name": "tf-idf", "accuracy": 0.6, "difference": {"accuracy": [0.01, 0.2]}},
        },
        "data": {"source": "folder /rows/sst2", "rows": {"test": 50}}, "bridge": "modaxfer/render", "run": "cells/x",
        "tasks": {"a/b": {"run": "tasks/b", "test": 0.5, "alone": 0.25}},
    }  # fmt: skip
    return CellRecord(**values | changes)


def refused(**changes):
    empty = {"primary": None, "metrics": {}, "intervals": {}, "baselines": {}, "tasks": {}, "run": None}
    return cell("refused", reason="no way from /rows/sst2 to /somewhere/models/resnet-random", **empty | changes)


def test_every_built_in_encoder_and_strategy_is_in_it(matrix):
    from modaxfer.registry import BUILTIN, registry

    def builtin(kind):
        # A cell of the matrix has one task; what adapts needs a source as well, and what goes on from runs needs them.
        return {
            entry.name
            for entry in registry().all(kind)
            if entry.plugin == BUILTIN
            and not any(getattr(entry.spec, name, False) for name in ("adapts", "from_run", "unlabelled"))
            and entry.name != "merge"
        }

    strategies = {name for block in matrix.BLOCKS for name in block.strategies}
    assert builtin("encoder") - {"auto"} <= set(matrix.ENCODERS), "resnet-random stands for auto"
    assert builtin("strategy") <= strategies


def test_flags_choose_a_part(matrix):
    def names(*flags):
        found = matrix.chosen(matrix.BLOCKS, matrix._parse(flags))
        return [(block.name, block.encoders, block.tasks) for block in found]

    assert [name for name, *_ in names()] == [block.name for block in matrix.BLOCKS]
    assert names("--encoders", "bert", "--tasks", "sst2") == [("one encoder", ("bert",), ("sst2",))]
    assert ("fusion", ("vit+bert",), ("nlvr",)) in names("--encoders", "vit", "bert", "--tasks", "nlvr")
    assert names("--strategies", "multitask", "--encoders", "bert") == [
        ("sharing, text", ("bert",), ("sst2+legal-sentiment",))
    ]


def test_without_data_it_says_so_and_stops(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MODAXFER_DATA", str(tmp_path / "nowhere"))
    monkeypatch.chdir(tmp_path)
    assert status_of(ROOT / "benchmarks" / "matrix.py", monkeypatch) == 2
    assert "set MODAXFER_DATA to the folder that holds the sets" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_is_stored_holds_the_primary_score_and_no_path(matrix):
    hidden = {"/somewhere": "", "/rows": "MODAXFER_DATA"}
    kept = matrix.trimmed(cell(), hidden)
    assert kept["metrics"] == {"test": {"accuracy": 0.7}, "primary": "accuracy"}
    assert kept["intervals"] == {"accuracy": [0.6, 0.8]}
    assert kept["baselines"]["chance"] == {"accuracy": 0.5}
    assert kept["baselines"]["simple"] == {"name": "tf-idf", "accuracy": 0.6, "difference": {"accuracy": [0.01, 0.2]}}
    assert kept["encoder"] == "resnet-random"
    assert kept["tasks"] == {"a/b": {"test": 0.5, "alone": 0.25}}
    assert matrix.trimmed(refused(), hidden)["reason"] == "no way from MODAXFER_DATA/sst2 to resnet-random"
    stored = json.dumps([kept, matrix.trimmed(refused(), hidden)])
    assert "/somewhere" not in stored
    assert "/rows" not in stored
    assert CellRecord(**kept).score == 0.7


def test_the_page_says_what_was_stored(matrix, page):
    cells = [cell(), cell(strategy="lora", tasks={}), refused(strategy="frozen"), refused(encoder="bert")]
    found = {
        "date": "2000-01-02",
        "machine": {"cores": 2, "processor": "a processor"},
        "versions": {"torch": "9.9"},
        "setting": {"limit": 200, "epochs": 2.0, "seeds": 1},
        "signals": {"sst2": "text"},
        "blocks": [{"name": "one encoder", "cells": [matrix.trimmed(each, {}) for each in cells]}],
    }
    text = page.render(json.loads(json.dumps(found)))
    assert "At most 200 training rows, 2 epoch(s), 1 seed(s)." in text
    assert "2 completed, 2 refused." in text
    assert "### sst2 (text)" in text
    assert "Test accuracy on 50 rows; chance 0.500, simple (tf-idf) 0.600." in text
    assert (
        "| `resnet-random` over render | 0.700 ✓ [0.600, 0.800]; b 0.500 (alone 0.250) | 0.700 ✓ [0.600, 0.800] "
        "| refused (1) |" in text
    )
    assert "| `bert` | refused (1) |  |  |" in text
    assert text.count("no way from") == 1


def test_a_page_without_a_measurement_says_so(page, monkeypatch, tmp_path):
    monkeypatch.setattr(page, "MEASURED", tmp_path / "matrix.json")
    assert page.matrix() == "Not measured yet: run `make matrix`."


@pytest.mark.parametrize(("name", "kind"), [("resnet-random", "image"), ("wav2vec2-random", "audio")])
def test_random_models_are_encoders_and_the_same_each_time(name, kind, matrix, tmp_path):
    from random_models import save

    first, second = (save(name, tmp_path / folder) for folder in ("first", "second"))
    assert kind in {signal.kind for signal in resolve(str(first)).spec.inputs}
    assert (first / "model.safetensors").read_bytes() == (second / "model.safetensors").read_bytes()
    changed = (first / "model.safetensors").stat().st_mtime_ns
    assert save(name, first) == first
    assert (first / "model.safetensors").stat().st_mtime_ns == changed
