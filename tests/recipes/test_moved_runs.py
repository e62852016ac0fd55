"""Closed forms over a source and a target, and a run that goes on under its head, end to end on tiny weights."""

from __future__ import annotations

import importlib.util
import json

import pytest
from safetensors.torch import load_file

import modaxfer
from modaxfer.api import make_config
from modaxfer.runner.predict.evaluate import evaluate
from modaxfer.runner.progress import Progress
from modaxfer.runner.run import run

pytestmark = pytest.mark.recipe

QUICK = {"precision": "fp32", "device": "cpu", "quiet": True, "limit": 40}
SOURCE, TARGET = "reviews/rt-polarity", "reviews/sst2"


@pytest.fixture(autouse=True)
def made_up_rows(monkeypatch):
    """Take the samples, whatever data this machine has."""
    monkeypatch.delenv("MODAXFER_DATA", raising=False)


@pytest.fixture
def train(tiny, tmp_path):
    def train(strategy, name="run", **settings):
        given = {"encoder": str(tiny("bert")), "task": TARGET, **QUICK, **settings}
        return modaxfer.train(strategy=strategy, output=str(tmp_path / name), **given)

    return train


@pytest.fixture
def alone(tiny, tmp_path):
    """Return a function that runs without companions."""

    def alone(strategy, name="run", **settings):
        given = {"encoder": str(tiny("bert")), "task": TARGET, "source_task": SOURCE, **QUICK, **settings}
        given.pop("quiet")
        config = make_config(output=tmp_path / name, strategy=strategy, **given)
        return run(config, progress=Progress(enabled=False))[0]

    return alone


def test_closed_form_coral_stands_between_its_bounds(train) -> None:
    made = train("coral", source_task=SOURCE, set={"underneath": "frozen", "on": "pooled"})
    result = made.result
    (phase,) = result.training["phases"]
    assert phase["moved"]["by"] == "coral"
    assert {"source_only", "target_oracle"} <= set(result.baselines)
    for bound in ("source-only", "oracle"):
        (solved,) = json.loads((made.folder / "bounds" / bound / "result.json").read_text())["training"]["phases"]
        assert "moved" not in solved
    assert evaluate(made.folder)["metrics"] == pytest.approx(result.metrics["test"], abs=1e-5)


@pytest.mark.skipif(importlib.util.find_spec("ot") is None, reason="POT is not installed")
def test_transport_says_how_far_shares_have_moved(alone) -> None:
    result = alone("ot", set={"largest_shift": 0.0})
    (phase,) = result.training["phases"]
    assert phase["moved"]["by"] == "ot"
    assert any("the classes' shares have moved" in warning for warning in result.warnings)


def test_label_shift_learns_its_source_and_is_bounded_uncorrected(alone) -> None:
    settings = {"epochs": 1, "set": {"underneath": "frozen"}}
    assert alone("label-shift", **settings).training["correction"]["name"] == "label-shift"
    assert "correction" not in alone("label-shift", "bound", bound="source-only", **settings).training


def test_shot_moves_all_but_the_head(train) -> None:
    source = train("full", "source", task=SOURCE, epochs=1, batch_size=8)
    made = train("shot", encoder=str(source.folder), epochs=2, batch_size=8)
    heads = [load_file(each.folder / "model/head.safetensors") for each in (source, made)]
    assert all((heads[0][name] == heads[1][name]).all() for name in heads[0])
    (phase,) = made.result.training["phases"]
    assert set(phase["terms"]) == {"information", "pseudo"}
    assert {"chance", "source_only"} == set(made.result.baselines)
    assert evaluate(made.folder)["metrics"] == pytest.approx(made.result.metrics["test"], abs=1e-5)
    lines = [json.loads(line) for line in (made.folder / "log.jsonl").read_text().splitlines()]
    assert sum("score" in line for line in lines) == 2
