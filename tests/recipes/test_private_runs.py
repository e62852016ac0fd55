"""Private runs: what they say of what was spent, what they keep to themselves, and what is refused before weights."""

from __future__ import annotations

import json

import pytest
from safetensors.numpy import load_file

import modaxfer
from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, ModaxferError, RefusedError
from modaxfer.plan import Correction, Phase, Plan, Sampling, Stream
from modaxfer.privacy.accountant import spent
from modaxfer.registry import registry
from modaxfer.runner.kinds import asked_companions
from modaxfer.runner.request.private import _joined
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.request.stage import _without_rows
from modaxfer.runner.training import loop

pytestmark = pytest.mark.recipe

SETTINGS = {"strategy": "lora", "epochs": 2, "batch_size": 8, "device": "cpu", "precision": "fp32", "private": 3.0}


def train(tiny, own_rows, folder, **changes):
    encoder = str(tiny("bert"))
    return modaxfer.train(
        encoder=encoder, output=str(folder), quiet=True, **{**SETTINGS, **own_rows("text"), **changes}
    )


@pytest.fixture(scope="module")
def run(tiny, own_rows, tmp_path_factory):
    return train(tiny, own_rows, tmp_path_factory.mktemp("private") / "run", set={"repeatable": True, "patience": 0})


def test_it_says_what_was_spent_by_both_conversions(run) -> None:
    told = run.result.privacy
    steps = {"sampling_rate": told["sampling_rate"], "steps": told["steps"], "delta": told["delta"]}
    expected = spent(noise_multiplier=told["noise_multiplier"], **steps)
    assert told["epsilon"]["tight"] == pytest.approx(expected.tight, abs=1e-3)
    assert told["epsilon"]["classic"] == pytest.approx(expected.classic, abs=1e-3)
    assert told["epsilon"]["planned"]["tight"] <= told["epsilon"]["asked"] == 3.0
    assert (told["steps"], told["planned_steps"], told["clip_norm"]) == (8, 8, 1.0)
    assert (told["sampling_rate"], told["delta"]) == (8 / told["rows"], 0.1 / told["rows"])


def test_it_was_attacked_and_the_end_of_the_run_says_so(run) -> None:
    told = run.result.privacy["audit"]
    assert (told["members"], told["others"]) == (run.result.data["rows"]["train"], run.result.data["rows"]["test"])
    assert told["auc_interval"][0] <= told["auc"] <= told["auc_interval"][1]
    page = (run.folder / "README.md").read_text(encoding="utf-8")
    assert "membership audit" in page
    assert "privacy of a training row" in page


def test_nothing_is_said_of_training_rows_without_noise(run) -> None:
    result = run.result
    assert "train" not in result.metrics
    assert {*result.baselines} == {"chance"}
    assert result.training["phases"][0]["terms"] == {}
    lines = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    assert lines
    assert not any({"loss", "terms"} & {*line} for line in lines)
    ((name, digests),) = load_file(run.folder / "model" / "seen.safetensors").items()
    assert name.endswith("?")
    assert not len(digests)
    assert not (run.folder / ".checkpoint").exists()


def test_a_killed_run_ends_as_an_unbroken_one_and_its_steps_are_counted_on(
    run, tiny, own_rows, tmp_path, monkeypatch
) -> None:
    record, calls = loop._GradientPhase._record, []

    def killed(self, *arguments):
        record(self, *arguments)
        calls.append(1)
        if len(calls) == 6:
            self._save()
            raise KeyboardInterrupt

    options = {"repeatable": True, "patience": 0}
    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_record", killed)
        with pytest.raises(KeyboardInterrupt):
            train(tiny, own_rows, tmp_path / "run", set=options)
    again = train(tiny, own_rows, tmp_path / "run", set=options, resume=True)
    assert len(calls) == 6
    assert again.result.metrics == run.result.metrics
    assert again.result.privacy == run.result.privacy


def test_a_run_that_goes_on_with_the_same_rows_is_refused(run, tiny, own_rows, no_weights) -> None:
    rows = own_rows("text")
    asked = RunConfig(encoder=(str(run.folder),), **SETTINGS, **rows)
    with pytest.raises(RefusedError, match="has been trained on training rows that --private is to protect"):
        resolve_tasks(asked)


def resolved(tiny, own_rows, **changes):
    (task,) = resolve_tasks(RunConfig(encoder=(str(tiny("bert")),), **{**SETTINGS, **own_rows("text"), **changes}))
    return task


def test_of_a_frozen_body_the_head_is_trained_by_gradient(tiny, own_rows, no_weights) -> None:
    (phase,) = resolved(tiny, own_rows, strategy="frozen").plan.phases
    assert phase.solver is None
    assert phase.streams["train"].sampling is Sampling.POISSON


def test_companions_would_spend_again_and_a_source_is_public(tiny, own_rows, no_weights) -> None:
    task = resolved(tiny, own_rows)
    config = RunConfig(source_task=("rt-polarity",))
    assert asked_companions(task.plan, config) == ()
    assert asked_companions(Plan(phases=task.plan.phases), config) == ("without-source",)
    assert _without_rows()["private"] is None


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"seeds": 2}, RefusedError, "each run on the same rows spends ε = 3"),
        ({"folds": 3}, RefusedError, "--folds 3"),
        ({"shots": 2}, RefusedError, "--shots 2"),
        ({"baseline": ("scratch",)}, RefusedError, "--baseline scratch"),
        ({"teacher": "runs/x"}, RefusedError, "learned from rows without noise"),
        ({"num_processes": 2}, RefusedError, "--num-processes 2"),
        ({"precision": "fp16"}, RefusedError, "fp16, which scales gradients"),
        ({"unlabelled": "more.csv"}, ModaxferError, "more.csv"),
        ({"set": {"head_first": True, "head_by": "closed-form"}}, RefusedError, "a head in closed form"),
        ({"strategy": "full", "set": {"l2_sp": 0.1}}, RefusedError, "loss l2-sp"),
        ({"strategy": "full", "set": {"delta_weight": 0.1}}, RefusedError, "loss delta"),
        ({"set": {"clip_norm": 0}}, ConfigError, "the noise is in proportion to it"),
        ({"set": {"class_weight": "balanced"}}, ConfigError, "follow the number of rows in each class"),
        ({"set": {"rates": "0.3,1"}}, ConfigError, "each rate that is tried would spend ε again"),
        ({"set": {"delta": 0.1}}, ConfigError, "private to publish a training row"),
        ({"strategy": "frozen", "epochs": None, "set": {"head": "lda"}}, ConfigError, "head is trained by gradient"),
        ({"private": None, "set": {"delta": 1e-5}}, ConfigError, "there is no --private"),
    ],
)  # fmt: skip
def test_what_would_tell_of_rows_is_refused_before_weights(
    changes, error, message, tiny, own_rows, tmp_path, no_weights
) -> None:
    with pytest.raises(error, match=message):
        train(tiny, own_rows, tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()


def test_blended_pictures_are_refused(tiny, own_rows, tmp_path, no_weights) -> None:
    changes = {"encoder": str(tiny("vit")), "augment": ("mixup",), **own_rows("image")}
    with pytest.raises(RefusedError, match=r"mixup.*rows are blended"):
        resolve_tasks(RunConfig(**{**SETTINGS, **changes, "encoder": (str(tiny("vit")),)}))


def test_adaptation_is_refused(tiny, own_rows, no_weights) -> None:
    name = next(entry.name for entry in registry().all("strategy") if entry.spec.adapts)
    changes = {"strategy": name, "source_task": ("rt-polarity",)}
    with pytest.raises(RefusedError, match="adapts to rows without labels"):
        resolved(tiny, own_rows, **changes)


def test_a_correction_by_training_rows_is_named() -> None:
    plan = Plan(
        phases=(Phase(trainable=frozenset()),),
        correct=Correction(name="prior", target="x:y", streams={"train": Stream()}),
    )
    assert [*_joined(plan)] == ["correction prior on training rows"]
