"""Baselines are fitted once per task, labels, seed and metric; what is damaged is said and made again."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from modaxfer.config import TrainOptions
from modaxfer.contracts import Simple, ragged
from modaxfer.errors import RefusedError
from modaxfer.runner.evaluation.kept_bars import kept_scores, kept_simple
from modaxfer.spec import TEXT, Field

GUESSED = Simple(
    name="a guess",
    predictions={"validation": np.array([1, 0]), "test": np.array([0, 1, 1])},
    scores={"validation": None, "test": np.array([[0.1, 0.9], [1 / 3, 2 / 3], [0.5, 0.5]])},
    train_rows=7,
)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path))
    return tmp_path / "baselines"


def asked(*, fingerprint="f", targets=(0, 1), seed=0, primary="accuracy", cache=True, problem="multiclass", told=None):
    data = SimpleNamespace(fingerprint=fingerprint, targets={"train": np.array(targets)}, classes=("a", "b"))
    session = SimpleNamespace(
        train=TrainOptions(cache=cache),
        primary=primary,
        problem=problem,
        seed=seed,
        tell=(told if told is not None else []).append,
    )
    fields = (Field(name="text", signal=TEXT),)
    return session, SimpleNamespace(data=data, taught_by=SimpleNamespace(data=data), fields=fields)


class Fit:
    def __init__(self, simple=GUESSED):
        self.calls, self.simple = 0, simple

    def __call__(self):
        self.calls += 1
        return self.simple


def test_a_simple_model_is_fitted_once_and_says_the_same():
    fit = Fit()
    for _ in range(3):
        found = kept_simple(*asked(), fit)
        assert (found.name, found.train_rows) == ("a guess", 7)
        np.testing.assert_array_equal(found.scores["test"], GUESSED.scores["test"], strict=True)
        np.testing.assert_array_equal(found.predictions["test"], GUESSED.predictions["test"], strict=True)
        assert found.scores["validation"] is None
    assert fit.calls == 1


@pytest.mark.parametrize(
    "other",
    [{"fingerprint": "g"}, {"targets": (1, 0)}, {"seed": 1}, {"primary": "f1_macro"}, {"problem": "binary"}],
)
def test_other_rows_labels_seeds_and_metrics_are_fitted_for(other):
    fit = Fit()
    kept_simple(*asked(), fit)
    kept_simple(*asked(**other), fit)
    assert fit.calls == 2


@pytest.mark.parametrize("without", [{"cache": False}, {"primary": "evaluate:accuracy"}])
def test_what_is_not_to_be_kept_is_fitted_each_time(without, cache):
    fit = Fit()
    for _ in range(2):
        kept_simple(*asked(**without), fit)
    assert fit.calls == 2
    assert not cache.exists()


def test_a_damaged_entry_is_said_and_made_again(cache):
    fit, told = Fit(), []
    kept_simple(*asked(told=told), fit)
    (entry,) = cache.iterdir()
    entry.write_text(entry.read_text(encoding="utf-8").replace("a guess", "a hoax"), encoding="utf-8")
    assert kept_simple(*asked(told=told), fit).name == "a guess"
    assert fit.calls == 2
    assert len(told) == 1
    assert "an entry of the cache was damaged (its checksum is wrong)" in told[0]


def test_a_refusal_is_handed_on_and_not_kept(cache):
    def refuse():
        raise RefusedError("no simple model")

    with pytest.raises(RefusedError, match="no simple model"):
        kept_simple(*asked(), refuse)
    assert not cache.exists()


def test_rows_with_parts_are_fitted_each_time():
    said = ragged([np.array([0, 1]), np.array([1])])
    fit = Fit(Simple(name="tags", predictions={"test": said}, scores={"test": None}, train_rows=2))
    for _ in range(2):
        assert kept_simple(*asked(), fit).predictions["test"] is said
    assert fit.calls == 2


def test_scores_that_look_at_no_input_are_kept_by_name():
    calls = []

    def scores():
        calls.append(1)
        return {"accuracy": np.float64(0.1) + 0.2, "roc_auc": math.nan}

    for _ in range(2):
        found = kept_scores(*asked(), "chance", ("accuracy", "roc_auc"), scores)
        assert found["accuracy"] == 0.1 + 0.2
        assert math.isnan(found["roc_auc"])
    assert len(calls) == 1
    kept_scores(*asked(), "majority", ("accuracy", "roc_auc"), scores)
    assert len(calls) == 2
