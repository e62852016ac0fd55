from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from modaxfer.config import RunConfig, build
from modaxfer.errors import DataError
from modaxfer.runner.request.kept import keep_rows
from modaxfer.tasks.load import load_task
from modaxfer.tasks.own import task_from_files


def test_rows_in_memory_are_kept_whatever_candidates_stand_beside_them(tmp_path: Path) -> None:
    rows = pd.DataFrame({"review": ["good", "bad", "fine", "poor"], "stars": ["up", "down"] * 2})
    grid = {"encoder": ["bert", "vit"], "strategy": ["frozen", "full"], "task": (), "text": "review", "label": "stars"}
    kept = keep_rows({**grid, "data": rows}, tmp_path)
    assert {name: kept[name] for name in grid} == grid
    assert tmp_path in Path(kept["data"]).parents


def own_task(rows, folder: Path, **columns):
    kept = keep_rows({"data": rows, **columns}, folder)
    return task_from_files(build(RunConfig, kept))


def test_messages_call_rows_in_memory_the_data_given(tmp_path: Path) -> None:
    rows = {"review": ["good", None, *(f"said {n}" for n in range(40))], "stars": ["up", "down"] * 21}
    data = load_task(own_task(rows, tmp_path, text="review", label="stars"))
    assert data.dropped_rows == ("row 2 of the data given: no input",)
    with pytest.raises(DataError, match=r"column 'reviw' is not in the data \(the data given\)\. Allowed: review"):
        own_task(rows, tmp_path, text="reviw", label="stars")


def test_messages_name_the_split_of_rows_in_memory_and_find_their_pictures(tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (4, 4), (n, 0, 0)) for n in range(48)]
    rows = {"photo": pictures[:40], "kind": ["a", "b"] * 20}
    splits = {"train": rows, "test": {"photo": [*pictures[40:47], "gone.png"], "kind": ["a", "b"] * 4}}
    data = load_task(own_task(splits, tmp_path, image="photo", label="kind"))
    (line,) = data.dropped_rows
    assert line.startswith("row 8 of test of the data given: ")
    assert data.rows["test"] == 7
