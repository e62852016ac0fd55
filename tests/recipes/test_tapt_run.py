"""Runs that go on pretraining first, end to end on tiny weights: killed and resumed, with labels of a source."""

from __future__ import annotations

import json

import pytest

import modaxfer
from modaxfer.errors import RefusedError
from modaxfer.result import Result
from modaxfer.runner.training import loop

pytestmark = pytest.mark.recipe

QUICK = {"strategy": "tapt", "batch_size": 8, "epochs": 1, "precision": "fp32", "device": "cpu", "quiet": True}


@pytest.fixture(autouse=True)
def made_up_rows(monkeypatch):
    """Take the samples, whatever data this machine has."""
    monkeypatch.delenv("MODAXFER_DATA", raising=False)


def test_a_run_killed_among_hidden_tokens_ends_as_an_unbroken_one(tiny, own_rows, tmp_path, monkeypatch):
    asked = {"encoder": str(tiny("bert")), **QUICK, **own_rows("text"), "set": {"masked_epochs": 3.0}}
    whole = modaxfer.train(output=str(tmp_path / "whole"), **asked)
    masked, labelled = whole.result.training["phases"]
    assert (masked["name"], masked["best_epoch"]) == ("masked", 3)
    assert set(masked["terms"]) == {"masked", "masked.guessed"}
    assert set(labelled["terms"]) == {"supervised"}
    judge, calls = loop._GradientPhase._judge, []

    def dying(phase, found):
        calls.append(phase)
        if len(calls) == 2:
            raise KeyboardInterrupt
        judge(phase, found)

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_judge", dying)
        with pytest.raises(KeyboardInterrupt):
            modaxfer.train(output=str(tmp_path / "broken"), **asked)
    resumed = modaxfer.train(output=str(tmp_path / "broken"), resume=True, quiet=True)
    assert resumed.result.metrics == whole.result.metrics
    assert [phase["terms"] for phase in resumed.result.training["phases"]] == [masked["terms"], labelled["terms"]]


def test_source_labels_and_hidden_inputs_are_weighed_as_their_rows_are(tiny, tmp_path):
    asked = {"encoder": str(tiny("bert")), **QUICK, "task": "sst2", "source_task": "rt-polarity", "limit": 24}
    run = modaxfer.train(output=str(tmp_path / "run"), set={"masked_epochs": 1.0, "underneath": "lora"}, **asked)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    (first,) = [line for line in lines if line.get("phase") == "train" and line.get("step") == 1]
    terms = first["terms"]
    assert first["loss"] == pytest.approx(0.5 * terms["supervised"] + 0.5 * terms["masked"], rel=1e-4)
    assert run.result.data["adaptation"]["hidden"]
    lower = Result.load(tmp_path / "run" / "bounds" / "source-only")
    assert [set(phase["terms"]) for phase in lower.training["phases"]] == [{"supervised"}]


@pytest.mark.parametrize(
    ("encoder", "kind", "message"),
    [
        ("whisper", "audio", r"masked units need an encoder.*Got: WhisperEncoder"),
        ("cnn", "image", r"masked autoencoder needs a vision transformer"),
        ("table", "table", r"nothing to hide and guess"),
    ],
)
def test_what_has_no_masked_objective_is_refused_before_weights(encoder, kind, message, tiny, own_rows, no_weights):
    with pytest.raises(RefusedError, match=message):
        modaxfer.train(encoder=str(tiny(encoder)) if encoder == "whisper" else encoder, **QUICK, **own_rows(kind))
