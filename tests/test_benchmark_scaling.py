"""The scaling benchmark measures what it names, and its table says where a cell was ended."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def scaling(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module("scaling")
    for name in ("scaling", "machine"):
        sys.modules.pop(name, None)


def test_every_part_runs_and_is_measured(scaling):
    for part in scaling.PARTS:
        found = scaling._measured(part, 3, 60)
        assert found["seconds"] >= 0
        assert found["megabytes"] >= 0


def test_made_targets_hold_every_class(scaling):
    assert set(scaling._targets(7, 30)) == set(range(7))


def test_a_cell_that_was_ended_says_where(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    table = importlib.import_module("tables.scaling")
    now = [{"part": "carve", "classes": 2000, "rows": 10_000, "seconds": 0.06, "megabytes": 1006}]
    before = [{"part": "carve", "classes": 2000, "rows": 10_000, "failed": "memory"}]
    assert "| carving a split | 2,000 | 10,000 | 0.1 s, 1,006 MB | over 12 GB |" in table._cells(now, before, 240)
    assert "| - |" in table._cells(now, [], 240)
    assert "| over 240 s |" in table._cells(now, [{**before[0], "failed": "time"}], 240)
