"""From a labelled source to a task without labels, end to end on tiny weights."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import modaxfer
from modaxfer.api import make_config
from modaxfer.contracts import Answers, Sealed, TaskData
from modaxfer.registry import registry
from modaxfer.result import Result
from modaxfer.runner.predict.evaluate import evaluate
from modaxfer.runner.progress import Progress
from modaxfer.runner.run import run
from modaxfer.runner.training import loop

pytestmark = pytest.mark.recipe

QUICK = {"epochs": 2, "batch_size": 8, "limit": 24, "precision": "fp32", "device": "cpu"}
SOURCE, TARGET = "reviews/rt-polarity", "reviews/sst2"


@pytest.fixture(autouse=True)
def made_up_rows(monkeypatch):
    """Take the samples, whatever data this machine has."""
    monkeypatch.delenv("MODAXFER_DATA", raising=False)


def adapted(encoder, folder, *, resume=False, **changes):
    """Train from one domain of reviews to another, and return result and folder."""
    settings = {"encoder": str(encoder), "task": TARGET, "source_task": SOURCE, **QUICK, **changes}
    return run(make_config(output=folder, **settings), resume=resume, progress=Progress(enabled=False))


@pytest.fixture
def adapt(tiny, tmp_path):
    return lambda name="run", **settings: adapted(tiny("bert"), tmp_path / name, **settings)


@pytest.fixture(scope="module")
def once(tiny, tmp_path_factory):
    """Train as `adapt` does, and give the same run to all that ask for it: none of them changes its folder."""
    made = {}

    def adapt(**settings):
        key = repr(sorted(settings.items()))
        if key not in made:
            made[key] = adapted(tiny("bert"), tmp_path_factory.mktemp("once") / "run", **settings)
        return made[key]

    return adapt


@pytest.mark.parametrize(
    ("strategy", "options"),
    [
        ("coral", {"means": True}),
        pytest.param("coral", {"underneath": "frozen"}, marks=pytest.mark.slow),
        ("dann", {"underneath": "lora", "validator": "circular"}),
        ("adamatch", {"threshold": 0.5}),
        ("mcc", {"underneath": "frozen"}),
    ],
)
def test_it_trains_is_saved_and_predicts(strategy, options, once) -> None:
    result, folder = once(strategy=strategy, set=options)
    assert (result.status, result.strategy) == ("completed", f"modaxfer/{strategy}")
    assert (result.task, result.source_task) == (TARGET, SOURCE)
    told = result.data["adaptation"]
    assert (told["hidden"], told["validated_on"], told["bound"]) == (True, "source", "")
    assert told["source"]["rows"] == {"train": 24, "validation": 6}
    assert result.baselines["simple"]["name"].endswith(f", trained on {SOURCE}")
    own = "validators.circular:Circular" if "validator" in options else "validators.score:Score"
    assert told["validators"] == [f"modaxfer.{own}"]
    assert result.estimates["validators"].keys() <= {entry.name for entry in registry().all("validator")}
    assert {"score", "im", "circular"} <= result.estimates["validators"].keys()
    if "validator" in options:
        assert result.estimates["validators"]["circular"] == result.training["phases"][-1]["best_score"]
    assert result.estimates["accuracy"]["measured"] == result.metrics["test"]["accuracy"]
    assert not [warning for warning in result.warnings if "left out" in warning]
    assert evaluate(folder)["metrics"] == pytest.approx(Result.load(folder).metrics["test"], abs=1e-6, nan_ok=True)
    (row,) = modaxfer.load(folder).predict([{"text": "A fine film."}], quiet=True)
    assert row["prediction"] in ("negative", "positive")
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    terms = next(line["terms"] for line in lines if "terms" in line)
    own = {
        "coral": ["coral"],
        "dann": ["domain.source", "domain.target"],
        "adamatch": ["adamatch", "adamatch.above"],
        "mcc": ["mcc"],
    }[strategy]
    assert {"supervised", *own} <= set(terms)
    if strategy == "dann":
        assert {0 <= terms[f"{name}.accuracy"] <= 1 for name in own} == {True}


def test_labels_of_the_target_play_no_part_and_the_test_s_are_read_once(adapt, monkeypatch) -> None:
    """The same predictions come out of labels that are all turned round, wherever they could be seen."""
    opened, unseal, hidden = [], Sealed.unseal, TaskData.hidden
    monkeypatch.setattr(Sealed, "unseal", lambda self: opened.append(len(self)) or unseal(self))
    _, first = adapt("first", strategy="dann")
    assert sorted(opened) == [6, 6, 24]

    def turned(data, but=()):
        assert but == ()
        made = {split: Sealed(Answers(targets=1 - own)) for split, own in data.targets.items()}
        return replace(hidden(data), sealed={**hidden(data).sealed, **made})

    monkeypatch.setattr(TaskData, "hidden", turned)
    _, second = adapt("second", strategy="dann")
    one, other = (modaxfer.load(folder).predictions for folder in (first, second))
    np.testing.assert_array_equal(one["score:positive"], other["score:positive"])
    train, turned_round = (Result.load(folder).metrics["train"]["accuracy"] for folder in (first, second))
    assert turned_round == pytest.approx(1 - train)


def test_a_plain_run_reads_its_test_targets_once_and_is_one_model_as_both_tasks_go_through(
    adapt, once, monkeypatch
) -> None:
    both, _ = once(strategy="coral", set={"means": True})
    opened, unseal = [], Sealed.unseal
    monkeypatch.setattr(Sealed, "unseal", lambda self: opened.append(len(self)) or unseal(self))
    alone, _ = adapt(strategy="full", source_task=None, set={"rates": "0.5,1"})
    assert opened == [6]
    assert both.parameters == alone.parameters


def test_a_killed_run_ends_as_an_unbroken_one(adapt, monkeypatch) -> None:
    strategy, often = "dann", {"train.checkpoint_minutes": 1e-9}
    whole, _ = adapt("whole", strategy=strategy, set=often)
    real, calls = loop._GradientPhase._record, []

    def dying(phase, *arguments):
        calls.append(phase)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(phase, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_record", dying)
        with pytest.raises(KeyboardInterrupt):
            adapt("broken", strategy=strategy, set=often)
    resumed, _ = adapt("broken", strategy=strategy, set=often, resume=True)
    assert resumed.metrics == whole.metrics
    # Every loss is where it would be, so the discriminator and its moments were kept.
    one, two = (result.training["phases"][0]["terms"] for result in (whole, resumed))
    assert len(one) > 1
    assert two == one


def test_the_bounds_of_a_run_are_runs(adapt) -> None:
    lower, _ = adapt("lower", strategy="coral", bound="source-only", set={"weight": 5.0})
    same, _ = adapt("same", strategy="coral", set={"weight": 0.0})
    assert lower.metrics == same.metrics
    upper, _ = adapt("upper", strategy="coral", bound="oracle")
    assert upper.source_task is None
    assert upper.training["phases"][0]["steps"] == lower.training["phases"][0]["steps"]
    assert lower.estimates["validators"] == same.estimates["validators"]
    assert upper.estimates == {}
    told = [each.data["adaptation"] for each in (lower, upper)]
    assert [(each["bound"], each["hidden"]) for each in told] == [("source-only", True), ("oracle", False)]


def test_validation_labels_of_the_target_choose_where_that_is_asked_for_and_it_is_said(adapt) -> None:
    result, _ = adapt(strategy="coral", set={"validate_on": "target"})
    (line,) = [line for line in result.warnings if line.startswith("epochs are chosen by labels of")]
    assert line == f"epochs are chosen by labels of {TARGET}'s validation rows: this run is not without its labels"


def test_an_epoch_is_chosen_without_any_label_and_it_is_said(adapt) -> None:
    result, _ = adapt(strategy="coral", set={"underneath": "frozen", "validator": "im"})
    told, (phase,) = result.data["adaptation"], result.training["phases"]
    assert (told["validated_on"], told["validators"]) == ("no labels", [phase["validator"]])
    assert phase["best_score"] == pytest.approx(result.estimates["validators"]["im"], abs=1e-6)
