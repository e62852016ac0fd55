"""Lists in cells: words and tags as files write them."""

from __future__ import annotations

import datasets
import numpy as np
import pyarrow as pa
import pytest

from modaxfer.data.cells.columns import conform
from modaxfer.data.cells.sequences import holds_lists, sequence_of
from modaxfer.data.cleaning import find_empty, find_label_faults, find_unequal
from modaxfer.data.rows import Rows
from modaxfer.data.tables.files import read_table
from modaxfer.spec import IMAGE, WORDS, Field

FIELD = Field(name="words", signal=WORDS)


@pytest.mark.parametrize(
    ("cell", "items"),
    [
        (["New", "York"], ("New", "York")),
        ('["New", "York"]', ("New", "York")),  # JSON
        ("['New', 'York']", ("New", "York")),  # Python
        ("['New' 'York']", ("New", "York")),  # numpy
        ("[New, York]", ("New", "York")),
        ("New York", ("New", "York")),
        (["a", None, " "], ("a", "", "")),
        ([1, 2.0], ("1", "2")),
        ([], ()),
        ("[]", ()),
        ("", None),
        (None, None),
    ],
)
def test_items_of_a_cell(cell, items):
    assert sequence_of(cell) == items


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([["a"], None], True),
        (['["a"]', "['b']", "", None], True),
        (['["a"]', "b"], False),
        ([[["a"]]], False),
        ([{"a": 1}], False),
        ([1, 2], False),
        ([None], False),
    ],
)
def test_columns_of_lists(cells, expected):
    assert holds_lists(pa.chunked_array([pa.array(cells)])) is expected


def test_class_numbers_in_lists_get_their_names(tmp_path):
    features = datasets.Features(
        tokens=datasets.List(datasets.Value("string")), tags=datasets.List(datasets.ClassLabel(names=["O", "B-PER"]))
    )
    rows = {"tokens": [["Ann", "sat"], [], ["sat"]], "tags": [[1, 0], None, [-1]]}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").column("tags").to_pylist() == [["B-PER", "O"], None, [None]]


def rows_of(words, tags):
    table = conform(pa.table({"words": words}), (FIELD,))
    return Rows(table=table, labels=tags, numbers=np.arange(1, len(tags) + 1), split="train", file="", media={})


def test_words_are_lists_whatever_the_file_wrote():
    assert rows_of(['["a", "b"]', None], [(), ()]).table.column("words").to_pylist() == [["a", "b"], None]


def test_rows_without_words_are_empty():
    assert set(find_empty(rows_of([["a"], [], None], [()] * 3), (FIELD,))) == {1, 2}


def test_as_many_tags_as_words():
    found = find_unequal(rows_of([["a", "b"], ["a"], ["a"]], [("O", "O"), ("O", "O"), None]), (FIELD,), 2)
    assert found == {1: ("words_and_tags_differ", "1 words in column 'words' and 2 tags")}


def test_as_many_tags_as_usual_where_parts_have_no_name():
    rows = rows_of([["a"]] * 2, [("O", "O"), ("O",)])
    found = find_unequal(rows, (Field(name="words", signal=IMAGE),), 2)
    assert found == {1: ("other_number_of_tags", "1 tags, where most rows have 2")}


def test_a_missing_tag_is_named():
    assert find_label_faults(rows_of([["a"]], [("O", "", "O")]), ()) == {0: ("missing_tag", "tag 2 of 3 is missing")}
