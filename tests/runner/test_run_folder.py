"""Options that a resumed run was started with, however they are written."""

from __future__ import annotations

import pytest

from modaxfer.config import RunConfig, TrainOptions, build, read_yaml
from modaxfer.errors import ConfigError
from modaxfer.runner.folder import claim, default_folder, store_config


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
