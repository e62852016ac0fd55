"""The growth benchmark fits exponents, and its table marks those above linear."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def growth(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module("growth")
    for name in ("growth", "scaling", "resumable", "machine"):
        sys.modules.pop(name, None)


def test_an_exponent_is_that_of_its_power_and_has_its_interval(growth):
    sizes = np.array([10.0, 100.0, 1_000.0, 10_000.0])
    slope, interval = growth.fitted(sizes, 3 * sizes**1.25)
    assert (slope, interval) == (1.25, [1.25, 1.25])
    _, (low, high) = growth.fitted(sizes, sizes * [1.0, 2.0, 1.0, 2.0])
    assert low < 1.0 < high
    assert growth.fitted(sizes[:2], sizes[:2] ** 2) == (2.0, None)


def test_cells_without_seconds_are_kept_and_not_fitted(growth):
    cells = {"10": {"seconds": 1.0}, "100": {"seconds": 20.0}, "1000": {"failed": "time"}}
    assert growth.told(cells) == {"cells": cells, "exponent": 1.3, "interval": None, "last_step": 1.3}
    assert growth.told({"10": {"seconds": 1.0}}) == {"cells": {"10": {"seconds": 1.0}}}


def test_a_part_is_measured(growth):
    found = growth.measured("carve by classes", 20)
    assert found["seconds"] > 0
    assert found["peak_mb"] >= found["megabytes"] >= 0


def test_the_table_marks_what_is_above_linear(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    table = importlib.import_module("tables.growth")
    cell = {"seconds": 1.5, "megabytes": 10, "peak_mb": 700}
    line = {"cells": {"10": cell, "1000": cell, "5000": {"failed": "time"}}, "interval": [0.9, 1.0], "last_step": 0.9}
    assert "| 10 to 1,000 | 1.00 | 0.90 to 1.00 | 0.90 |  |" in table._exponents({"rows": {**line, "exponent": 1.0}})
    assert "| above 1.1 |" in table._exponents({"chance by rows": {**line, "exponent": 1.2, "interval": None}})
    assert "| over 3,600 s | - | - |" in table._cells({"rows": line}, 3_600)
