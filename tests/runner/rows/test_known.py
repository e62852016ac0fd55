"""Rows are looked up by what they hold: whatever entry they lie in, and only what is missing is computed."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from modaxfer.runner.rows.content import row_keys
from modaxfer.runner.rows.known import Shelf


class Squares:
    """Squares of numbers, and which of them were computed."""

    def __init__(self, tell=print):
        self.computed = []
        self.shelf = Shelf(("squares",), ("weights",), tell)

    def __call__(self, numbers):
        rows = [{"number": np.array([number], np.int32)} for number in numbers]

        def make(positions):
            self.computed.append([numbers[place] for place in positions])
            return [[{"square": rows[place]["number"] ** 2} for place in positions]]

        found = self.shelf.rows(row_keys(rows), make)
        assert [int(found[row]["square"][0]) for row in range(len(found))] == [number**2 for number in numbers]
        np.testing.assert_array_equal(found.whole("square")[:, 0], np.square(numbers))
        return found

    def missing(self, numbers):
        return self.shelf.missing(row_keys([{"number": np.array([each], np.int32)} for each in numbers])).tolist()


@pytest.fixture
def squares(monkeypatch, tmp_path):
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path))
    return Squares()


def test_only_rows_that_no_entry_has_are_computed(squares):
    assert squares.missing([1, 2]) == [0, 1]
    squares([1, 2, 3])
    squares([1, 2, 3])
    squares([3, 4, 1, 5])
    squares([5, 3, 3, 2])
    assert squares.missing([6, 1, 7]) == [0, 2]
    squares([6, 1, 7, 6])
    assert squares.computed == [[1, 2, 3], [4, 5], [6, 7, 6]]


def test_what_else_decides_keeps_shelves_apart(squares):
    squares([1, 2])
    keys = row_keys([{"number": np.array([each], np.int32)} for each in (1, 2)])
    other = Shelf(("cubes",), ("weights",))
    assert other.missing(keys).tolist() == [0, 1]
    assert other.is_kept_otherwise(keys), "the same rows were computed for something else"
    assert not squares.shelf.is_kept_otherwise(keys)
    assert not Shelf(("cubes",), ("other weights",)).is_kept_otherwise(keys)


def test_entries_that_are_damaged_or_gone_are_made_again(squares, tmp_path):
    told = []
    squares = Squares(told.append)
    squares([1, 2])
    squares([3, 4])
    first, second = sorted(
        (tmp_path / "features").iterdir(), key=lambda folder: (folder / "row.bin").stat().st_mtime_ns
    )
    (first / "square.bin").write_bytes(b"\0" * (first / "square.bin").stat().st_size)
    shutil.rmtree(second)
    again = Squares(told.append)
    again([2, 3, 1])
    assert again.computed == [[2, 3, 1]]
    assert len(told) == 1
    assert "an entry of the cache was damaged" in told[0]


def test_keys_tell_names_shapes_and_types_apart():
    rows = [
        {"a": np.arange(4)},
        {"b": np.arange(4)},
        {"a": np.arange(4).reshape(2, 2)},
        {"a": np.arange(4, dtype=np.int32)},
        {"a": np.zeros(0, np.float32)},
        {"a": np.arange(5)[:4]},
    ]
    keys = row_keys(rows)
    assert len({key.tobytes() for key in keys[:5]}) == 5
    np.testing.assert_array_equal(keys[5], keys[0])
