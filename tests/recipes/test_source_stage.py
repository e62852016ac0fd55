"""A source task learned first, end to end on tiny weights: kept, found, resumed, linked, and said what it was worth."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file

import modaxfer
from modaxfer.config import RunConfig
from modaxfer.reports import write_reports
from modaxfer.result import Result
from modaxfer.runner.predict.evaluate import load_rows
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.training import loop

pytestmark = pytest.mark.recipe

TWICE = {"source.epochs": 2}
QUICK = {"epochs": 1, "batch_size": 8, "limit": 24, "precision": "fp32", "device": "cpu", "quiet": True, "set": TWICE}
SOURCE, TARGET = "reviews/rt-polarity", "reviews/sst2"


@pytest.fixture(scope="module", autouse=True)
def made_up_rows(tmp_path_factory):
    """Take the samples, whatever data this machine has, and a cache of our own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MODAXFER_DATA", raising=False)
        patch.setenv("MODAXFER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def train(tiny):
    def train(folder, **changes):
        values = {"encoder": str(tiny("bert")), "strategy": "lora", "source_task": SOURCE, "task": TARGET, **QUICK}
        return modaxfer.train(output=str(folder), **values | changes)

    return train


@pytest.fixture(scope="module")
def run(train, tmp_path_factory):
    """A run with a source stage, and its pages."""
    made = train(tmp_path_factory.mktemp("staged") / "run")
    write_reports(made.result, made.folder)
    return made


def kept():
    return sorted((Path(os.environ["MODAXFER_CACHE"]) / "runs").iterdir())


def test_the_task_starts_from_what_the_source_stage_trained(run):
    result, stage = run.result, Result.load(run.folder / "before" / "source")
    assert result.encoder["checkpoint"] == str((run.folder / "before" / "source").resolve())
    assert (result.encoder["from"]["task"], result.encoder["from"]["strategy"]) == (SOURCE, "modaxfer/lora")
    assert result.encoder["from"]["sha256"] == stage.encoder["sha256"] != result.encoder["sha256"]
    (told,) = result.before
    assert (told["run"], told["task"], told["test"]) == ("before/source", SOURCE, stage.metrics["test"][stage.primary])
    assert (result.source_task, list(result.companions)) == (SOURCE, ["without-source"])


def test_the_gain_is_that_over_the_same_run_without_its_source(run):
    without = Result.load(run.folder / "without-source" / "0")
    assert (without.source_task, list(without.before), "from" in without.encoder) == (None, [], False)
    gain = run.result.transfer_gain["source"][run.result.primary]
    assert gain["with"] == run.result.metrics["test"][run.result.primary]
    assert gain["without"] == without.metrics["test"][run.result.primary]
    for name in ("report.html", "README.md"):
        assert "the source stage" in (run.folder / name).read_text(encoding="utf-8").lower()


def test_the_source_s_own_model_is_scored_on_the_task_s_test_rows(run):
    _, data = load_rows(run.folder, partial=False)
    answers = data.sealed["test"].unseal().targets.tolist()
    rows = [
        {"text": row["text"], "label": data.classes[answer]}
        for row, answer in zip(data.splits["test"].to_list(), answers, strict=True)
    ]
    expected = modaxfer.load(run.folder / "before" / "source").evaluate(rows, label="label", quiet=True)["metrics"]
    told = run.result.baselines["source_only"]
    assert {name: told[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    low, high = told["difference"][run.result.primary]
    assert low <= run.result.metrics["test"][run.result.primary] - told[run.result.primary] <= high


def test_the_source_s_head_is_taken_along_and_left_out_of_what_is_saved(run, train, tmp_path):
    """The stage is the one that was kept: its own head is no option of its own."""
    before = kept()
    tuned = train(tmp_path / "tuned", set=TWICE | {"co_tuning": 2.3})
    assert kept() == before
    (phase,) = tuned.result.training["phases"]
    assert set(phase["terms"]) == {"supervised", "co-tuning"}
    assert phase["terms"]["co-tuning"] > 0
    assert phase["trainable"] > run.result.training["phases"][0]["trainable"]
    assert set(load_file(tuned.folder / "model" / "head.safetensors")) == {"linear.weight", "linear.bias"}
    without = (tuned.folder / "without-source" / "0" / "config.yaml").read_text(encoding="utf-8")
    assert "strategy.co_tuning: 0.0" in without
    stage = run.folder / "before" / "source"
    (task,) = resolve_tasks(RunConfig(encoder=(str(stage),), strategy="full", task=(TARGET,), set={"co_tuning": 1.0}))
    assert task.source_head.folder == stage.resolve() / "model"


def test_another_run_finds_the_stage_and_keeps_it_when_the_store_and_the_first_run_are_gone(run, train, tmp_path):
    before = kept()
    second = train(tmp_path / "second", shots=4)
    assert kept() == before
    model = Path("before") / "source" / "model" / "model.json"
    assert (second.folder / model).read_bytes() == (run.folder / model).read_bytes()
    expected = second.predict(["A fine film."])
    moved = tmp_path / "moved" / "elsewhere"
    shutil.copytree(second.folder, moved)
    for folder in (second.folder, *before):
        shutil.rmtree(folder)
    assert modaxfer.load(moved).predict(["A fine film."]) == expected
    third = train(
        tmp_path / "third", encoder=str(moved), strategy="frozen", source_task=(), epochs=None, batch_size=None, set={}
    )
    assert third.result.encoder["from"]["from"]["task"] == SOURCE


@pytest.mark.parametrize(
    "sources", [(SOURCE,), pytest.param((SOURCE, "reviews/customer-reviews"), marks=pytest.mark.slow)]
)
def test_a_run_killed_in_its_last_stage_goes_on_with_it(sources, run, train, tmp_path, monkeypatch):
    wanted = {"source_task": sources}
    with monkeypatch.context() as patch:
        patch.setenv("MODAXFER_CACHE", str(tmp_path / "cache of the whole"))
        whole = run if len(sources) == 1 else train(tmp_path / "whole", **wanted)
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "cache"))
    assert [told["task"] for told in whole.result.before] == list(sources)
    assert whole.result.before[0]["run"] == "/".join(["before/source"] * len(sources))
    chain = whole.result.encoder
    for source in reversed(sources):
        chain = chain["from"]
        assert chain["task"] == source
    judge, calls = loop._GradientPhase._judge, []

    def dying(phase, found):
        calls.append(phase)
        if len(calls) == 2 * len(sources):
            raise KeyboardInterrupt
        judge(phase, found)

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_judge", dying)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "killed", **wanted)
    assert sorted(path.name.startswith(".") for path in kept()) == [False] * (len(sources) - 1) + [True]
    monkeypatch.setattr(loop._GradientPhase, "_judge", lambda *given: (calls.append(given), judge(*given))[1])
    resumed = modaxfer.train(output=str(tmp_path / "killed"), resume=True, quiet=True).result
    # Two epochs of each stage, the run and the one without its source; the epoch that was killed is judged again.
    assert len(calls) == 2 * len(sources) + 1 + 1 + 1
    for key in ("metrics", "transfer_gain", "baselines"):
        assert getattr(resumed, key) == getattr(whole.result, key), key


def test_mixed_sources_share_the_encoder_and_random_weights_have_a_stage_too(train, tmp_path):
    wanted = {"source_task": (SOURCE, "reviews/customer-reviews"), "set": {"source.mixed": True, "train.cache": False}}
    result = train(tmp_path / "mixed", weights="random", strategy="full", **wanted).result
    (told,) = result.before
    assert told["strategy"] == "modaxfer/multitask"
    assert told["task"] == " + ".join(wanted["source_task"])
    stage = Result.load(tmp_path / "mixed" / "before" / "source")
    assert (stage.encoder["sha256"], stage.encoder.get("from")) == (None, None)
    assert result.encoder["from"]["run"].endswith("before/source")
    without = Result.load(tmp_path / "mixed" / "without-source" / "0")
    assert without.encoder["sha256"] is None
    assert modaxfer.train(output=str(tmp_path / "mixed"), resume=True, quiet=True).result.to_dict() == result.to_dict()
