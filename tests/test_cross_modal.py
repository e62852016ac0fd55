"""The cross-modal benchmark: what it runs, skips and stores, and the table made of it."""

from __future__ import annotations

import dataclasses
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from modaxfer.cli.main import cli
from modaxfer.config import RunConfig
from modaxfer.result import Result
from modaxfer.runner.folder import store_config
from scripts import status_of

ROOT = Path(__file__).resolve().parents[1]
GAIN = {"gain": 0.1, "interval": [0.05, 0.15], "with": 0.7, "without": 0.6, "seeds": 3, "by_seed": [0.1] * 3}


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module("cross_modal")
    for name in ("cross_modal", "machine"):
        sys.modules.pop(name, None)


@pytest.fixture
def rendered(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    yield importlib.import_module("tables.cross_modal").cross_modal
    for name in [name for name in sys.modules if name.split(".")[0] == "tables"]:
        sys.modules.pop(name)


def finished(cell, folder, **changes):
    result = Result(
        status="completed",
        encoder={"id": f"modaxfer/{cell.encoder}", "checkpoint": "offline/x"},
        bridge=cell.bridge,
        strategy=cell.strategy,
        task=cell.task,
        metrics={"test": {"accuracy": 0.7}, "primary": "accuracy"},
        baselines={"chance": {"accuracy": 0.5}, "simple": {"name": "tf-idf", "accuracy": 0.8}},
        transfer_gain={"pretraining": {"accuracy": GAIN}},
        repeats={"seeds": [0, 1, 2], "test": {"accuracy": [0.6, 0.7, 0.8]}, "std": {"accuracy": 0.1}},
        data={"rows": {"train": cell.limit, "test": 80}, "source": f"folder {folder}"},
    )
    dataclasses.replace(result, **changes).save(folder)
    options = dict(option.split("=") for option in cell.options)
    values = {"limit": cell.limit, "epochs": float(cell.epochs), "strategy": cell.strategy, "seeds": 3, "set": options}
    store_config(RunConfig(**values), folder)


def test_all_cells_that_the_issue_names_are_there(bench):
    names = {(cell.encoder, cell.task, cell.bridge) for cell in bench.CELLS}
    assert names == {
        ("vit", "legal-sentiment", "render"),
        ("vit", "sst2", "render"),
        ("vit", "spoken-digits", "spectrogram"),
        ("vit", "esc10", "spectrogram"),
        ("bert", "spoken-digits", "embed"),
        ("bert", "digits-mnist", "embed"),
        ("bert", "german-credit", "serialise"),
        ("vit", "german-credit", "grid"),
        ("whisper", "sst2", "embed"),
    }
    assert len({cell.name for cell in bench.CELLS}) == len(bench.CELLS)


def test_every_command_is_one_that_train_takes(bench, tmp_path):
    for cell in bench.CELLS:
        words = cell.command(tmp_path)[3:]
        found = CliRunner().invoke(cli, [*words, "--help"])
        assert found.exit_code == 0, found.output
        assert "--resume" not in words
        flags = {word for word in words if word.startswith("--")}
        assert {"--seeds", "--baseline", "--limit", "--epochs"} <= flags <= set(found.output.replace(",", " ").split())
    (tmp_path / "config.yaml").write_text("x: 1")
    assert bench.CELLS[0].command(tmp_path)[-1] == "--resume"


def test_what_is_finished_with_these_settings_is_not_run_again(bench, tmp_path, monkeypatch, capsys):
    first, second, third = bench.CELLS[:3]
    finished(first, tmp_path / first.name)
    finished(dataclasses.replace(second, epochs=99), tmp_path / second.name)
    finished(third, tmp_path / third.name, transfer_gain=None)
    model = tmp_path / third.name / "seeds" / "1" / "model"
    model.mkdir(parents=True)
    ran = []

    def run(command, **settings):
        ran.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(bench.subprocess, "run", run)
    monkeypatch.setenv("MODAXFER_DATA", str(tmp_path))
    output = tmp_path / "found.json"
    names = [cell.name for cell in (first, second, third)]
    assert bench.main(["--runs", str(tmp_path), "--output", str(output), "--only", *names]) == 1
    assert [command[-1] for command in ran] == ["--resume"]
    assert str(tmp_path / third.name) in ran[0]
    assert "made with other settings. Fix: remove" in capsys.readouterr().err
    assert not model.exists()
    assert [cell["task"] for cell in json.loads(output.read_text())["cells"]] == [first.task, second.task]


def test_without_rows_it_says_so_and_stops(monkeypatch, capsys):
    monkeypatch.delenv("MODAXFER_DATA", raising=False)
    assert status_of(ROOT / "benchmarks" / "cross_modal.py", monkeypatch) == 2
    assert "set MODAXFER_DATA to the folder that holds the data sets" in capsys.readouterr().err


def test_the_table_says_what_was_measured(bench, rendered, tmp_path):
    cells = bench.CELLS[:3]
    for cell in cells:
        finished(cell, tmp_path / cell.name)
    crossing = {"pretraining": {"accuracy": GAIN | {"gain": 0.01, "interval": [-0.1, 0.1]}}}
    finished(
        cells[1],
        tmp_path / cells[1].name,
        transfer_gain=crossing,
        data={"rows": {"train": 9, "test": 3}, "source": "sample"},
    )
    bench.store(tmp_path, tmp_path / "found.json")
    assert str(tmp_path) not in (tmp_path / "found.json").read_text()
    lines = rendered(tmp_path / "found.json").splitlines()
    assert "Learning rates x 0.5 and 2 tried by both models" in lines[0]
    assert lines[4] == (
        "| `vit` | `legal-sentiment` | `render` | accuracy | 0.700 ± 0.100 | 0.500 | 0.800 (tf-idf) | 0.600 | +0.100 | "
        f"+0.050 to +0.150 | pretraining gained | {cells[0].limit:,} / 80 | {cells[0].epochs:g} | "
        f"`{cells[0].strategy}` |"
    )
    assert "`sst2` (sample)" in lines[5]
    assert "-0.100 to +0.100 | no evidence |" in lines[5]


def test_before_a_measurement_the_table_says_so(rendered, tmp_path):
    assert rendered(tmp_path / "nothing.json") == "Not measured yet: run `make cross-modal`."
