"""What ``--tune`` searches by default, how `--tune-over` is written, and what is refused before weights are loaded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, MissingPackageError, RefusedError
from modaxfer.registry import registry
from modaxfer.runner.request.dimensions import Dimension, applied
from modaxfer.runner.request.request import read_request
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.request.tuned import refuse_untunable
from modaxfer.runner.tuning.search import find_search
from modaxfer.tasks.memory import Memory


@pytest.fixture(autouse=True)
def optuna_is_installed(monkeypatch):
    """What is refused here is refused whether it is or not."""
    monkeypatch.setattr("modaxfer.strategies.checks.find_spec", lambda name: name)


def asked(strategy="lora", tune=5, **changes):
    return RunConfig(encoder=("bert",), strategy=strategy, task=("legal-sentiment",), tune=tune, **changes)


def refused(config):
    refuse_untunable(config, registry().get("strategy", config.strategy))


@pytest.fixture(scope="module")
def found(tiny, own_rows):
    """Return a function from a strategy to what is searched, by key."""
    memory = Memory()

    def found(strategy, *over, **changes):
        config = RunConfig(
            encoder=(str(tiny("bert")),), strategy=strategy, tune=4, tune_over=over, **own_rows("text") | changes
        )
        request = read_request(config)

        def resolve(one):
            return resolve_tasks(one, request, memory)

        return {each.key: each for each in find_search(config, resolve(config), resolve)}

    return found


def test_optuna_is_asked_for_before_anything_else(monkeypatch):
    monkeypatch.setattr("modaxfer.strategies.checks.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"--tune needs the package optuna.*pip install 'modaxfer\[tune\]'"):
        read_request(asked())


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ("=1..2", "takes KEY, KEY=LOW..HIGH or KEY=A,B,C"),
        ("rank=", "takes KEY, KEY=LOW..HIGH or KEY=A,B,C"),
        ("rank=8..4", "ends above where it begins"),
        ("rank=few..many", "takes numbers for a range"),
        ("rank=8", "two choices or more"),
        ("rank=8,8", "two choices or more"),
    ],
)
def test_a_range_that_is_none_is_refused(over, words):
    with pytest.raises(ConfigError, match=words):
        refused(asked(tune_over=(over,)))


def test_a_key_is_given_once_and_beside_a_search():
    with pytest.raises(ConfigError, match="--tune-over rank is given twice"):
        refused(asked(tune_over=("rank=4,8", "rank=4..8")))
    with pytest.raises(ConfigError, match=r"says what --tune searches.*--tune N"):
        refused(asked(tune=None, tune_over=("rank=4,8",)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"folds": 3}, "--folds: the setting is chosen by rows that folds test on"),
        ({"shots": 4, "episodes": 2}, "--episodes: each draw has labels of its own"),
        ({"private": 3.0}, "--private: each trial spends"),
        ({"source_task": ("sst2",)}, "--source-task: its stage would be chosen"),
        ({"strategy": "coral", "source_task": ("sst2",)}, "--source-task: labels of the task are hidden"),
        ({"set": {"rates": (0.3, 1.0)}}, "train.rates: both search for the learning rate"),
    ],
)
def test_what_a_search_cannot_stand_beside(changes, words):
    with pytest.raises(RefusedError, match=words):
        refused(asked(**changes))
    refused(asked(set={"train.rates": ()}))


def test_the_default_search_follows_the_plan(found):
    lora = found("lora")
    assert list(lora) == ["learning_rate", "epochs", "strategy.rank"]
    rate, epochs, rank = lora.values()
    assert (rate.low, rate.high, rate.log) == (rate.default / 10, 10 * rate.default, True)
    assert (epochs.low, epochs.high, epochs.step) == (7.5, 30.0, 0.5)
    assert (rank.default, rank.low, rank.high, rank.log, rank.whole) == (16, 4, 64, True, True)
    full = found("full")
    assert list(full) == ["learning_rate", "epochs", "strategy.layer_decay"]
    assert (full["strategy.layer_decay"].low, full["strategy.layer_decay"].high) == (0.5, 1.0)
    assert full["strategy.layer_decay"].default < 1
    assert full["learning_rate"].default < rate.default
    assert found("lora", learning_rate=3e-3)["learning_rate"].default == 3e-3
    with pytest.raises(RefusedError, match="nothing to search: strategy frozen takes no steps here"):
        found("frozen")


def test_every_declared_option_can_be_searched(found):
    over = ("train.warmup=0..0.3", "dora", "strategy.alpha", "batch_size=8,16", "pooling", "train.label_smoothing")
    lora = found("lora", *over)
    assert [str(each) for each in lora.values()] == [
        "0 to 0.3", "False, True", "8 to 128 (log)", "8, 16", "cls, mean, mean_std", "0 to 1"
    ]  # fmt: skip
    assert (lora["strategy.alpha"].default, lora["train.warmup"].default) == (32, 0.1)
    assert list(found("frozen", "strategy.head", "reduction=none,pca")) == ["strategy.head", "strategy.reduction"]


@pytest.mark.parametrize(
    ("strategy", "over", "words"),
    [
        ("lora", "seed=1..9", "--tune-over cannot search seed"),
        ("lora", "rnk=4,8", "unknown option.*did you mean strategy.rank"),
        ("lora", "rank=0..8", "must be at least 1"),
        ("lora", "rank=4.5..8", "counts.*whole numbers"),
        ("lora", "dropout=0..0.5", "ambiguous"),
        ("full", "l2_sp", "no range of its own"),
        ("lora", "targets", "no numbers lie between"),
        ("frozen", "learning_rate=1e-4..1e-3", "--learning-rate plays no part here"),
    ],
)
def test_what_cannot_be_searched_is_refused(strategy, over, words, found):
    with pytest.raises(ConfigError, match=words):
        found(strategy, over)


def test_a_trial_is_the_request_with_its_values():
    config = replace(asked(), set={"strategy.rank": 16, "train.warmup": 0.1})
    made = applied(config, {"learning_rate": 1e-3, "strategy.rank": 4})
    assert (made.learning_rate, made.set) == (1e-3, {"strategy.rank": 4, "train.warmup": 0.1})
    assert applied(config, {}) == config


def test_values_have_three_digits_and_stay_within():
    rate = Dimension(key="learning_rate", low=1.23456e-5, high=1e-3, log=True)
    assert rate.tidy(0.000317654) == 0.000318
    assert rate.tidy(1.23457e-5) == rate.low
