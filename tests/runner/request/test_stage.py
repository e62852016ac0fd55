"""The source stage of a request: what it is asked to do, and what is refused before a weight is loaded."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.runner.before.stage import find_stage
from modaxfer.runner.request.request import read_request
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.request.stage import refuse_known_tests
from modaxfer.tasks.memory import Memory

pytestmark = pytest.mark.usefixtures("no_weights")

MEMORY = Memory()


@pytest.fixture(autouse=True)
def made_up_rows(monkeypatch):
    """Take the samples, whatever data this machine has."""
    monkeypatch.delenv("MODAXFER_DATA", raising=False)


@pytest.fixture
def staged(tiny):
    """Return a function from settings to the source stage of their run."""

    def staged(**changes):
        values = {"task": ("digits",), "source_task": ("digits-mnist",), "strategy": "full", "limit": 40}
        config = RunConfig(encoder=(str(tiny("vit")),), **{**values, **changes})
        request = read_request(config)
        return find_stage(config, request, resolve_tasks(config, request, MEMORY), MEMORY)

    return staged


def test_the_stage_is_the_run_s_own_request_on_the_source(staged):
    stage = staged(epochs=3, learning_rate=0.1, batch_size=8, seeds=2, baseline=("scratch",), set={"layer_decay": 0.8})
    assert (stage.config.task, stage.config.source_task, stage.before) == (("vision/digits-mnist",), (), None)
    assert (stage.config.strategy, stage.config.epochs, stage.config.learning_rate) == ("modaxfer/full", 3, 0.1)
    assert (stage.config.batch_size, stage.config.seeds, stage.config.baseline) == (8, 1, ())
    assert stage.tasks[0].options.strategy.layer_decay == 0.8
    assert stage.tasks[0].data.rows["train"] == 40


def test_what_is_said_of_the_source_goes_before_what_is_said_of_the_run(staged):
    own = {"epochs": 1, "learning_rate": 0.5, "batch_size": 4, "limit": 30, "seed": 9, "strategy": "lora"}
    options = {**{f"source.{name}": value for name, value in own.items()}, "train.rates": "1,3", "layer_decay": 0.8}
    made = staged(epochs=3, learning_rate=0.1, set=options).config
    assert {name: getattr(made, name) for name in own} == {**own, "strategy": "modaxfer/lora"}
    assert made.set == {}  # neither the search over rates nor options of another strategy


def test_shots_and_folds_part_the_task_s_rows_and_not_the_source_s(staged):
    assert staged(shots=2, episode=1).tasks[0].data.rows["train"] == 40
    assert staged(folds=3, fold=1).config.folds is None


def test_a_run_that_leaves_the_encoder_learns_the_source_with_all_that_moves(staged):
    stage = staged(strategy="frozen", learning_rate=None, epochs=2, set={"train.warmup": 0.2})
    assert (stage.config.strategy, stage.config.epochs) == ("modaxfer/full", 2)
    assert stage.config.set == {"train.warmup": 0.2}


def test_several_sources_come_one_after_the_other_or_mixed(staged):
    both = ("digits-mnist", "digits-usps")
    stage = staged(source_task=both)
    assert (stage.config.task, stage.before.config.task) == (("vision/digits-usps",), ("vision/digits-mnist",))
    assert stage.before.before is None
    mixed = staged(source_task=both, set={"source.mixed": "true"})
    assert (mixed.config.strategy, mixed.before) == ("modaxfer/multitask", None)
    assert [one.task_id for one in mixed.tasks] == ["vision/digits-mnist", "vision/digits-usps"]


def test_the_key_is_of_what_decides_the_stage_and_nothing_else(staged):
    key = staged().key()
    assert staged(shots=2, episodes=3, standalone=True).key() == key
    assert staged(strategy="frozen").key() == key
    others = {"seed": 1, "epochs": 2, "weights": "random", "batch_size": 8, "set": {"source.limit": 30}}
    keys = [staged(**{name: value}).key() for name, value in others.items()]
    keys.append(staged(source_task=("digits-usps", "digits-mnist")).key())
    assert len({key, *keys}) == len(keys) + 1


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"source_task": ("digits",)}, ConfigError, r"the source task is the task itself\. Got: modaxfer/digits"),
        ({"source_task": ("digits-usps",) * 2}, ConfigError, r"a source task is named twice\. Got: vision/digits-usps"),
        (
            {"set": {"source.strategy": "frozen"}},
            RefusedError,
            r"strategy frozen leaves the encoder as it is.*full or lora",
        ),
        (
            {"set": {"source.strategy": "coral"}},
            RefusedError,
            r"cannot use strategy coral, which adapts to a task with",
        ),
        ({"set": {"source.strategy": "fusion"}}, RefusedError, r"cannot use strategy fusion, which fuses several enc"),
        (
            {
                "source_task": ("digits-mnist", "digits-usps"),
                "set": {"source.strategy": "lora", "source.mixed": True},
            },
            RefusedError,
            r"strategy lora takes one task, and the sources are mixed",
        ),
        (
            {"source_task": (), "set": {"source.epochs": 2}},
            ConfigError,
            r"source\.epochs without --source-task would do",
        ),
        ({"set": {"source.epoch": 2}}, ConfigError, r"unknown option.*did you mean source\.epochs"),
        ({"set": {"epochs": 2}}, ConfigError, r"a setting of the run is no option of --set.*write --epochs"),
        ({"map_classes": "none.yaml"}, ConfigError, r"cannot read class map file none\.yaml"),
        ({"source_task": ("breast-cancr",)}, Exception, r"did you mean breast-cancer"),
    ],
)
def test_what_makes_no_sense_is_refused(changes, kind, message, staged):
    with pytest.raises(kind, match=message):
        staged(**changes)


def test_several_encoders_learn_no_source_together(tiny):
    config = RunConfig(
        encoder=(str(tiny("vit")), str(tiny("bert"))), strategy="fusion", task=("digits",), source_task=("sst2",)
    )
    with pytest.raises(RefusedError, match=r"by one encoder\. Got: --source-task sst2 and 2 encoders.*as --encoder"):
        read_request(config)


def test_a_source_that_has_most_test_rows_is_refused():
    def rows(train, test):
        return SimpleNamespace(task_id="web/a", data=SimpleNamespace(digests={"train": train, "test": test}))

    refuse_known_tests([rows([b"1", b"2"], [])], [rows([], [b"1", b"2", b"3", b"4"])])
    with pytest.raises(RefusedError, match=r"would show memory, not transfer\. Got: 3 of 4 test rows"):
        refuse_known_tests([rows([b"1", b"2", b"3"], [])], [rows([], [b"1", b"2", b"3", b"4"])])
