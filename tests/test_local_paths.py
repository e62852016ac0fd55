"""Of a path the name is told, and of what only looks like one all of it."""

from __future__ import annotations

import pytest

from modaxfer.local_paths import absolute_paths, name_alone, names_alone, source_alone


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/home/ann/my clients/acme", "acme"),
        ("~/acme/model/", "model"),
        (r"C:\Users\Ann\acme.csv", "acme.csv"),
        ("lora on a (/home/ann/runs/1), after full on b (/x/0); at first me/bert", None),
        ("owner/model", "owner/model"),
        ("https://hub.example/me/x.csv, 3/4 of rows", "https://hub.example/me/x.csv, 3/4 of rows"),
        ("<b>bold</b>/x", "<b>bold</b>/x"),
    ],
)  # fmt: skip
def test_folders_of_absolute_paths_are_left_out(text, told):
    assert name_alone(text) == (told or "lora on a (1), after full on b (0); at first me/bert")


def test_where_rows_came_from_has_no_folders_even_of_relative_paths():
    assert source_alone("file acme corp/reviews.csv") == "file reviews.csv"
    assert source_alone("task own/a, folder /data/my rows") == "task own/a, folder my rows"
    assert source_alone("hub me/rows@abc") == "hub me/rows@abc"


def test_all_values_and_no_keys_are_looked_at():
    given = {"/a/b": ["/a/b", 1, {"c": ("/a/d", None)}]}
    assert names_alone(given) == {"/a/b": ["b", 1, {"c": ("d", None)}]}
    assert absolute_paths('{"a": "/tmp/x/y", "b": "me/x"}') == ["/tmp/x/y"]
