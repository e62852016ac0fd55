"""Ends in weight space as options of full and lora: scored, saved, resumed, and true to their endpoints."""

from __future__ import annotations

import json

import pytest

import modaxfer
from modaxfer.errors import ConfigError
from modaxfer.runner.training import after as ends
from modaxfer.runner.training import loop

pytestmark = pytest.mark.recipe

QUICK = {"epochs": 3, "batch_size": 8, "learning_rate": 3e-3, "precision": "fp32", "device": "cpu", "quiet": True}


def trained(tiny, own_rows, folder, strategy="full", **options):
    rows = own_rows("text")
    return modaxfer.train(
        encoder=str(tiny("bert")), strategy=strategy, output=str(folder), set=options, **QUICK, **rows
    )


@pytest.fixture(scope="module")
def unbroken(tiny, own_rows, tmp_path_factory):
    """Return a function from strategy and options to such a run, made once and left as it is."""
    made = {}

    def run(strategy, **options):
        key = repr((strategy, options))
        if key not in made:
            made[key] = trained(tiny, own_rows, tmp_path_factory.mktemp("unbroken") / "run", strategy, **options)
        return made[key]

    return run


@pytest.mark.parametrize(
    ("strategy", "options"),
    [
        ("full", {"soup": 3, "wise_ft": True}),
        pytest.param("full", {"wise_ft": True, "head_first": True}, marks=pytest.mark.slow),
        pytest.param("lora", {"soup": 2}, marks=pytest.mark.slow),
        ("lora", {"wise_ft": True, "head_first": True, "head_by": "closed-form", "gradual": 0.5}),
    ],
)
def test_an_end_is_told_and_the_saved_model_is_the_one_that_was_scored(strategy, options, unbroken):
    run = unbroken(strategy, **options)
    told = run.result.training["after"]
    assert [end["name"] for end in told] == [name for name in ("soup", "wise-ft") if name.replace("-", "_") in options]
    assert all(end["validation"] >= end["before"] for end in told)
    assert told[-1]["validation"] == pytest.approx(run.result.metrics["validation"][run.result.primary], abs=1e-6)
    assert run.result.metrics["test"] == pytest.approx(run.evaluate()["metrics"], abs=1e-6)
    json.loads((run.folder / "result.json").read_text(), parse_constant=lambda name: pytest.fail(name))


def test_the_whole_share_is_the_trained_model_and_none_of_it_the_model_before(tiny, own_rows, tmp_path):
    plain = trained(tiny, own_rows, tmp_path / "plain", "lora").result
    whole = trained(tiny, own_rows, tmp_path / "whole", "lora", wise_ft=True, wise_share=1.0).result
    assert whole.metrics == plain.metrics
    modaxfer_none = trained(tiny, own_rows, tmp_path / "none", "lora", wise_ft=True, wise_share=0.0)
    # The second factor of every update is zero again, and the trained head reads what the plain encoder says.
    from safetensors.torch import load_file

    adapter = load_file(modaxfer_none.folder / "model/towers/0/adapter.safetensors")
    factors = {name: bool(tensor.any()) for name, tensor in adapter.items()}
    assert {any_left for name, any_left in factors.items() if "lora_B" in name} == {False}
    assert {any_left for name, any_left in factors.items() if "lora_A" in name} == {True}


@pytest.mark.parametrize(
    "options",
    [{"soup": 3, "wise_ft": True}, pytest.param({"wise_ft": True, "head_first": True}, marks=pytest.mark.slow)],
)
def test_a_killed_run_ends_as_an_unbroken_one(options, unbroken, tiny, own_rows, tmp_path, monkeypatch):
    whole = unbroken("full", **options).result
    judge, calls = loop._GradientPhase._judge, []

    def dying(phase, found):
        calls.append(phase)
        if len(calls) == (2 if "soup" in options else 3):
            raise KeyboardInterrupt
        judge(phase, found)

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_judge", dying)
        with pytest.raises(KeyboardInterrupt):
            trained(tiny, own_rows, tmp_path / "broken", **options)
    # Once more, when all epochs are done and the ends are being judged.
    with monkeypatch.context() as patch:
        patch.setattr(ends, "_put", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            modaxfer.train(output=str(tmp_path / "broken"), resume=True, quiet=True)
    resumed = modaxfer.train(output=str(tmp_path / "broken"), resume=True, quiet=True).result
    assert resumed.training["after"] == whole.training["after"]
    assert resumed.metrics == whole.metrics


@pytest.mark.parametrize(
    ("options", "message"),
    [({"soup": 1}, "a soup of one epoch is that epoch"), ({"wise_share": 0.5}, "would do nothing without wise_ft")],
)
def test_what_says_nothing_is_refused(options, message, tiny, own_rows, tmp_path):
    with pytest.raises(ConfigError, match=message):
        trained(tiny, own_rows, tmp_path / "run", **options)
