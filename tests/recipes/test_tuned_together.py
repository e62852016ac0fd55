"""Searches over what several tasks or several encoders are trained with, killed in a trial and gone on with."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

import modaxfer
from modaxfer.config import read_yaml
from modaxfer.runner.tuning.study import Study

pytestmark = [
    pytest.mark.recipe,
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("optuna") is None, reason="optuna chooses the settings of trials"),
]

QUICK = {"epochs": 1, "batch_size": 16, "precision": "fp32", "device": "cpu", "quiet": True}
SEARCH = {"tune": 2, "tune_over": "learning_rate=1e-3..3e-2"}


def killed_and_resumed(folder, monkeypatch, **settings):
    """Make a run whose second trial is killed at its end, and go on with it."""

    def killed(study, setting, epochs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Study, "is_hopeless", killed)
        with pytest.raises(KeyboardInterrupt):
            modaxfer.train(output=str(folder), **QUICK, **SEARCH, **settings)
    return modaxfer.train(output=str(folder), resume=True, quiet=True)


def check(run):
    """What holds of any finished search."""
    told = run.result.tuning
    assert (told["trials"], told["completed"], told["failed"]) == (2, 2, 0)
    best = max(told["tried"], key=lambda trial: trial["score"])
    assert (told["chosen"], told["validation"]) == (best["number"], best["validation"])
    assert run.result.metrics["validation"][run.result.primary] == pytest.approx(told["validation"], abs=1e-12)
    assert read_yaml(run.folder / "config.yaml").get("learning_rate") == told["setting"].get("learning_rate")
    return told


def test_several_tasks_are_searched_for_together(tiny, tmp_path, monkeypatch):
    monkeypatch.delenv("MODAXFER_DATA", raising=False)
    tasks = ["reviews/sst2", "modaxfer/breast-cancer"]
    settings = {"encoder": str(tiny("bert")), "strategy": "multitask", "task": tasks, "limit": 24}
    run = killed_and_resumed(tmp_path / "run", monkeypatch, **settings, set={"alone": False})
    told = check(run)
    assert (told["metric"], run.result.primary) == ("mean_primary", "mean_primary")


def test_a_fusion_that_is_trained_is_searched_for(tiny, own_rows, tmp_path, monkeypatch):
    encoders = [str(tiny("vit")), str(tiny("bert"))]
    settings = {"encoder": encoders, "strategy": "fusion", "set": {"how": "gated"}, **own_rows("image+text")}
    assert check(killed_and_resumed(tmp_path / "run", monkeypatch, **settings))["metric"] == "accuracy"
