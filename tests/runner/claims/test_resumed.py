"""Options that a resumed run was started with, however they are written."""

from __future__ import annotations

import pytest

from modaxfer.config import RunConfig, TrainOptions, build
from modaxfer.errors import ConfigError
from modaxfer.runner.claims.resumed import resumed
from modaxfer.runner.folder import store_config


@pytest.mark.parametrize("again", ["1,3", (1, 3), [1.0, 3.0], "1.0, 3"])
def test_one_list_written_in_many_ways_is_the_same_option(again, tmp_path):
    started = RunConfig(encoder=("bert",), set={"train.rates": (1.0, 3.0), "train.cache": True}, output=str(tmp_path))
    store_config(started, tmp_path)
    wanted = RunConfig(encoder=("bert",), set={"rates": again, "cache": "true"}, output=str(tmp_path))
    found = resumed(wanted)
    assert build(TrainOptions, {"rates": found.set["train.rates"]}).rates == (1.0, 3.0)


@pytest.mark.parametrize("again", ["1", "1,4", "3,1", ()])
def test_another_list_is_another_option(again, tmp_path):
    started = RunConfig(encoder=("bert",), set={"train.rates": (1.0, 3.0)}, output=str(tmp_path))
    store_config(started, tmp_path)
    with pytest.raises(ConfigError, match=r"was started with other settings.*rates"):
        resumed(RunConfig(encoder=("bert",), set={"rates": again}, output=str(tmp_path)))


def test_a_resumed_run_is_where_it_was_unless_told_otherwise(tmp_path):
    started = RunConfig(encoder=("bert",), precision="fp32", device="cuda", num_processes=2, output=str(tmp_path))
    store_config(started, tmp_path)
    assert resumed(RunConfig(output=str(tmp_path))) == started
    moved = resumed(RunConfig(output=str(tmp_path), device="cpu"))
    assert (moved.device, moved.precision, moved.num_processes) == ("cpu", "fp32", 2)


def test_nested_options_are_the_same_as_flat_ones(tmp_path):
    store_config(RunConfig(encoder=("bert",), set={"train.patience": 3}, output=str(tmp_path)), tmp_path)
    again = RunConfig(encoder=("bert",), set={"train": {"patience": 3}}, output=str(tmp_path))
    assert resumed(again).set == {"train.patience": 3}
    with pytest.raises(ConfigError, match=r"other settings. Got: train.patience"):
        resumed(RunConfig(encoder=("bert",), set={"train": {"patience": 4}}, output=str(tmp_path)))


@pytest.mark.parametrize("setting", [{"epochs": 2.0}, {"seeds": 3}, {"label": "kind"}, {"set": {"patience": 9}}])
def test_a_setting_that_the_run_does_not_meet_is_refused_with_the_folder_alone(setting, tmp_path):
    started = RunConfig(encoder=("bert",), task=("digits",), strategy="full", epochs=1.0, set={"train.patience": 3})
    store_config(started, tmp_path)
    with pytest.raises(ConfigError, match=f"other settings. Got: {next(iter(setting.get('set', setting)))}"):
        resumed(RunConfig(output=str(tmp_path), **setting))
    met = RunConfig(output=str(tmp_path), epochs=1.0, set={"patience": 3})
    assert resumed(met).task == ("digits",)


def test_a_path_is_the_same_from_wherever_it_is_written(tmp_path, monkeypatch):
    (tmp_path / "rows.csv").touch()
    monkeypatch.chdir(tmp_path)
    store_config(RunConfig(encoder=("bert",), strategy="full", data="rows.csv"), tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")
    again = RunConfig(encoder=("bert",), strategy="full", data="../rows.csv", output=str(tmp_path / "run"))
    with pytest.raises(ConfigError, match=r"other settings\. Got: data"):
        resumed(RunConfig(encoder=("bert",), strategy="full", data="rows.csv", output=str(tmp_path / "run")))
    assert resumed(again).data == str(tmp_path / "rows.csv")


def test_where_no_run_is_nothing_is_made(tmp_path):
    with pytest.raises(ConfigError, match="there is no run to resume"):
        resumed(RunConfig(output=str(tmp_path / "run")))
    assert list(tmp_path.iterdir()) == []
