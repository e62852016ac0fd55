"""The Python face: what it completes, and rows in memory on their way into a run."""

from __future__ import annotations

import dataclasses
import inspect
import shutil
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pandas as pd
import pytest
import yaml
from PIL import Image

import modaxfer
from modaxfer.api import make_config
from modaxfer.config import RunConfig
from modaxfer.data.origin import is_typed, notes_of
from modaxfer.data.tables.files import read_table
from modaxfer.errors import ConfigError, DataError
from modaxfer.settings import Settings

QUICK: dict[str, Any] = {"strategy": "frozen", "device": "cpu", "quiet": True}


@pytest.fixture
def own_store(tmp_path, monkeypatch):
    """Keep the rows of one test apart from those of the others."""
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "given"


def test_every_setting_is_a_keyword_that_editors_and_notebooks_complete():
    names = [item.name for item in dataclasses.fields(RunConfig)]
    assert list(get_type_hints(Settings)) == names
    for function in (modaxfer.train, make_config):
        found = inspect.signature(function).parameters
        assert [name for name in found if name in names] == names
        assert all(parameter.kind is not parameter.VAR_KEYWORD for parameter in found.values())
        assert found["batch_size"].default == RunConfig().batch_size


def test_choices_of_a_setting_are_those_that_are_allowed():
    hints = get_type_hints(Settings)
    for item in dataclasses.fields(RunConfig):
        choices = item.metadata.get("choices")
        literals = {value for part in (hints[item.name], *get_args(hints[item.name])) for value in get_args(part)}
        assert not choices or set(choices) <= literals, item.name


def test_a_frame_trains_as_its_file_does_and_the_run_is_complete(tiny, own_rows, own_store, tmp_path, finished):
    frame = pd.read_csv(own_rows("text")["data"])
    run = modaxfer.train(data=frame, text="text", encoder=tiny("bert"), output=tmp_path / "run", **QUICK)
    from_file = modaxfer.load(finished("bert", "text"))
    assert run.result.metrics == from_file.result.metrics
    assert run.result.data["fingerprint"] == from_file.result.data["fingerprint"]
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert config["data"] == str(tmp_path / "run" / "data" / "data.parquet")
    assert read_table(config["data"]).to_pandas().equals(frame)
    shutil.rmtree(own_store)
    assert run.evaluate()["metrics"] == pytest.approx(run.result.metrics["test"], abs=1e-6)
    again = modaxfer.train(tmp_path / "run" / "config.yaml", output=tmp_path / "again", quiet=True)
    assert again.result.metrics == run.result.metrics


def test_pictures_in_memory_are_kept_in_the_run(tiny, own_store, tmp_path):
    shades = [20 * (row % 4) + (150 if row % 2 else 0) for row in range(32)]
    pictures = [Image.new("RGB", (12, 16), (shade, shade, row)) for row, shade in enumerate(shades)]
    pictures[0].save(tmp_path / "first.png")
    rows = {
        "photo": [tmp_path / "first.png", *pictures[1:]],
        "label": ["light" if row % 2 else "dark" for row in range(32)],
    }
    run = modaxfer.train(data=rows, image="photo", encoder=tiny("vit"), output=tmp_path / "run", **QUICK)
    (tmp_path / "first.png").unlink()
    assert sum(run.result.data["rows"].values()) == 32
    assert run.evaluate()["metrics"] == pytest.approx(run.result.metrics["test"], abs=1e-6)
    assert run.predict(Image.new("RGB", (12, 16), "white"))[0]["prediction"] == "light"


FORMS = {
    "mappings": lambda frame: frame.to_dict("records"),
    "columns": lambda frame: frame.to_dict("list"),
    "splits": lambda frame: {"train": frame[:30], "val": frame[30:40], "test": frame[40:]},
}


@pytest.mark.parametrize("form", FORMS)
def test_rows_in_memory_are_kept_by_their_content(form, own_rows, own_store):
    frame = pd.read_csv(own_rows("text")["data"])
    first, second = (make_config(data=FORMS[form](frame), text="text").data for _ in range(2))
    other = make_config(data=FORMS[form](frame.iloc[::-1]), text="text").data
    assert first == second != other
    kept = Path(str(first))
    assert kept.is_relative_to(own_store)
    assert (sorted(path.name for path in kept.iterdir()) if kept.is_dir() else kept.name) == (
        ["test.parquet", "train.parquet", "validation.parquet"] if form == "splits" else "data.parquet"
    )


def test_what_was_assumed_of_rows_in_memory_is_noted_for_the_run(own_store):
    rows = {
        "sound": [[0.0, 0.5] * 800] * 3 + [[]],
        "label": ["a", "b"] * 2,
        "note": [1, object(), None, 2.5],
        "size": ["1", 2, None, 4.5],
    }
    table = read_table(make_config(data=rows, audio="sound", number="size").data)
    assert table.column_names == ["sound", "label", "size"]
    assert table.column("size").to_pylist() == ["1", "2", None, "4.5"]
    assert not is_typed(table, "size")
    assert notes_of(table) == (
        "column 'sound': 4 sounds came without their rate and are taken to be at 16,000 Hz; "
        "say otherwise with (samples, rate)",
        "column 'note' holds values that no column can hold together, and was left out",
        "row 4: not a media value (row 4, column 'sound'): list",
    )


REFUSED = {
    "values without labels": (
        ["one", "two"],
        {"text": "text"},
        DataError,
        r"which column is the label\? Allowed: text. Fix: name it with label=",
    ),
    "another label": (
        [{"text": "a", "mood": "b"}],
        {"text": "text", "label": "moood"},
        DataError,
        r"'moood' is not in the data. Allowed: text, mood. Fix: did you mean mood",
    ),
    "a misspelt key": ([{"text": "a", "mood": "b"}], {"lable": "mood"}, ConfigError, r"unknown key lable .*label"),
    "options as text": (None, {"set": "rank=4"}, ConfigError, r"set takes a mapping .* Got: rank=4. Fix: write set=\{"),
    "no label column": (
        {"train": [{"text": "a"}], "test": [{"text": "b", "label": "x"}]},
        {"text": "text"},
        DataError,
        r"which column is the label\? Allowed: text",
    ),
    "two sets of one split": (
        {"train": [{"a": 1}], "val": [{"a": 1}], "dev": [{"a": 1}]},
        {},
        ConfigError,
        r"two sets of rows for one split. Got: train, val, dev",
    ),
    "something else": (3, {"text": "text"}, DataError, r"cannot read these rows. Got: int"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_trained_on_is_refused(case, own_store):
    data, settings, kind, message = REFUSED[case]
    with pytest.raises(kind, match=message):
        make_config(data=data, **settings)
