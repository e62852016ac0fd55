"""Cells of a table: noise in deviations of the column, and blanks."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.augmentations.table import drop_cells, jitter
from modaxfer.contracts import Cells

CELLS = Cells(
    values={"area": 100.0, "rooms": 4.0, "town": "Springfield", "age": None},
    deviations={"area": 50.0, "rooms": 3.0, "age": 2.0},
    whole=frozenset({"rooms"}),
)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("change", [jitter, drop_cells])
def test_no_strength_changes_nothing(change):
    assert change(CELLS, 0.0, generator()) == CELLS.values


def test_noise_is_in_deviations_of_the_column_and_names_and_blanks_stay():
    chance = generator()
    made = [jitter(CELLS, 0.2, chance) for _ in range(3000)]
    assert np.std([row["area"] for row in made]) == pytest.approx(0.2 * 50, rel=0.05)
    assert {(row["town"], row["age"]) for row in made} == {("Springfield", None)}
    assert {row["rooms"] for row in made} >= {3.0, 4.0, 5.0}
    assert all(row["rooms"] == round(row["rooms"]) for row in made)


def test_a_column_has_the_same_noise_whatever_stands_in_others():
    blank = Cells(values={**CELLS.values, "rooms": None}, deviations=CELLS.deviations)
    assert jitter(blank, 0.2, generator(1))["area"] == jitter(CELLS, 0.2, generator(1))["area"]


def test_cells_are_blank_as_often_as_asked_and_one_stays():
    chance = generator()
    made = [drop_cells(CELLS, 0.3, chance) for _ in range(3000)]
    assert np.mean([row["area"] is None for row in made]) == pytest.approx(0.3, abs=0.03)
    rest = [drop_cells(Cells(values={"a": 1.0, "b": 2.0}, deviations={}), 1.0, generator(seed)) for seed in range(20)]
    assert {sum(value is not None for value in row.values()) for row in rest} == {1}
