"""Runs joined into one, end to end on tiny weights: scored, saved, predicting, an encoder, and refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import modaxfer
from modaxfer.config import EncoderOptions, RunConfig, build, read_yaml
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.encoders.runs import lineage, read_description
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.reports.facts import trained_before
from modaxfer.runner.model.seen import seen_before
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.merged import merge_config
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.run import run

pytestmark = pytest.mark.recipe

QUICK = {"epochs": 1, "batch_size": 16, "learning_rate": 3e-3, "precision": "fp32", "device": "cpu"}


@pytest.fixture(scope="module")
def trained(tiny, own_rows, tmp_path_factory):
    """Return the folders of two runs of one checkpoint: one by ``full``, one by ``lora`` with another seed."""
    folder = tmp_path_factory.mktemp("runs")
    made = {}
    for name, strategy, seed in (("a", "full", 0), ("b", "lora", 1)):
        settings = {**QUICK, **own_rows("text"), "seed": seed, "strategy": strategy}
        modaxfer.train(encoder=str(tiny("bert")), output=str(folder / name), quiet=True, **settings)
        made[name] = str(folder / name)
    return made


def merge(folder, runs, **options):
    return run(merge_config(runs, options, str(folder)), progress=Progress(enabled=False))


def encoder_of(folder):
    """Return the encoder's parameters, the adapter merged."""
    found = load_encoder(resolve(str(folder)), options=EncoderOptions())
    return {name: tensor.detach() for name, tensor in found.named_parameters()}


def test_an_average_is_a_run_like_any_other(trained, tmp_path):
    result, folder = merge(tmp_path / "both", [trained["a"], trained["b"]])
    assert (result.status, result.strategy, result.primary) == ("completed", "modaxfer/merge", "accuracy")
    told = result.training["merge"]
    assert (told["method"], told["scale"], told["heads"]) == ("average", 1.0, 2)
    assert [one["run"] for one in told["runs"]] == [trained["a"], trained["b"]]
    assert result.encoder["merged"] == told["runs"]
    assert result.training["phases"][0]["steps"] == 0
    one, other, both = (encoder_of(each) for each in (trained["a"], trained["b"], folder))
    for name, tensor in both.items():
        torch.testing.assert_close(tensor, (one[name] + other[name]) / 2, rtol=1e-4, atol=1e-6)
    loaded = modaxfer.load(folder)
    assert loaded.evaluate()["metrics"] == pytest.approx(result.metrics["test"], abs=1e-6)
    heads = [load_file(Path(each) / "model/head.safetensors") for each in (trained["a"], trained["b"], folder)]
    for name, tensor in heads[2].items():
        torch.testing.assert_close(tensor, (heads[0][name] + heads[1][name]) / 2)
    before = trained_before(result)
    assert before.startswith("full on own/") and " + lora on own/" in before  # noqa: PT018
    # The other run's split is another: some of its training rows are test rows here.
    assert any("rows of" in warning and trained["b"] in warning for warning in result.warnings)


def test_the_scale_is_the_one_that_validation_prefers_and_what_comes_out_is_an_encoder(trained, tmp_path):
    result, folder = merge(tmp_path / "run", [trained["a"], trained["b"]], method="ties", density=0.5)
    told = result.training["merge"]
    scored = [one["validation"] for one in told["tried"]]
    assert told["scale"] == told["tried"][scored.index(max(scored))]["scale"]
    assert result.metrics["validation"]["accuracy"] == pytest.approx(max(scored))
    assert resolve(str(folder)).trained["strategy"] == "modaxfer/merge"
    config = build(RunConfig, read_yaml(Path(trained["a"]) / "config.yaml"))
    (task,) = resolve_tasks(replace(config, encoder=(str(folder),), checkpoint=None, output=None))
    assert lineage(task.towers[0].encoder.trained).startswith("merge on own/")
    # Rows that any of the joined runs was trained on are known.
    assert len(seen_before(task.towers[0].encoder)) == 2


def test_the_config_of_a_merged_run_repeats_it(trained, tmp_path):
    first, folder = merge(tmp_path / "first", [trained["a"], trained["b"]], method="dare", density=0.5, scale=0.3)
    again = modaxfer.train(str(folder / "config.yaml"), output=str(tmp_path / "again"), quiet=True).result
    assert again.metrics == first.metrics


def test_what_does_not_belong_together_is_refused(trained, tmp_path):
    with pytest.raises(ConfigError, match="one run has nothing to be joined with"):
        merge_config([trained["a"]], {}, None)
    with pytest.raises(ConfigError, match="a run is named twice"):
        merge_config([trained["a"], trained["a"] + "/"], {}, None)
    with pytest.raises(ConfigError, match="this is no run"):
        merge_config([trained["a"], str(tmp_path)], {}, None)
    with pytest.raises(ConfigError, match=r"strategy.density would do nothing with method=average"):
        resolve_tasks(merge_config([trained["a"], trained["b"]], {"density": 0.5}, None))
    with pytest.raises(ConfigError, match=r"strategy.weights are one per run"):
        resolve_tasks(merge_config([trained["a"], trained["b"]], {"weights": [1.0]}, None))
    config = merge_config([trained["a"], trained["b"]], {}, None)
    with pytest.raises(RefusedError, match=r"around the checkpoint .* Got: random weights"):
        resolve_tasks(replace(config, weights="random"))
    with pytest.raises(ConfigError, match="joins finished runs"):
        resolve_tasks(replace(config, set={}))
    # What has been joined itself starts from the common checkpoint; what comes after it does not.
    found = json.loads((Path(trained["b"]) / "model/model.json").read_text())
    other = tmp_path / "other"
    shutil.copytree(trained["b"], other)
    found["towers"][0]["encoder"]["sha256"] = "0" * 64
    (other / "model/model.json").write_text(json.dumps(found))
    with pytest.raises(RefusedError, match="does not start from the same checkpoint"):
        resolve_tasks(merge_config([trained["a"], str(other)], {}, None))
    found["towers"][0]["encoder"]["sha256"] = read_description(Path(trained["a"]))["towers"][0]["encoder"]["sha256"]
    found["towers"][0]["readout"]["pooling"] = "max"
    (other / "model/model.json").write_text(json.dumps(found))
    with pytest.raises(
        RefusedError, match=r"is fed or read in another way.*Got: readout: .*max.*Allowed: readout: .*(cls|mean)"
    ):
        resolve_tasks(merge_config([trained["a"], str(other)], {}, None))
    found["head"]["kind"] = "modaxfer/nearest"
    (other / "model/model.json").write_text(json.dumps(found))
    with pytest.raises(RefusedError, match="heads of kind modaxfer/nearest have no mean"):
        resolve_tasks(merge_config([trained["a"], str(other)], {}, None))


def test_a_head_of_other_classes_is_left_out(trained, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(trained["b"], other)
    found = json.loads((other / "model/model.json").read_text())
    found["classes"] = [f"other {name}" for name in found["classes"]]
    (other / "model/model.json").write_text(json.dumps(found))
    result, folder = merge(tmp_path / "both", [trained["a"], str(other)], scale=0.5)
    assert (result.training["merge"]["heads"], result.training["merge"]["scale"]) == (1, 0.5)
    one, both = (load_file(Path(each) / "model/head.safetensors") for each in (trained["a"], folder))
    assert all(torch.equal(tensor, one[name]) for name, tensor in both.items())
