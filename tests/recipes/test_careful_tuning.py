"""What holds fine-tuning back, together in whole runs: told in the result, and the same when killed."""

from __future__ import annotations

import pytest

import modaxfer
from modaxfer.runner.training import loop

pytestmark = pytest.mark.recipe

SETTINGS = {
    "strategy": "full",
    "epochs": 4,
    "batch_size": 8,
    "learning_rate": 3e-3,
    "precision": "fp32",
    "device": "cpu",
    "quiet": True,
    "set": {
        "l2_sp": 0.5,
        "bss": 1e-3,
        "delta_weight": 0.1,
        "surgical": True,
        "head_first": True,
        "gradual": 0.4,
        "patience": 0,
    },
}


@pytest.mark.slow
def test_a_killed_run_ends_as_an_unbroken_one(tiny, own_rows, tmp_path, monkeypatch):
    asked = {"encoder": str(tiny("bert")), **SETTINGS, **own_rows("text")}
    whole = modaxfer.train(output=str(tmp_path / "whole"), **asked).result
    head, rest = whole.training["phases"]
    assert (head["name"], set(head["terms"])) == ("head", {"supervised"})
    assert set(rest["terms"]) == {"supervised", "l2-sp", "bss", "delta"}
    assert whole.training["epochs"] == 4
    record, steps = loop._GradientPhase._record, []

    def dying(phase, *arguments):
        record(phase, *arguments)
        steps.append(phase.phase.name)
        if steps.count("tune") == 6:
            phase._save()
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_record", dying)
        with pytest.raises(KeyboardInterrupt):
            modaxfer.train(output=str(tmp_path / "broken"), **asked)
    resumed = modaxfer.train(output=str(tmp_path / "broken"), resume=True, quiet=True).result
    assert resumed.metrics == whole.metrics
    assert resumed.training["phases"][-1]["terms"] == rest["terms"]
