"""A grid of frozen cells sends its rows through the encoder about once, whatever differs between the cells."""

from __future__ import annotations

import pytest

import modaxfer
from modaxfer.runner.model.tower import Tower

pytestmark = pytest.mark.recipe

ALLOWED = 1.5
"""Passes of an encoder over the rows of a task."""


@pytest.fixture
def passed(monkeypatch, tmp_path):
    """Count rows that enter an encoder, in training or not, beside an empty cache."""
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "cache"))
    rows, embed = [], Tower.embed

    def counting(tower, batch):
        rows.append(len(next(iter(batch.values()))))
        return embed(tower, batch)

    monkeypatch.setattr(Tower, "embed", counting)
    return rows


def compared(encoder, rows, folder, **settings):
    """Make a grid and return how many cells it has, and how many rows its task."""
    given = {"precision": "fp32", "device": "cpu", "quiet": True, "output": str(folder), **rows}
    cells = modaxfer.compare(encoder=str(encoder), **given, **settings).cells
    assert {cell.status for cell in cells} == {"completed"}
    return len(cells), sum(cells[0].data["rows"].values())


def test_cells_whose_splits_differ_by_seed_share_their_rows(tiny, own_rows, tmp_path, passed):
    frozen = {"strategy": "frozen", "set": {"strategy.head": "ridge"}}
    _, rows = compared(tiny("bert"), own_rows("text"), tmp_path / "seeds", seeds=2, **frozen)
    once = sum(passed)
    assert once >= rows, "rows enter an encoder where this counts them"
    frozen["set"] = {"strategy.head": "prototype", "strategy.pooling": "cls"}
    compared(tiny("bert"), own_rows("text"), tmp_path / "folds", seed=7, folds=2, **frozen)
    assert sum(passed) <= ALLOWED * rows, (once, sum(passed))


@pytest.mark.slow
def test_twenty_cells_cost_an_encoder_and_a_half_pass(tiny, own_rows, tmp_path, passed):
    cells = 0
    for number, settings in enumerate(
        (
            {"strategy.head": "ridge"},
            {"strategy.head": "prototype", "strategy.pooling": "cls"},
            {"strategy.head": "logistic", "strategy.layer": 1},
            {"strategy.pooling": "mean_std"},
        )
    ):
        given = {"strategy": "frozen", "set": settings, "folds": 2 if number == 1 else None}
        made, rows = compared(tiny("bert"), own_rows("text"), tmp_path / str(number), seeds=5, **given)
        cells += made
    assert cells == 20
    assert sum(passed) <= ALLOWED * rows
