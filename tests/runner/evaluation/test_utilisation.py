"""What a run achieved of its model FLOPs, and of the peak where a data sheet says it."""

from __future__ import annotations

import pytest
import torch

from modaxfer.runner.evaluation.utilisation import PEAKS, known_peak, utilisation
from modaxfer.runner.rows.encode import Computer

SOLVED = {"name": "head", "candidates": []}
TRAINED = {"name": "tune", "flops": 8 * 10**15, "steps": 40, "rows": 1280, "seconds": 4.0}
MORE = {"name": "more", "flops": 2 * 10**15, "steps": 10, "rows": 320, "seconds": 1.0}


@pytest.fixture
def named(monkeypatch):
    """Return a function that gives a CUDA device a name and returns what is computed there."""

    def named(name, precision="bf16"):
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
        return Computer(torch.device("cuda"), precision)

    return named


def test_phases_are_added_up_and_a_solved_one_has_no_part():
    told = utilisation({"phases": [SOLVED, TRAINED, MORE]}, Computer(torch.device("cpu"), "bf16"), 1)
    assert told == {"total": 10**16, "per_step": 2 * 10**14, "per_example": 6_250 * 10**9, "per_s": 2 * 10**15}


def test_utilisation_is_what_was_achieved_by_the_peak_of_all_processes(named):
    told = utilisation({"phases": [TRAINED]}, named("NVIDIA H200"), 4)
    assert told["per_s"] == 2 * 10**15
    assert told["peak_per_s"] == 4 * 989_500_000_000_000
    assert told["mfu"] == pytest.approx(2e15 / (4 * 989.5e12), abs=5e-5)
    assert told["peak_source"] == "NVIDIA H200 Tensor Core GPU data sheet"


@pytest.mark.parametrize(
    "phases", [[SOLVED], [TRAINED, {**MORE, "flops": None}], [{**TRAINED, "seconds": 0.0}], [{**TRAINED, "flops": 0}]]
)
def test_where_a_phase_is_not_known_nothing_is_said(phases):
    assert utilisation({"phases": phases}, Computer(torch.device("cpu"), "fp32"), 1) == {}


@pytest.mark.parametrize(
    ("name", "precision", "tflops"),
    [
        ("NVIDIA H200", "bf16", 989.5),
        ("NVIDIA H100 PCIe", "fp16", 756.5),
        ("Tesla T4", "fp16", 65.0),
        ("Tesla T4", "bf16", None),
        ("NVIDIA H200", "fp32", None),
        ("NVIDIA H200 MIG 1g.18gb", "bf16", None),
        ("", "bf16", None),
    ],
)
def test_a_peak_is_of_this_device_at_this_precision(name, precision, tflops):
    peak = known_peak(name, precision)
    assert (peak and peak.tflops) == tflops


def test_an_unknown_device_has_operations_and_no_utilisation(named):
    told = utilisation({"phases": [TRAINED]}, named("NVIDIA H200 MIG 1g.18gb"), 1)
    assert "per_s" in told
    assert not {"mfu", "peak_per_s", "peak_source"} & set(told)


def test_each_peak_names_a_data_sheet():
    assert all(peak.source.endswith("data sheet") and peak.tflops > 0 for peak in PEAKS.values())
