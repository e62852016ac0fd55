"""A run that learns from pairs: how long is known before, it predicts, and goes on when it was killed."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

import modaxfer
from modaxfer.config import TrainOptions
from modaxfer.errors import RefusedError
from modaxfer.plan import PlanContext
from modaxfer.registry import problem_spec
from modaxfer.runner.request.teacher import taught
from modaxfer.runner.training import loop
from modaxfer.spec import Rates
from modaxfer.strategies.contrastive import ContrastiveOptions, plan

pytestmark = pytest.mark.recipe

SETTINGS = {
    "strategy": "contrastive",
    "epochs": 3,
    "batch_size": 8,
    "precision": "fp32",
    "device": "cpu",
    "quiet": True,
}


@pytest.fixture(scope="module")
def asked(tiny, own_rows):
    return {"encoder": str(tiny("bert")), **SETTINGS, **own_rows("text")}


@pytest.mark.slow
def test_a_run_killed_among_pairs_ends_as_an_unbroken_one_and_predicts(asked, tmp_path, monkeypatch):
    whole = modaxfer.train(output=str(tmp_path / "whole"), **asked)
    contrast, solve = whole.result.training["phases"]
    assert contrast["steps"] == 3 * -(-whole.result.data["rows"]["train"] // 8)
    assert set(contrast["terms"]) == {"contrastive"}
    assert solve["head"] in [trial["head"] for trial in solve["candidates"]]
    judge, calls = loop._GradientPhase._judge, []

    def dying(phase, found):
        calls.append(phase)
        if len(calls) == 2:
            raise KeyboardInterrupt
        judge(phase, found)

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_judge", dying)
        with pytest.raises(KeyboardInterrupt):
            modaxfer.train(output=str(tmp_path / "broken"), **asked)
    resumed = modaxfer.train(output=str(tmp_path / "broken"), resume=True, quiet=True)
    assert resumed.result.metrics == whole.result.metrics
    again = modaxfer.load(tmp_path / "broken")
    rows = whole.predictions
    np.testing.assert_allclose(again.predictions["score:positive"], rows["score:positive"])
    lines = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    # Nothing is told of what a head says that has learned nothing.
    assert [line["validation"] for line in lines if "score" in line] == 3 * [{}]


def test_a_head_may_read_below_what_the_pairs_moved(tiny, own_rows, tmp_path):
    more = {"underneath": "adapter", "method": "ia3", "strategy.layer": "0"}
    asked = {"encoder": str(tiny("vit")), **SETTINGS, **own_rows("image"), "epochs": 1, "set": more}
    run = modaxfer.train(output=str(tmp_path / "run"), **asked)
    assert run.result.training["phases"][1]["layers"] == [0]
    scores = modaxfer.evaluate(tmp_path / "run", quiet=True)["metrics"]
    assert scores == pytest.approx(run.result.metrics["test"])


def test_one_row_of_each_class_is_refused_before_weights(asked, tmp_path, no_weights):
    with pytest.raises(RefusedError, match="the largest of 1 rows"):
        modaxfer.train(output=str(tmp_path / "one"), shots=1, **asked)


def test_a_teacher_has_no_head_to_teach():
    bare = {"adapter_targets": (), "problem": problem_spec("binary"), "rows": 24, "batch_size": 8, "depth": 2}
    made = plan(ContrastiveOptions(), PlanContext(rates=Rates(full=1e-4, adapter=1e-3), **bare))
    with pytest.raises(RefusedError, match=r"no head is trained by steps.*leave --teacher out"):
        taught(made, SimpleNamespace(folder="runs/large"), TrainOptions())
