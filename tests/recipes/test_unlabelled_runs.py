"""Rows without labels, end to end on tiny weights: learned from, counted, and measured against none."""

from __future__ import annotations

import json

import pytest

import modaxfer
from modaxfer.api import make_config
from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.result import Result
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.request import read_request
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.run import run
from modaxfer.runner.training import loop

pytestmark = pytest.mark.recipe

QUICK = {"epochs": 1, "batch_size": 8, "precision": "fp32", "device": "cpu"}


@pytest.fixture(scope="module")
def rows(own_rows, tmp_path_factory):
    """A task of a user's own, and a file of texts without labels, one of which stands in the task too."""
    path = tmp_path_factory.mktemp("more") / "more.csv"
    own = own_rows("text")
    texts = [f"a quiet row of number {place}" for place in range(40)]
    path.write_text("\n".join(["text", *texts, texts[0]]) + "\n")
    return {**own, "unlabelled": str(path)}


@pytest.fixture(scope="module")
def trained(tiny, rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unlabelled") / "run"
    settings = {"encoder": str(tiny("bert")), "strategy": "adamatch", "baseline": "labelled", "quiet": True, **QUICK}
    return modaxfer.train(output=str(folder), **settings, **rows)


def test_they_are_counted_and_said(trained, rows):
    data = trained.result.data
    assert data["rows"]["unlabelled"] == 40
    assert data["unlabelled"]["source"] == f"file {rows['unlabelled']}"
    assert data["unlabelled"]["dropped"] == {"duplicate": 1}
    card = (trained.folder / "README.md").read_text()
    assert f"file {rows['unlabelled']}".rpartition("/")[2] in card.replace("\\", "")
    assert trained.evaluate()["metrics"] == pytest.approx(trained.result.metrics["test"], abs=1e-6)


def test_both_views_are_learned_from_and_the_share_above_the_threshold_is_logged(trained):
    (phase,) = trained.result.training["phases"]
    # The stream with most rows makes an epoch: 40 rows by 8.
    assert phase["steps"] == 5
    assert {"supervised", "adamatch", "adamatch.above", "adamatch.threshold"} == {*phase["terms"]}
    assert 0 <= phase["terms"]["adamatch.above"] <= 1
    assert phase["augment"] == ["drop-words=0.2", "swap-words=0.1"]


def test_what_they_bought_is_measured_against_the_same_run_without_them(trained):
    without = Result.load(trained.folder / "labelled/0")
    (phase,) = without.training["phases"]
    assert (phase["steps"], {*phase["terms"]}) == (5, {"supervised"})
    gain = trained.result.transfer_gain["unlabelled"][trained.result.primary]
    test = trained.result.metrics["test"], without.metrics["test"]
    assert gain["gain"] == pytest.approx(test[0][trained.result.primary] - test[1][trained.result.primary])
    low, high = gain["interval"]
    assert low <= gain["gain"] <= high
    assert trained.result.baselines["labelled"]["run"] == "labelled/0"


@pytest.mark.slow
def test_a_killed_run_ends_as_an_unbroken_one(tiny, rows, tmp_path, monkeypatch):
    """With the moving means of class shares, which are buffers of the loss."""

    def train(name, **how):
        settings = {"encoder": str(tiny("bert")), "strategy": "adamatch", **QUICK, **rows}
        config = make_config(output=tmp_path / name, set={"train.checkpoint_minutes": 1e-9}, **settings)
        return run(config, progress=Progress(enabled=False), **how)[0]

    whole = train("whole")
    real, calls = loop._GradientPhase._record, []

    def dying(phase, *arguments):
        calls.append(phase)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(phase, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_record", dying)
        with pytest.raises(KeyboardInterrupt):
            train("broken")
    resumed = train("broken", resume=True)
    assert resumed.metrics == whole.metrics
    assert resumed.training["phases"][0]["terms"] == whole.training["phases"][0]["terms"]
    assert json.dumps(resumed.data) == json.dumps(whole.data)


def asked(tiny, rows, **changes) -> RunConfig:
    return make_config(**{"encoder": str(tiny("bert")), "device": "cpu", **rows, **changes})


def test_strategies_that_have_no_use_for_them_refuse_them(tiny, rows):
    with pytest.raises(RefusedError, match=r"strategy full learns from labelled rows alone.* Allowed: adamatch, mcc"):
        read_request(asked(tiny, rows, strategy="full"))
    bare = {**rows, "unlabelled": None}
    with pytest.raises(RefusedError, match=r"name one with --source-task .* or rows without labels with --unlabelled"):
        read_request(asked(tiny, bare, strategy="adamatch"))
    with pytest.raises(ConfigError, match=r"--baseline labelled says what rows without labels are worth"):
        read_request(asked(tiny, bare, strategy="full", baseline="labelled"))
    with pytest.raises(ConfigError, match=r"strategy.validate_on would do nothing with labels of the task itself"):
        resolve_tasks(asked(tiny, rows, strategy="mcc", set={"validate_on": "target"}))


def test_a_task_without_one_class_per_row_is_refused(tiny, own_rows, rows):
    numbers = {**own_rows("regression"), "unlabelled": rows["unlabelled"]}
    with pytest.raises(RefusedError, match=r"strategy adamatch is about the classes .* Got: a regression target"):
        resolve_tasks(asked(tiny, numbers, strategy="adamatch"))


def test_beside_a_source_they_are_further_rows_of_the_target(tiny, rows, monkeypatch):
    monkeypatch.delenv("MODAXFER_DATA", raising=False)
    both = {"task": "reviews/sst2", "source_task": "reviews/rt-polarity", "unlabelled": rows["unlabelled"]}
    (task,) = resolve_tasks(asked(tiny, both, strategy="mcc", limit=24, batch_size=8))
    (phase,) = task.plan.phases
    assert [*phase.streams] == ["source", "target", "unlabelled"]
    assert task.hidden
    (task,) = resolve_tasks(asked(tiny, both, strategy="mcc", limit=24, batch_size=8, bound="labelled"))
    (left,) = task.plan.phases
    assert [*left.streams] == ["source", "target"]
    assert [term.streams for term in left.losses] == [("source",), ("source", "target")]
    assert left.epochs == phase.epochs
