"""Options that a resumed run was started with, however they are written."""

from __future__ import annotations

import pytest

from modaxfer.config import RunConfig, TrainOptions, build, read_yaml
from modaxfer.errors import ConfigError, DataError, OutputExistsError
from modaxfer.result import Result
from modaxfer.runner.folder import (
    claim,
    default_folder,
    has_result,
    is_finished,
    refuse_other_rows,
    store_config,
    store_rows,
)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"encoder": ("bert:mini",), "task": ("law/terms",)}, "law-terms-bert-mini-lora-0"),
        ({"encoder": ("vit", "bert"), "data": "files/shop.csv"}, "shop-vit-bert-lora-0"),
        ({"encoder": ("bert",), "task": ("films", "questions")}, "films-questions-bert-lora-0"),
        ({"encoder": ("./models/resnet-18",), "task": ("digits",)}, "digits-resnet-18-lora-0"),
        ({"encoder": ("/home/me/bert",), "task": ("digits",)}, "digits-bert-lora-0"),
        ({"encoder": ("google/vit-base",), "task": ("digits",)}, "digits-google-vit-base-lora-0"),
    ],
)
def test_a_run_is_named_after_all_that_it_is_made_of(settings, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = RunConfig(strategy="lora", **settings)
    assert default_folder(config).name == name
    (tmp_path / "runs" / name).mkdir(parents=True)
    store_config(config, tmp_path / "runs" / name)
    assert default_folder(config).name == f"{name}-2"


@pytest.mark.parametrize("again", ["1,3", (1, 3), [1.0, 3.0], "1.0, 3"])
def test_one_list_written_in_many_ways_is_the_same_option(again, tmp_path):
    started = RunConfig(encoder=("bert",), set={"train.rates": (1.0, 3.0), "train.cache": True}, output=str(tmp_path))
    store_config(started, tmp_path)
    wanted = RunConfig(encoder=("bert",), set={"rates": again, "cache": "true"}, output=str(tmp_path))
    found, _ = claim(wanted, resume=True)
    assert build(TrainOptions, {"rates": found.set["train.rates"]}).rates == (1.0, 3.0)


@pytest.mark.parametrize("again", ["1", "1,4", "3,1", ()])
def test_another_list_is_another_option(again, tmp_path):
    started = RunConfig(encoder=("bert",), set={"train.rates": (1.0, 3.0)}, output=str(tmp_path))
    store_config(started, tmp_path)
    with pytest.raises(ConfigError, match=r"was started with other settings.*rates"):
        claim(RunConfig(encoder=("bert",), set={"rates": again}, output=str(tmp_path)), resume=True)


def test_lists_of_choices_and_numbers_are_checked_item_by_item(tmp_path):
    with pytest.raises(ConfigError, match=r"baseline: got 'scrach', allowed scratch \(did you mean scratch\?\)"):
        build(RunConfig, {"baseline": "scrach"})
    with pytest.raises(ConfigError, match=r"rates: got 0.0, must be at least 1e-06"):
        build(TrainOptions, {"rates": "1,0"})
    with pytest.raises(ConfigError, match=r"rates: got 'x', expected a number"):
        build(TrainOptions, {"rates": ["x"]})
    assert build(TrainOptions, {"rates": ""}).rates == ()
    assert build(TrainOptions, {"rates": 2}).rates == (2.0,)
    config = RunConfig(baseline=("scratch",), seeds=3)
    store_config(config, tmp_path)
    assert build(RunConfig, read_yaml(tmp_path / "config.yaml")) == config


def test_a_resumed_run_is_where_it_was_unless_told_otherwise(tmp_path):
    started = RunConfig(encoder=("bert",), precision="fp32", device="cuda", num_processes=2, output=str(tmp_path))
    store_config(started, tmp_path)
    assert claim(RunConfig(output=str(tmp_path)), resume=True)[0] == started
    moved, _ = claim(RunConfig(output=str(tmp_path), device="cpu"), resume=True)
    assert (moved.device, moved.precision, moved.num_processes) == ("cpu", "fp32", 2)


def test_nested_options_are_the_same_as_flat_ones(tmp_path):
    store_config(RunConfig(encoder=("bert",), set={"train.patience": 3}, output=str(tmp_path)), tmp_path)
    again = RunConfig(encoder=("bert",), set={"train": {"patience": 3}}, output=str(tmp_path))
    assert claim(again, resume=True)[0].set == {"train.patience": 3}
    with pytest.raises(ConfigError, match=r"other settings. Got: train.patience"):
        claim(RunConfig(encoder=("bert",), set={"train": {"patience": 4}}, output=str(tmp_path)), resume=True)


def test_other_rows_are_refused_and_the_same_ones_not(tmp_path):
    refuse_other_rows(["a"], tmp_path)
    store_rows(["a", "b"], tmp_path)
    refuse_other_rows(["a", "b"], tmp_path)
    with pytest.raises(DataError, match="the data changed since the run was started"):
        refuse_other_rows(["a", "c"], tmp_path)


def test_a_failed_run_is_not_finished(tmp_path):
    result = Result(status="failed", encoder={}, bridge="", strategy="", task="", seed=0)
    result.save(tmp_path)
    assert has_result(tmp_path)
    assert not is_finished(tmp_path)
    with pytest.raises(OutputExistsError, match=r"a run that failed.*--resume"):
        claim(RunConfig(output=str(tmp_path)), resume=False)


@pytest.mark.parametrize("wish", [{"epochs": 2.0}, {"seeds": 3}, {"label": "kind"}, {"set": {"patience": 9}}])
def test_a_wish_that_the_run_does_not_meet_is_refused_with_the_folder_alone(wish, tmp_path):
    started = RunConfig(encoder=("bert",), task=("digits",), strategy="full", epochs=1.0, set={"train.patience": 3})
    store_config(started, tmp_path)
    with pytest.raises(ConfigError, match=f"other settings. Got: {next(iter(wish.get('set', wish)))}"):
        claim(RunConfig(output=str(tmp_path), **wish), resume=True)
    met = RunConfig(output=str(tmp_path), epochs=1.0, set={"patience": 3})
    assert claim(met, resume=True)[0].task == ("digits",)
