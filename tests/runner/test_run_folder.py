"""How a run's folder is named, and what its config says."""

from __future__ import annotations

import pytest

from modaxfer.config import RunConfig, TrainOptions, build, read_yaml
from modaxfer.errors import ConfigError
from modaxfer.result import Result
from modaxfer.runner.folder import default_folder, has_result, is_finished, store_config


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


def test_a_run_from_a_run_is_named_after_the_last_part_of_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "films").mkdir(parents=True)
    store_config(RunConfig(), tmp_path / "runs" / "films")
    for encoder, name in (("runs/films", "films"), ("runs/films#1", "films-1")):
        config = RunConfig(encoder=(encoder,), strategy="lora", task=("digits",))
        assert default_folder(config).name == f"digits-{name}-lora-0"
        store_config(config, tmp_path / "next")
        stored = build(RunConfig, read_yaml(tmp_path / "next" / "config.yaml"))
        assert stored.encoder == (str(tmp_path / encoder),)
        assert default_folder(stored).name == f"digits-{name}-lora-0"


def test_lists_of_choices_and_numbers_are_checked_item_by_item(tmp_path):
    with pytest.raises(
        ConfigError, match=r"baseline: got 'scrach', allowed scratch, labelled \(did you mean scratch\?\)"
    ):
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


def test_a_failed_run_is_not_finished(tmp_path):
    Result(status="failed", encoder={}, bridge="", strategy="", task="", seed=0).save(tmp_path)
    assert has_result(tmp_path)
    assert not is_finished(tmp_path)


def test_paths_are_stored_absolute_and_names_as_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("bert", "mine", "weights"):
        (tmp_path / folder).mkdir()
    config = RunConfig(
        encoder=("bert", "mine", "vit:base"), data="rows.csv", data_dir="~/sets", checkpoint="./weights", output="run",
        map_classes="classes.csv",
    )  # fmt: skip
    store_config(config, tmp_path / "run")
    stored = build(RunConfig, read_yaml(tmp_path / "run" / "config.yaml"))
    assert stored.encoder == ("bert", str(tmp_path / "mine"), "vit:base"), "what is registered goes before a folder"
    assert (stored.data, stored.checkpoint) == (str(tmp_path / "rows.csv"), str(tmp_path / "weights"))
    assert stored.map_classes == str(tmp_path / "classes.csv")
    assert stored.data_dir.startswith("/")
    assert stored.data_dir.endswith("/sets")
    assert build(RunConfig, read_yaml(tmp_path / "run" / "config.yaml")) == stored
