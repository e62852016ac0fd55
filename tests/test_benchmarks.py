"""The speed benchmark compares what it measured as it says, and refuses to run without its rows."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

from scripts import status_of

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def speed(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("speed")
    for name in ("speed", "contenders", "machine"):
        sys.modules.pop(name, None)


def measured(name, *seconds):
    return [
        {"contender": name, "round": number, "total_s": each, "train_s": each / 2, "accuracy": 0.5, "f1_macro": 0.4}
        for number, each in enumerate(seconds)
    ]


def test_ratios_are_of_medians_and_of_rounds(speed):
    (found,) = speed.compare([*measured("full", 1.0, 2.0, 4.0), *measured("trainer-tuned", 4.0, 6.0, 8.0)])
    assert (found["ours"], found["theirs"]) == ("full", "trainer-tuned")
    assert found["total_s_ratio_of_medians"] == pytest.approx(6.0 / 2.0)
    assert found["total_s_median_of_ratios"] == pytest.approx(3.0)
    assert found["train_s_ratio_of_medians"] == pytest.approx(3.0)
    (uneven,) = speed.compare([*measured("frozen", 1.0, 1.0, 10.0), *measured("trainer-tuned-frozen", 2.0, 8.0, 10.0)])
    assert uneven["total_s_ratio_of_medians"] == pytest.approx(8.0)
    assert uneven["total_s_median_of_ratios"] == pytest.approx(2.0)


def test_medians_per_contender(speed):
    assert speed.summarise(measured("lora", 3.0, 1.0, 2.0)) == {
        "lora": {"total_s": 2.0, "train_s": 1.0, "accuracy": 0.5, "f1_macro": 0.4}
    }


def test_ours_and_theirs_take_turns(speed, tmp_path):
    setting = speed.Setting(
        workload=speed.WORKLOADS["texts"],
        data_dir=tmp_path,
        rows=tmp_path,
        fields=("sentence", "party"),
        location="folder",
        batch_size=32,
        seed=0,
    )
    made = speed.contenders(setting)
    names = [each.name for each in made]
    assert "trainer trainer" not in " ".join("trainer" if "trainer" in name else "ours" for name in names)
    assert {each.name: each.cache_of for each in made if each.cache_of} == {"frozen-again": "frozen"}
    assert {name for pair in speed.COMPARISONS for name in pair} == set(names)


def test_a_workload_stays_until_it_is_measured_again(speed, tmp_path):
    file = tmp_path / "new" / "speed.json"
    for name, rounds in (("texts", 1), ("sounds", 2), ("texts", 3)):
        speed.store(file, name, {"rounds": rounds})
    assert json.loads(file.read_text()) == {"texts": {"rounds": 3}, "sounds": {"rounds": 2}}


def test_without_rows_it_says_so_and_stops(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MODAXFER_DATA", str(tmp_path))
    assert status_of(BENCHMARKS / "speed.py", monkeypatch) == 2
    assert "set MODAXFER_DATA to the folder that holds it" in capsys.readouterr().err


def test_the_machine_is_described_without_its_name(speed):
    machine = speed.describe_machine()
    assert machine["cores"] >= 1
    assert machine["memory_gb"] > 0
    assert set(machine) == {"processor", "cores", "flags", "memory_gb", "load", "system"}
    assert speed.describe_versions()["torch"]
