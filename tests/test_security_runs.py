"""Runs, comparisons and config files of others: what they say may choose among what is installed, and runs nothing."""

from __future__ import annotations

import json
import os

import pytest
import yaml

import forked
import modaxfer
from modaxfer.config import read_yaml
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.reports.command import repeat_command
from modaxfer.testing.material import tiny_models

METRIC = """
open({marker!r}, "w").close()
import datasets
import evaluate


class Metric(evaluate.Metric):
    def _info(self):
        number = datasets.Value("int64")
        features = datasets.Features({{"predictions": number, "references": number}})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=features)

    def _compute(self, predictions, references):
        return {{"own": 1.0}}
"""
OWN = """
with open({marker!r}, "a") as marker:
    marker.write("x")
from transformers import BertConfig, BertModel


class OwnConfig(BertConfig):
    model_type = "own"


class OwnModel(BertModel):
    config_class = OwnConfig
"""
BY_FILE = r"asks to run code that comes with a checkpoint, which a file cannot allow.*Fix: pass --trust-remote-code"


def in_a_process(*arguments):
    """Run the command line in a process of its own: exit status and what it said."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = forked.python("-m", "modaxfer", *map(str, arguments), answers="y\n" * 9, environment=environment)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def trained(tiny, own_rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "texts"
    rows = own_rows("text")
    modaxfer.train(encoder=str(tiny("bert")), strategy="frozen", output=str(folder), device="cpu", quiet=True, **rows)
    return folder


@pytest.fixture(scope="module")
def own_model(tmp_path_factory):
    """A model of an architecture that its own code defines."""
    folder = tmp_path_factory.mktemp("own") / "model"
    tiny_models.save("bert", folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModel"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text(OWN.format(marker=str(folder / "ran")))
    return folder


def test_evaluating_a_run_of_others_runs_no_metric_that_it_names(trained, tmp_path):
    metric = tmp_path / "metric"
    metric.mkdir()
    (metric / "metric.py").write_text(METRIC.format(marker=str(tmp_path / "ran")))
    stored = json.loads((trained / "result.json").read_text())
    hostile = {**stored, "metrics": {**stored["metrics"], "test": {f"evaluate:{metric}": 1.0}}}
    (trained / "result.json").write_text(json.dumps(hostile))
    try:
        status, said = in_a_process("evaluate", trained)
    finally:
        (trained / "result.json").write_text(json.dumps(stored))
    assert status == 2
    assert "run only where an installed task names it. Got: evaluate:" in said
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("command", ["train", "compare"])
def test_a_config_file_alone_allows_no_code(command, own_model, own_rows, tmp_path):
    config = {"encoder": [str(own_model)], "strategy": "frozen", "trust_remote_code": True, **own_rows("text")}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    status, said = in_a_process(command, "--config", path, "--output", tmp_path / "run")
    assert status == 2
    assert "which a file cannot allow. Got: trust_remote_code: True. Fix: pass --trust-remote-code" in said
    assert not (own_model / "ran").exists()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("value", [True, "yes", 1, "on"])
def test_whatever_a_file_writes_for_yes_is_no_flag(value, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"trust_remote_code": value}))
    with pytest.raises(ConfigError, match=BY_FILE):
        modaxfer.train(path)
    assert modaxfer.api.make_config(path, trust_remote_code=True).trust_remote_code
    assert not modaxfer.api.make_config(path, trust_remote_code=False).trust_remote_code
    assert modaxfer.api.make_config({"trust_remote_code": True}).trust_remote_code


def test_resuming_a_run_or_a_comparison_of_others_allows_no_code(tmp_path):
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"trust_remote_code": True, "strategy": "lora"}))
    with pytest.raises(ConfigError, match=BY_FILE):
        modaxfer.train(output=str(tmp_path), resume=True)
    grid = {"encoder": ["bert"], "strategy": ["lora"], "task": ["digits"], "trust_remote_code": True}
    (tmp_path / "compare.yaml").write_text(yaml.safe_dump(grid))
    with pytest.raises(ConfigError, match=BY_FILE):
        modaxfer.compare(output=str(tmp_path), resume=True)


def test_a_run_with_code_of_a_checkpoint_says_so_and_asks_for_the_flag_wherever_it_is_opened(
    own_model, own_rows, tmp_path
):
    rows = own_rows("text")
    settings = {"encoder": str(own_model), "strategy": "frozen", "output": str(tmp_path / "run"), "device": "cpu"}
    run = modaxfer.train(**settings, **rows, trust_remote_code=True, quiet=True)
    (warning,) = [text for text in run.result.warnings if "code that comes with" in text]
    assert "config.json name it), as --trust-remote-code allows" in warning
    assert read_yaml(tmp_path / "run" / "config.yaml")["trust_remote_code"] is True
    assert repeat_command(tmp_path / "run").endswith("--trust-remote-code")
    before = (own_model / "ran").read_text()
    row = {"text": "right held that"}
    with pytest.raises(RefusedError, match=r"a config of its own code, which is not run unasked.*--trust-remote-code"):
        modaxfer.load(tmp_path / "run").predict(row)
    with pytest.raises(RefusedError, match="--trust-remote-code"):
        modaxfer.load(tmp_path / "run").evaluate()
    with pytest.raises(ConfigError, match=BY_FILE):
        modaxfer.train(tmp_path / "run" / "config.yaml", output=str(tmp_path / "again"))
    assert (own_model / "ran").read_text() == before
    assert modaxfer.load(tmp_path / "run", trust_remote_code=True).predict(row) == run.predict(row)
