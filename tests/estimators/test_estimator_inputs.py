"""What values without names are taken for: pictures and sounds, of one size or of many, stacked or listed."""

from __future__ import annotations

import numpy as np
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


def test_one_value_is_no_list_of_rows():
    with pytest.raises(DataError, match=r"one value is no list of rows\. Got: a\.png\. Fix: give a list of it"):
        TransferClassifier().fit("a.png", ["x"])
