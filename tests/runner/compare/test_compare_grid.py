"""What a comparison asks for: its cells, their names, and when two requests are the same."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from modaxfer.errors import (
    CheckpointUnavailableError,
    ConfigError,
    DataError,
    MissingPackageError,
    OutputExistsError,
    UnknownNameError,
)
from modaxfer.result import Result
from modaxfer.runner.compare import names
from modaxfer.runner.compare.folder import claim, stored_grid
from modaxfer.runner.compare.grid import changes_of, label, members, read_grid
from modaxfer.runner.compare.ledger import CellRecord, of_result, read_cells, write_cells
from modaxfer.runner.compare.names import check_names

AXES = {"encoder": "bert,vit", "strategy": "full,lora", "task": "digits"}


def keys(grid, folder):
    return [cell.key for cell in grid.cells(folder)]


def test_what_private_cells_spend_on_the_same_rows_is_added_up() -> None:
    spending = read_grid({**AXES, "task": "digits,diabetes", "seeds": "2", "private": 3}).spending
    assert spending is not None
    assert "each of 8 runs" in spending
    assert "has ε = 24" in spending
    assert read_grid(AXES).spending is None
    assert read_grid({"encoder": "bert", "strategy": "lora", "task": "a,b", "private": 3}).spending is None


def test_whole_grids_come_seed_by_seed(tmp_path):
    grid = read_grid({**AXES, "task": ["digits", "diabetes"], "seeds": "2", "seed": 3, "limit": 40})
    found = grid.cells(tmp_path)
    assert len(found) == len({cell.name for cell in found}) == 2 * 2 * 2 * 2
    assert [cell.seed for cell in found] == [3] * 8 + [4] * 8
    assert keys(grid, tmp_path)[:3] == [
        ("bert", "full", "digits", 3),
        ("bert", "lora", "digits", 3),
        ("vit", "full", "digits", 3),
    ]
    first = found[0]
    assert str(first) == "bert full digits seed 3"
    assert first.config.encoder == ("bert",)
    assert (first.config.strategy, first.config.task, first.config.seed, first.config.limit) == (
        "full",
        ("digits",),
        3,
        40,
    )
    assert first.config.output == str(tmp_path / "cells" / "bert-full-digits-seed3")


def test_groups_are_one_cell(tmp_path):
    grid = read_grid({"encoder": ["vit", ("vit", "bert")], "strategy": "fusion", "task": "a+b"})
    single, joined = grid.cells(tmp_path)
    assert single.config.encoder == ("vit",)
    assert joined.encoder == "vit+bert"
    assert joined.config.encoder == ("vit", "bert")
    assert joined.config.task == ("a", "b")
    assert joined.name == "vit+bert-fusion-a+b-seed0"


def test_lists_may_be_repeated_flags_with_spaces_and_doubles():
    grid = read_grid({**AXES, "encoder": ("bert, vit", "bert"), "strategy": " full ,,lora"})
    assert grid.axes.encoder == ("bert", "vit")
    assert grid.axes.strategy == ("full", "lora")


def test_folders_are_one_name_each_and_told_apart(tmp_path):
    paths = [tmp_path / "one" / "tiny", tmp_path / "two" / "tiny", tmp_path / "a,b+c"]
    for path in paths:
        path.mkdir(parents=True)
    grid = read_grid({"encoder": paths, "strategy": "full", "task": "digits"})
    assert grid.axes.encoder == tuple(map(str, paths))
    assert [label(name) for name in grid.axes.encoder] == ["tiny", "tiny", "a,b+c"]
    one, two, three = (cell.name for cell in grid.cells(tmp_path))
    assert one.startswith("tiny-")
    assert one.endswith("-full-digits-seed0")
    assert one != two
    assert three == "a-b+c-full-digits-seed0"
    assert members("a+b") == ("a", "b")


def test_own_data_is_one_task(tmp_path):
    grid = read_grid({"encoder": "bert", "strategy": "full", "data": "some/reviews.csv", "text": "text"})
    (cell,) = grid.cells(tmp_path)
    assert cell.task == "own/reviews"
    assert cell.config.task == ()
    assert cell.config.data == "some/reviews.csv"
    assert cell.name == "bert-full-own-reviews-seed0"


def test_a_request_survives_yaml(tmp_path):
    grid = read_grid(
        {**AXES, "seeds": 2, "limit": 40, "set": {"rank": "8"}, "output": str(tmp_path / "out"), "precision": "fp32"}
    )
    folder = claim(grid)
    assert folder == tmp_path / "out"
    again = stored_grid(folder)
    assert again == grid
    assert changes_of(grid, again) == []
    assert set(grid.to_dict()) == {"encoder", "strategy", "task", "seeds", "limit", "set", "precision"}
    assert claim(grid) == folder


def test_the_same_request_finds_the_same_folder():
    grid = read_grid(AXES)
    assert grid.default_folder() == read_grid({**AXES, "encoder": ["bert", "vit"]}).default_folder()
    assert grid.default_folder() != read_grid({**AXES, "seeds": 2}).default_folder()


def test_another_request_in_the_same_folder_is_refused_with_what_differs(tmp_path):
    claim(read_grid({**AXES, "output": str(tmp_path), "set": {"rank": 8}}))
    other = read_grid({**AXES, "encoder": "bert", "limit": 10, "output": str(tmp_path), "set": {"rank": "4"}})
    with pytest.raises(ConfigError, match=r"another comparison.*encoder \(there bert,vit, here bert\)") as refused:
        claim(other)
    assert "limit (there None, here 10)" in str(refused.value)
    assert "set (there rank=8, here rank=4)" in str(refused.value)
    elsewhere = read_grid({**AXES, "output": str(tmp_path), "set": {"rank": "8"}, "device": "cpu", "num_processes": 2})
    assert claim(elsewhere) == tmp_path


def test_a_folder_with_something_else_is_refused(tmp_path):
    (tmp_path / "result.json").write_text("{}")
    with pytest.raises(OutputExistsError, match="is not empty and holds no comparison"):
        claim(read_grid({**AXES, "output": str(tmp_path)}))
    with pytest.raises(ConfigError, match="there is no comparison here"):
        stored_grid(tmp_path)


MISTAKES = {
    "nothing": ({}, "--encoder and --strategy and --task missing.*modaxfer compare"),
    "no strategy": ({**AXES, "strategy": " , "}, "--strategy missing"),
    "unknown key": ({**AXES, "sede": 1}, r"unknown key sede \(did you mean seed"),
    "no seeds": ({**AXES, "seeds": 0}, "seeds: got 0, must be at least 1"),
    "number": ({**AXES, "encoder": 3}, "are lists of names. Got: 3"),
    "task and data": ({**AXES, "data": "rows.csv"}, "--task and --data exclude each other"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_request_is_said(mistake):
    values, message = MISTAKES[mistake]
    with pytest.raises(ConfigError, match=message):
        read_grid(values)


NAMES = {
    "encoder": ({**AXES, "encoder": "bert,brt"}, UnknownNameError, "unknown encoder. Got: brt.*did you mean bert"),
    "in a group": ({**AXES, "encoder": "vit+brt"}, UnknownNameError, "unknown encoder. Got: brt"),
    "size": ({**AXES, "encoder": "bert:bsae"}, ConfigError, "encoder bert has no size 'bsae'"),
    "strategy": ({**AXES, "strategy": "full,lroa"}, UnknownNameError, "unknown strategy. Got: lroa.*lora"),
    "task": ({**AXES, "task": "digits,digit"}, UnknownNameError, "unknown task. Got: digit.*digits"),
    "task in a group": ({**AXES, "task": "digits+digit"}, UnknownNameError, "unknown task. Got: digit"),
    "own file": ({"encoder": "bert", "strategy": "full", "data": "nowhere.csv"}, DataError, "nowhere.csv"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_nothing_has_refuses_the_whole_grid(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    values, error, message = NAMES[name]
    with pytest.raises(error, match=message):
        check_names(read_grid(values))


@pytest.mark.parametrize("trouble", [CheckpointUnavailableError("away"), MissingPackageError("p", "x", "i")])
def test_weights_that_cannot_be_had_are_no_mistake_of_the_grid(trouble, monkeypatch):
    def resolve(*arguments, **settings):
        raise trouble

    monkeypatch.setattr(names, "resolve", resolve)
    check_names(read_grid(AXES))


def test_a_fault_of_the_program_is_no_reason_of_a_cell(monkeypatch):
    def resolve(*arguments, **settings):
        raise ZeroDivisionError("broken")

    monkeypatch.setattr(names, "resolve", resolve)
    with pytest.raises(ZeroDivisionError, match="broken"):
        check_names(read_grid(AXES))


def test_records_survive_the_file(tmp_path):
    cells = (
        CellRecord(encoder="bert", strategy="full", task="digits", seed=0, status="refused", reason="no bridge"),
        CellRecord(
            encoder="vit",
            strategy="full",
            task="digits",
            seed=0,
            status="completed",
            primary="accuracy",
            metrics={"test": {"accuracy": 0.5}, "primary": "accuracy"},
            run="cells/vit-full-digits-seed0",
        ),
    )
    path = write_cells(tmp_path, cells)
    assert read_cells(tmp_path) == cells
    assert [cell.score for cell in cells] == [None, 0.5]
    stored = json.loads(path.read_text())
    assert stored["schema"] == 1
    assert {"encoder", "strategy", "task", "seed", "status", "reason", "primary", "metrics", "run"} <= set(
        stored["cells"][0]
    )
    assert read_cells(tmp_path / "empty") == ()


def test_a_record_holds_what_its_result_found():
    result = Result(
        status="completed",
        encoder={"id": "modaxfer/bert", "checkpoint": "tiny"},
        bridge="modaxfer/native-text",
        strategy="modaxfer/full",
        task="own/reviews",
        metrics={"test": {"accuracy": 0.75}, "primary": "accuracy"},
        intervals={"accuracy": (0.6, 0.9)},
        baselines={"chance": {"accuracy": 0.5}},
        data={"source": "file", "problem": "binary", "rows": {"test": 8}, "classes": ["a", "b"]},
        time_s={"total": 1.5},
    )
    place = {"encoder": "bert", "strategy": "full", "task": "own/reviews", "seed": 1}
    record = of_result(place, result, "cells/x")
    assert (record.status, record.reason, record.primary, record.score) == ("completed", None, "accuracy", 0.75)
    assert record.intervals == {"accuracy": [0.6, 0.9]}
    assert record.baselines == {"chance": {"accuracy": 0.5}}
    assert record.data == {"source": "file", "problem": "binary", "rows": {"test": 8}}
    assert (record.bridge, record.checkpoint, record.seconds, record.run) == (
        "modaxfer/native-text",
        "tiny",
        1.5,
        "cells/x",
    )
    failed = of_result(place, replace(result, status="failed", metrics={}, error="loss is\nnan"), "cells/x")
    assert (failed.status, failed.reason, failed.primary, failed.score) == ("failed", "loss is nan", None, None)


def test_a_file_that_is_no_comparison_is_refused(tmp_path):
    path = tmp_path / "compare.json"
    path.write_text('{"schema": 9, "cells": []}')
    with pytest.raises(DataError, match="comparison of another schema"):
        read_cells(tmp_path)
    path.write_text("{")
    with pytest.raises(DataError, match=r"not valid JSON.*the runs beside it stay"):
        read_cells(tmp_path)


def test_a_comparison_is_the_same_from_wherever_it_is_taken_up(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "elsewhere").mkdir()
    asked = {"encoder": "bert,mine", "strategy": "full", "output": str(tmp_path / "out")}
    monkeypatch.chdir(tmp_path)
    first = read_grid({**asked, "data": "rows.csv"})
    claim(first)
    monkeypatch.chdir(tmp_path / "elsewhere")
    stored = stored_grid(tmp_path / "out")
    assert stored.axes.encoder == ("bert", str(tmp_path / "mine"))
    assert stored.settings.data == str(tmp_path / "rows.csv")
    assert changes_of(read_grid({**asked, "encoder": "bert,../mine", "data": "../rows.csv"}), stored) == []
    with pytest.raises(ConfigError, match="the output folder holds another comparison"):
        claim(read_grid({**asked, "data": "rows.csv"}))
