"""What values without names are taken for: pictures and sounds, of one size or of many, stacked or listed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from modaxfer import TransferClassifier
from modaxfer.errors import DataError
from modaxfer.estimators.inputs import is_array, learned_columns, same_columns

PIXELS = np.zeros((2, 4, 5, 3), np.uint8)
WAVES = np.zeros((2, 800), np.float32)


@pytest.mark.parametrize(
    ("rows", "named", "role"),
    [
        ([Image.new("RGB", (4, 5)), Image.new("RGB", (9, 3))], {}, "image"),
        (PIXELS, {}, "image"),
        (PIXELS[..., 0], {}, "image"),
        (list(PIXELS), {}, "image"),
        (["a.png", "b.png"], {}, "image"),
        ([(WAVES[0], 16_000), (WAVES[0, :9], 8_000)], {}, "audio"),
        (list(WAVES), {}, "audio"),
        (WAVES, {"audio": ("sound",)}, "audio"),
        (["short", "texts"], {}, "text"),
    ],
)
def test_values_are_one_column_of_what_they_are(rows, named, role):
    assert not is_array(rows) or named
    learned, columns = learned_columns(rows, named)
    assert list(learned.roles) == [role]
    assert list(map(len, columns.values())) == [2]
    assert learned.shape == "values"
    assert list(same_columns(rows, learned)) == list(columns)


def test_numbers_in_two_dimensions_are_a_table():
    assert is_array(WAVES[:, :3])
    learned, columns = learned_columns(WAVES[:, :3], {})
    assert (learned.shape, list(columns)) == ("array", ["x0", "x1", "x2"])


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_an_array_that_may_be_sounds_or_a_table_is_asked_which(dtype):
    waves = np.tile(np.array([1, 0, -1], dtype), (2, 800))
    with pytest.raises(
        DataError, match=r"may be sounds or numbers of a table\. Got: an array of 2 rows and 2,400 .*list"
    ):
        TransferClassifier().fit(waves, ["x", "y"])
    assert list(learned_columns(list(waves), {})[0].roles) == ["audio"]
    frame = learned_columns(pd.DataFrame(waves).rename(columns=str), {})[0]
    assert (list(frame.roles), len(frame.names)) == (["number"], 2400)
    for table in (waves[:, :1999], np.abs(waves), waves.astype(np.float32) * 3):
        assert learned_columns(table, {})[0].shape == "array"


def test_one_value_is_no_list_of_rows():
    with pytest.raises(DataError, match=r"one value is no list of rows\. Got: a\.png\. Fix: give a list of it"):
        TransferClassifier().fit("a.png", ["x"])
