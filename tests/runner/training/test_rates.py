"""The search over learning rates: same start for all, validation decides, killed in the middle it ends the same."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from torch import nn

import modaxfer
from modaxfer.errors import DivergedError
from modaxfer.plan import Part, Phase, Solver
from modaxfer.runner.training.rates import Attempt, RateSearch, asked_epochs

SCORES = {0.3: 0.4, 1.0: 0.7, 3.0: 0.6}


class Killed(Exception):
    """Stands for a signal."""


class Trainer:
    """Moves a weight by the factor and a random number, and notes where it started."""

    def __init__(self, scores, model, *, killed_at=None):
        self.scores, self.model, self.killed_at = scores, model, killed_at
        self.starts: list[float] = []

    def __call__(self, factor, checkpoints):
        self.starts.append(float(self.model.weight.detach()))
        if factor == self.killed_at:
            raise Killed
        if self.scores[factor] is None:
            with torch.no_grad():
                self.model.weight.fill_(math.nan)
            raise DivergedError("the loss is nan at step 3")
        with torch.no_grad():
            self.model.weight.add_(factor + torch.rand(()))
        score = self.scores[factor]
        return Attempt(factor=factor, score=score, shown=score, report={"phases": [factor]})


def made():
    model = nn.Linear(1, 1)
    nn.init.constant_(model.weight, 2.0)
    nn.init.constant_(model.bias, 5.0)
    return model


def searched(folder: Path, scores=SCORES, factors=None, **changes):
    model = made()
    trainer = Trainer(scores, model, **changes)
    report = RateSearch(model=model, folder=folder, seed=0).run(factors or tuple(scores), trainer)
    return report, trainer, model


def weight_after(factor):
    torch.manual_seed(0)
    return 2.0 + factor + float(torch.rand(()))


def test_the_best_on_validation_is_kept(tmp_path):
    report, trainer, model = searched(tmp_path)
    assert trainer.starts == [2.0, 2.0, 2.0]
    assert float(model.weight.detach()) == pytest.approx(weight_after(1.0))
    assert float(model.bias.detach()) == 5.0
    assert report == {
        "phases": [1.0],
        "rates": {
            "chosen": 1.0,
            "tried": [{"factor": factor, "validation": score} for factor, score in SCORES.items()],
        },
    }


def test_of_equals_the_first_is_kept(tmp_path):
    assert searched(tmp_path, {1.0: 0.5, 3.0: 0.5})[0]["rates"]["chosen"] == 1.0


def test_an_undefined_score_loses_but_counts(tmp_path):
    assert searched(tmp_path / "a", {1.0: -math.inf, 3.0: 0.1})[0]["rates"]["chosen"] == 3.0
    report, _, model = searched(tmp_path / "b", {1.0: -math.inf})
    assert report["rates"]["chosen"] == 1.0
    assert float(model.weight.detach()) == pytest.approx(weight_after(1.0))


def test_a_rate_at_which_training_diverges_is_passed_over(tmp_path):
    report, _, model = searched(tmp_path, {3.0: None, 1.0: 0.2, 0.3: 0.1})
    assert report["rates"]["chosen"] == 1.0
    assert report["rates"]["tried"][0] == {"factor": 3.0, "diverged": True}
    assert float(model.weight.detach()) == pytest.approx(weight_after(1.0))


def test_divergence_everywhere_fails(tmp_path):
    with pytest.raises(DivergedError, match="training diverged at every learning rate"):
        searched(tmp_path, {1.0: None, 3.0: None})


@pytest.mark.parametrize("killed_at", [0.3, 1.0, 3.0, 9.0])
def test_a_killed_search_ends_as_an_unbroken_one(killed_at, tmp_path):
    scores = {**SCORES, 9.0: 0.1}
    unbroken, _, expected = searched(tmp_path / "unbroken", scores)
    with pytest.raises(Killed):
        searched(tmp_path / "killed", scores, killed_at=killed_at)
    report, trainer, model = searched(tmp_path / "killed", scores)
    assert report == unbroken
    assert torch.equal(model.weight, expected.weight)
    assert len(trainer.starts) == len(scores) - list(scores).index(killed_at)


def test_a_process_that_does_not_write_leaves_nothing(tmp_path):
    model = made()
    RateSearch(model=model, folder=tmp_path, seed=0, writes=False).run((1.0,), Trainer(SCORES, model))
    assert not list(tmp_path.iterdir())


def test_epochs_are_counted_over_gradient_phases():
    rates = {Part.HEAD: 0.1}
    phase = Phase(trainable=frozenset(rates), epochs=1.5, learning_rates=rates)
    solved = Phase(trainable=frozenset({Part.HEAD}), solver=Solver(target="x:y"))
    assert asked_epochs((phase, phase)) == 3.0
    assert asked_epochs((solved,)) is None


@pytest.mark.parametrize("strategy", ["full", pytest.param("lora", marks=pytest.mark.slow)])
def test_a_run_keeps_its_best_rate(strategy, tiny, own_rows, tmp_path):
    common = {"encoder": str(tiny("bert")), "strategy": strategy, "epochs": 2, "batch_size": 8, "quiet": True}
    common |= {"precision": "fp32", "device": "cpu", **own_rows("text")}
    run = modaxfer.train(output=str(tmp_path / "run"), set={"rates": "0.01,30"}, **common)
    rates = run.result.training["rates"]
    assert [attempt["factor"] for attempt in rates["tried"]] == [0.01, 30.0]
    scores = [attempt["validation"] for attempt in rates["tried"]]
    assert rates["chosen"] == rates["tried"][scores.index(max(scores))]["factor"]
    assert run.result.metrics["validation"][run.result.primary] == pytest.approx(max(scores))
    assert run.result.metrics["test"] == pytest.approx(run.evaluate()["metrics"], abs=1e-6)
    assert run.result.training["epochs"] == 2.0
    lines = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    assert {line["rate"] for line in lines} == {0.01, 30.0}
    single = modaxfer.train(output=str(tmp_path / "single"), set={"rates": rates["chosen"]}, **common)
    assert single.result.metrics == run.result.metrics
    assert not (run.folder / ".checkpoint").exists()
    again = modaxfer.train(output=str(run.folder), resume=True, set={"rates": "0.01,30"}, **common)
    assert again.result.metrics == run.result.metrics


def test_a_head_fitted_in_closed_form_is_not_searched(tiny, own_rows, tmp_path):
    common = {"encoder": str(tiny("bert")), "quiet": True, "device": "cpu", **own_rows("text")}
    settings = {"baseline": "scratch", "seeds": 2, "epochs": 1, "set": {"rates": "1,3"}}
    result = modaxfer.train(strategy="frozen", output=str(tmp_path), **settings, **common).result
    assert "rates" not in result.training
    assert "epochs" not in result.training
    # They are the baseline's; the other seed has as little use for them as the first, and is no failure.
    assert result.repeats["seeds"] == [0, 1]
    assert [gain["seeds"] for gain in result.transfer_gain["pretraining"].values()] == [2]
    assert not [warning for warning in result.warnings if "left out" in warning]
