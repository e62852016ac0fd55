"""The page of adaptation: what its tables say of made-up cells, and that every run of the benchmark can be made."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

from finished_benchmarks import finish, settle

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module("adaptation")
    for name in ("adaptation", "adaptation_cells", "resumable", "machine"):
        sys.modules.pop(name, None)


@pytest.fixture
def page(monkeypatch, tmp_path):
    """Return a function from the name of a table to its text over two made-up transfers."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    tables = importlib.import_module("tables.adaptation")
    path = tmp_path / "adaptation.json"
    machine = {"cores": 2, "processor": "X"}
    found = {"date": "2026-11-29", "machine": machine, "versions": {"torch": "2"}, "missing": {"a-mcc": [1, 2]}}
    found["chains"] = [chain()]
    path.write_text(json.dumps({**found, "transfers": [transfer("a", 0.1, -0.3), transfer("b", 0.2, 0.01)]}))
    yield lambda name: getattr(tables, name)(path)
    for name in [name for name in sys.modules if name.split(".")[0] == "tables"]:
        sys.modules.pop(name)


def cell(name, gain, im):
    return {
        "name": name,
        "settings": {},
        "rows": {"train": 1000, "test": 250},
        "seeds": [0],
        "test": 0.6 + gain,
        "deviation": None,
        "source_only": 0.6,
        "oracle": 0.9,
        "gain": {"value": gain, "interval": [gain - 0.05, gain + 0.05]},
        "by_seed": {
            "0": {
                "test": 0.6 + gain,
                "source_only": 0.6,
                "validators": {"im": im},
                "validators_source_only": {"im": 1.0},
            }
        },
    }


def transfer(name, first, second):
    ends = {"encoder": "cnn", "checkpoint": "cnn-small", "source": "s", "task": name, "metric": "accuracy"}
    # The validator prefers the second method whatever it brings.
    cells = [cell("mcc", first, 1.5), cell("ot", second, 2.0)]
    return {"name": name, **ends, "from_run": False, "settings": {"epochs": 10.0}, "sample": False, "cells": cells}


def chain():
    bars = {"simple": 0.5, "source_only": 0.4, "with": 0.6, "without": 0.55}
    ends = {"encoder": "table", "strategy": "full", "sources": ["a", "b"], "task": "c", "metric": "roc_auc", "seeds": 3}
    gain = {"value": 0.05, "interval": [-0.02, 0.1]}
    return {"name": "x", **ends, **bars, "gain": gain, "rows": {"train": 1000, "test": 200}}


def test_a_chain_stands_beside_the_run_without_its_sources(page):
    told = page("adaptation_chains").splitlines()[-1]
    assert told == (
        "| `a` → `b` → `c`, `table` `full`, roc_auc | 0.500 | 0.400 | 0.550 | 0.600 | +0.050 | -0.020 to +0.100 |"
        " no evidence | 1,000 / 200 | 3 |"
    )


def test_a_chain_is_told_over_the_seeds_that_have_finished(bench, tmp_path):
    (chained,) = bench.CHAINS
    for command in chained.commands[:2]:
        folder = command.folder(tmp_path)
        settle(command, folder)
        finish(folder, 30 + command.seed, phase={})
        finish(folder / "without-source" / str(command.seed), 25, phase={})
    told = bench.describe_chain(chained, tmp_path)
    assert (told["seeds"], told["with"], told["without"]) == (2, pytest.approx(30.5 / 40), pytest.approx(25 / 40))
    assert told["gain"]["value"] == pytest.approx(5.5 / 40)
    assert told["source_only"] is None
    assert bench.missing(tmp_path)["credit-chain"] == [2]


def test_methods_are_counted_by_what_their_intervals_support(page):
    told = page("adaptation_verdicts")
    assert "| `mcc` | 2 of 2 | 0 of 2 | 0 of 2 | +0.150 | a, b |  |" in told
    assert "| `ot` | 0 of 2 | 1 of 2 | 1 of 2 | -0.145 |  | a |" in told
    assert (
        "harmed nowhere here: `mcc`. Not without a reason of your own, since they harmed and helped nowhere: `ot`."
        in told
    )


def test_a_validator_is_charged_with_what_its_choice_lacks_to_the_best(page):
    assert "| `im` | 0.295 | 0.400 | ot (0.400) | ot (0.190) |" in page("adaptation_validators")


def test_a_transfer_has_its_bounds_and_what_is_missing_is_said(page):
    told = page("adaptation")
    assert "| `mcc` | 0.600 | 0.700 | 0.900 | +0.100 | +0.050 to +0.150 | helped | 1,000 / 250 | 1 |" in told
    assert told.endswith("Not finished, and so not in the tables (seeds): `a-mcc` (1, 2).")


def test_every_run_of_a_cell_has_the_first_seed_first_and_starts_from_its_own_source(bench):
    made = bench.commands()
    assert [command.seed for command in made] == sorted(command.seed for command in made)
    assert len({(command.cell, command.seed) for command in made}) == len(made)
    (shot,) = (one for one in made if one.cell == "usps-mnist-shot" and one.seed == 1)
    line = shot.line(shot.folder(Path("runs")))
    assert line[line.index("--encoder") + 1] == "runs/usps-mnist-source/1"
    assert "--source-task" not in line
    chained = next(one for one in made if one.cell == "credit-chain")
    assert chained.line(Path("x")).count("--source-task") == 2
    cells = [command.cell for command in made if command.seed == 1]
    assert cells.index("usps-mnist-source") < cells.index("usps-mnist-shot")


def test_a_run_that_was_killed_before_its_bounds_is_missing_and_goes_on(bench, tmp_path, monkeypatch):
    resumable = importlib.import_module("resumable")
    command = next(one for one in bench.commands() if one.cell == "usps-mnist-shot" and one.seed == 0)
    folder, made = command.folder(tmp_path), []
    settle(command, folder)
    finish(folder, 30, phase={}, bounds=("source_only",))
    assert 0 in bench.missing(tmp_path)[command.cell]

    monkeypatch.setattr(resumable, "_forked", lambda words: made.append(words) or 0)
    assert resumable.run_missing(command, tmp_path)
    assert made[0][-1] == "--resume"
    finish(folder, 30, phase={}, bounds=("source_only", "target_oracle"))
    assert 0 not in bench.missing(tmp_path)[command.cell]


def test_a_stored_cell_stays_until_one_of_as_many_seeds_is_measured(bench):
    shared = {"limit": 1000, "epochs": 10.0, "batch-size": 40}

    def told(seeds, test, settings=None):
        cell = {"name": "mcc", "settings": settings or {}, "seeds": seeds, "test": test}
        return {"transfers": [{"name": "mnist-usps", "settings": shared, "cells": [cell]}],
                "chains": [{"name": "credit-chain", "seeds": len(seeds)}]}  # fmt: skip

    kept = bench.join(told([0, 1, 2], 0.8), told([0, 1], 0.1))
    assert kept["transfers"][0]["cells"][0]["test"] == 0.8
    assert "mnist-usps-mcc" not in kept["missing"]
    assert "credit-chain" not in kept["missing"]
    assert {("mnist-usps-mcc", seed) for seed in (0, 1, 2)} <= bench.whole(kept)
    assert ("mnist-usps-dann", 0) not in bench.whole(kept)
    newer = bench.join(told([0, 1], 0.8), told([0, 1], 0.1))
    assert newer["transfers"][0]["cells"][0]["test"] == 0.1
    assert newer["missing"]["mnist-usps-mcc"] == newer["missing"]["credit-chain"] == [2]
    assert newer["missing"]["usps-mnist-source"] == [0, 1, 2]
    older = told([0, 1, 2], 0.8, {"epochs": 3.0})
    assert ("mnist-usps-mcc", 0) not in bench.whole(older)
    assert bench.join(older, told([0], 0.1))["transfers"][0]["cells"][0]["test"] == 0.1


def test_a_run_that_is_told_of_is_not_made(bench, tmp_path, monkeypatch):
    resumable = importlib.import_module("resumable")
    monkeypatch.setenv("MODAXFER_DATA", str(tmp_path))
    made, stored = [], tmp_path / "stored.json"
    monkeypatch.setattr(resumable, "run_missing", lambda command, runs: made.append((command.cell, command.seed)) or 1)
    stored.write_text('{"a": [0]}', encoding="utf-8")
    kept = resumable.Kept(whole=lambda told: {("a", 0)}, join=lambda told, found: {"joined": [told["a"], found["b"]]})
    settings = {"description": "", "runs": tmp_path, "output": stored, "describe": lambda runs: {"b": 1}, "kept": kept}
    commands = [resumable.Command(cell=cell, seed=0) for cell in ("a", "b")]
    assert resumable.main([], commands=commands, **settings) == 0
    assert made == [("b", 0)]
    assert json.loads(stored.read_text(encoding="utf-8"))["joined"] == [[0], 1]
