"""Runs whose bridge is aligned first: scored, repeatable, resumed, and told of."""

from __future__ import annotations

import pytest

import modaxfer
from modaxfer.result import Result
from modaxfer.runner.training.checkpoint import Checkpoints

pytestmark = pytest.mark.recipe

SETTINGS = {
    "bridge": "embed", "epochs": 1, "batch_size": 16, "precision": "fp32", "device": "cpu", "quiet": True,
}  # fmt: skip
ALIGNED = {"bridge.align": "mmd", "bridge.proxy": "digits", "bridge.align_steps": 20, "bridge.align_rows": 40}


@pytest.mark.parametrize(
    ("strategy", "kind"),
    [("full", "audio"), *(pytest.param(each, "text", marks=pytest.mark.slow) for each in ("lora", "frozen"))],
)
def test_an_aligned_run_is_scored_and_tells_of_it(strategy, kind, tiny, own_rows, tmp_path):
    run = modaxfer.train(
        encoder=str(tiny("vit")), strategy=strategy, output=str(tmp_path / "run"), set=ALIGNED, **SETTINGS,
        **own_rows(kind),
    )  # fmt: skip
    told = Result.load(run.folder).training["alignment"]
    assert (told["method"], told["proxy"], told["rows"], told["steps"]) == ("mmd", "modaxfer/digits", 40, 20)
    assert told["last"] < told["first"]
    assert "distance, first and last step" in (run.folder / "report.html").read_text()
    assert run.result.metrics["test"] == pytest.approx(run.evaluate()["metrics"], abs=1e-6)
    assert not (run.folder / ".checkpoint").exists()


@pytest.mark.slow
@pytest.mark.parametrize("search", [{}, {"train.rates": (1.0, 3.0)}])
def test_a_killed_run_goes_on_from_the_aligned_bridge(search, tiny, own_rows, tmp_path, monkeypatch):
    def train(name, **more):
        return modaxfer.train(
            encoder=str(tiny("vit")), strategy="full", output=str(tmp_path / name), set={**ALIGNED, **search},
            **SETTINGS | {"epochs": 4}, **own_rows("text"), **more,
        ).result  # fmt: skip

    whole = train("whole")
    saves = []

    def killed(self, *arguments):
        saves.append(self)
        if len(saves) > 6:
            raise KeyboardInterrupt
        return save(self, *arguments)

    save = Checkpoints.save
    with monkeypatch.context() as patch:
        # The search has saved four epochs of its first attempt by then, the other run is in its last epoch.
        patch.setattr(Checkpoints, "save", killed)
        if not search:
            saves += [None] * 3
        with pytest.raises(KeyboardInterrupt):
            train("broken")
    resumed = train("broken", resume=True)
    assert whole.metrics == resumed.metrics
    assert whole.training["alignment"] == resumed.training["alignment"]


@pytest.mark.slow
def test_several_bridges_are_told_of_one_by_one(tiny, own_rows, tmp_path):
    run = modaxfer.train(
        encoder=str(tiny("vit")), strategy="multitask", task=("digits", "legal-sentiment"),
        limit=24, output=str(tmp_path / "run"), **SETTINGS,
        set={**ALIGNED, "bridge.align_steps": 3, "strategy.alone": False},
    )  # fmt: skip
    parts = run.result.training["alignment"]["parts"]
    assert [part["task"] for part in parts] == ["modaxfer/digits", "legal/legal-sentiment"]
