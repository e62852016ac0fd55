"""What columns without a name for it hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

from modaxfer.data.roles import role_of, roles_of
from modaxfer.data.shapes import shaped
from modaxfer.errors import DataError

SOUND = np.zeros(16, np.float32)
PICTURE = Image.new("RGB", (2, 2))


@pytest.mark.parametrize(
    ("values", "role"),
    [
        ([1, None, 2.5], "number"),
        ([True, False], "number"),
        (["red", "green"], "number"),
        (["red", "a b c"], "text"),
        ([None, np.nan], "number"),
        ([PICTURE], "image"),
        ([np.zeros((2, 2, 3))], "image"),
        (["a/b.PNG", None], "image"),
        ([Path("a.jpg")], "image"),
        ([{"bytes": b"", "path": "a.wav"}], "audio"),
        (["a.wav"], "audio"),
        ([SOUND], "audio"),
        ([(SOUND, 16_000)], "audio"),
        ([b"RIFF1234"], "audio"),
        ([b"\x89PNG"], "image"),
    ],
)
def test_a_column_is_what_its_values_are(values, role):
    assert role_of(values) == role


def test_strings_alone_are_texts():
    assert roles_of({"word": ["red", "green"]}) == {"text": ("word",)}
    both = {"word": ["red", "green"], "said": ["it is red", "no"], "size": [1, 2]}
    assert roles_of(both) == {"text": ("said",), "number": ("word", "size")}


@pytest.mark.parametrize(
    ("rows", "columns", "roles"),
    [
        (["a", "b"], {"text": ["a", "b"]}, {"text": ("text",)}),
        (pd.Series(["a"], name="said"), {"said": ["a"]}, {"text": ("said",)}),
        ([SOUND], {"audio": [SOUND]}, {"audio": ("audio",)}),
        (np.array([[1, 2]]), {"x0": [1], "x1": [2]}, {"number": ("x0", "x1")}),
        (["a.png"], {"image": ["a.png"]}, {"image": ("image",)}),
    ],
)
def test_values_become_columns(rows, columns, roles):
    assert shaped(rows, ()) == (columns, roles)


@pytest.mark.parametrize(
    "rows",
    [
        pd.DataFrame({"a": [1], "b": ["one two three"]}),
        [{"a": 1, "b": "one two three"}],
        {"a": [1], "b": ["one two three"]},
        pa.table({"a": [1], "b": ["one two three"]}),
    ],
)
def test_rows_with_columns_stay_as_they_are(rows):
    kept, roles = shaped(rows, (), but=("c",))
    assert kept is rows
    assert roles == {"text": ("b",), "number": ("a",)}
    assert shaped(rows, ("b",)) == (rows, {}) if not isinstance(rows, pd.DataFrame) else True


@pytest.mark.parametrize("rows", ["one text", [], 3])
def test_what_are_no_rows(rows):
    with pytest.raises(DataError, match="these are no rows"):
        shaped(rows, ())
