"""Rows that differ in nothing but how they are written."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from modaxfer.data.near_copies import count_near_copies, plain_text
from modaxfer.data.rows import Rows
from modaxfer.spec import IMAGE, TABLE, TEXT, Field

WORDS = (Field(name="text", signal=TEXT),)


def rows(media=None, digests=None, **columns):
    table = pa.table(columns)
    count = table.num_rows
    return Rows(
        table=table,
        labels=["a"] * count,
        numbers=np.arange(1, count + 1),
        split="test",
        file="d.csv",
        media=media or {},
        digests=digests or [repr(row).encode() for row in table.to_pylist()],
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The  room was NOISY.", "the room was noisy"),
        ("caf\u00e9", "cafe\u0301"),
        ("\ufb01ne\u00a0day", "fine day"),
        ("Stra\u00dfe!", "STRASSE"),
        ("well-known", "well known"),
    ],
)
def test_forms_of_one_text_are_equal(one, other) -> None:
    assert plain_text(one) == plain_text(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("\u0915\u093f", "\u0915\u0940"), ("good \U0001f600", "good \U0001f622"), ("1.5", "15"), ("a b", "ab")],
)
def test_what_says_something_else_stays_apart(one, other) -> None:
    assert plain_text(one) != plain_text(other)


def test_near_copies_are_counted_and_equal_inputs_are_not() -> None:
    train = rows(text=["The hotel was loud.", "a quiet place", "??", None])
    test = rows(text=["the hotel was LOUD", "a quiet place", "!", None, "something else", "A quiet  place!"])
    assert count_near_copies(test, train, WORDS) == 2


def test_numbers_and_pictures_beside_a_text_have_to_be_equal() -> None:
    fields = (*WORDS, Field(name="age", signal=TABLE), Field(name="picture", signal=IMAGE))
    train = rows(text=["ab", "cd"], age=[1.0, 2.0], picture=["x", "y"], media={"picture": [b"0", b"1"]})
    test = rows(text=["AB", "AB", "CD"], age=[1.0, 1.5, 2.0], picture=["z"] * 3, media={"picture": [b"0", b"0", b"0"]})
    assert count_near_copies(test, train, fields) == 1


def test_tables_without_text_have_no_near_copies() -> None:
    train, test = rows(age=[1.0, 2.0]), rows(age=[1.0000001, 2.0])
    assert count_near_copies(test, train, (Field(name="age", signal=TABLE),)) == 0
