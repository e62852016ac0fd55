"""Every strategy on every problem type, end to end on tiny random weights, and what all runs have in common."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import modaxfer
from modaxfer.config import RunConfig
from modaxfer.plan import AdapterSpec
from modaxfer.result import Result
from modaxfer.strategies import lora

pytestmark = pytest.mark.recipe

QUICK = {"epochs": 2, "batch_size": 8, "precision": "fp32", "device": "cpu", "quiet": True}
SOLVED = {key: value for key, value in QUICK.items() if key not in ("epochs", "batch_size")}
"""For strategy frozen, which takes no steps."""
CELLS = [
    # Each problem, and each strategy; other encoders and kinds of input are those of test_matrix.py.
    ("bert", "full", "regression"),
    ("bert", "frozen", "regression"),
    ("bert", "lora", "multilabel"),
    ("dinov2", "lora", "image"),
    *(
        pytest.param(*cell, marks=pytest.mark.slow)
        for cell in (
            ("bert", "lora", "regression"),
            ("bert", "full", "multilabel"),
            ("bert", "frozen", "multilabel"),
            ("dinov2", "full", "image"),
            ("vit", "lora", "text"),
        )
    ),
]


def quick(strategy):
    return SOLVED if strategy == "frozen" else QUICK


@pytest.mark.parametrize(("encoder", "strategy", "kind"), CELLS)
def test_a_cell_trains_to_a_scored_result(encoder, strategy, kind, tiny, own_rows, tmp_path):
    run = modaxfer.train(
        encoder=str(tiny(encoder)), strategy=strategy, output=str(tmp_path / "run"), **quick(strategy), **own_rows(kind)
    )
    result = run.result
    assert result.status == "completed"
    assert set(result.metrics) == {"train", "validation", "test", "primary"}
    assert result.metrics["test"].keys() == result.intervals.keys()
    low, high = result.intervals[result.primary]
    assert low <= result.metrics["test"][result.primary] <= high
    assert {"chance", "majority", "simple"} <= set(result.baselines)
    assert 0 < result.parameters["trainable"] <= result.parameters["total"]
    assert result.metrics["test"] == pytest.approx(run.evaluate()["metrics"], abs=1e-6)
    files = {path.name for path in run.folder.iterdir()}
    assert {"config.yaml", "result.json", "predictions.parquet", "log.jsonl", "model", "report.html"} <= files | {
        "log.jsonl" if strategy == "frozen" else ""
    }
    assert not (run.folder / ".checkpoint").exists()


@pytest.mark.parametrize(
    "method", [*(pytest.param(each, marks=pytest.mark.slow) for each in ("ia3", "oft", "lokr")), "ln_tuning"]
)
def test_any_adapter_of_peft_trains_is_saved_and_predicts(method, tiny, own_rows, tmp_path, monkeypatch):
    adapter = AdapterSpec(method=method, targets=() if method == "ln_tuning" else ("query", "value"))
    monkeypatch.setattr(lora, "_adapter", lambda options, context: adapter)
    run = modaxfer.train(
        encoder=str(tiny("bert")), strategy="lora", output=str(tmp_path / "run"), **QUICK, **own_rows("text")
    )
    parameters, head = run.result.parameters, 32 * 2 + 2
    assert head < parameters["trainable"] < parameters["total"] / 4
    assert run.result.metrics["test"] == pytest.approx(run.evaluate()["metrics"], abs=1e-6)


def test_learnable_rows_are_learned(tiny, own_rows, tmp_path):
    settings = {**QUICK, "epochs": 12, **own_rows("text")}
    run = modaxfer.train(
        encoder=str(tiny("bert")), strategy="full", learning_rate=3e-3, output=str(tmp_path / "run"), **settings
    )
    assert run.result.metrics["test"]["accuracy"] > 0.8


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["full", "frozen"])
def test_the_same_run_twice_gives_the_same_metrics(strategy, tiny, own_rows, tmp_path):
    first, second = (
        modaxfer.train(
            encoder=str(tiny("bert")),
            strategy=strategy,
            output=str(tmp_path / name),
            **quick(strategy),
            **own_rows("pair"),
        ).result
        for name in ("first", "second")
    )
    assert first.metrics == second.metrics
    assert first.data["fingerprint"] == second.data["fingerprint"]


def test_a_stored_config_repeats_the_run(tiny, own_rows, tmp_path):
    first = modaxfer.train(
        encoder=str(tiny("bert")),
        strategy="lora",
        output=str(tmp_path / "first"),
        set={"rank": 4, "class_weight": "balanced"},
        **QUICK,
        **own_rows("pair"),
    )
    again = modaxfer.train(first.folder / "config.yaml", output=str(tmp_path / "again"), quiet=True)
    assert again.result.metrics == first.result.metrics
    assert again.result.data["fingerprint"] == first.result.data["fingerprint"]
    assert RunConfig(**{**vars(_config(again)), "output": None}) == RunConfig(
        **{**vars(_config(first)), "output": None}
    )


def test_cached_and_uncached_training_agree(tiny, own_rows, tmp_path):
    results = [
        modaxfer.train(
            encoder=str(tiny("bert")),
            strategy="full",
            output=str(tmp_path / f"run-{cache}"),
            set={"from_layer": 2, "cache": cache},
            **QUICK,
            **own_rows("text"),
        ).result
        for cache in (True, False)
    ]
    cached, uncached = results
    assert cached.training["phases"][0]["frozen_layers"] == 2
    assert uncached.training["phases"][0]["frozen_layers"] == 0
    assert cached.metrics["test"] == pytest.approx(uncached.metrics["test"], abs=1e-4)


def test_a_standalone_run_predicts_without_its_base(tiny, own_rows, tmp_path):
    import shutil

    base = tmp_path / "base"
    shutil.copytree(tiny("bert"), base)
    run = modaxfer.train(
        encoder=str(base), strategy="lora", output=str(tmp_path / "run"), standalone=True, **QUICK, **own_rows("text")
    )
    before = modaxfer.predict(run.folder, {"text": "the court held that right"})
    shutil.rmtree(base)
    assert modaxfer.predict(run.folder, {"text": "the court held that right"}) == before


def test_a_changed_base_checkpoint_is_refused(tiny, own_rows, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    from modaxfer.testing.material import tiny_models

    base = tmp_path / "base"
    tiny_models.save("bert", base)
    run = modaxfer.train(encoder=str(base), strategy="lora", output=str(tmp_path / "run"), **QUICK, **own_rows("text"))
    weights = load_file(base / "model.safetensors")
    shutil.copy(base / "model.safetensors", tmp_path / "kept")
    save_file({name: tensor + 1 for name, tensor in weights.items()}, base / "model.safetensors", {"format": "pt"})
    with pytest.raises(modaxfer.ModaxferError, match="is not the one that the run was trained from"):
        modaxfer.predict(run.folder, {"text": "right"})


def noise(path, seed):
    """Write 200 texts whose labels mean nothing."""
    rng = np.random.default_rng(seed)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for row in range(200):
            words = rng.choice(["right", "wrong", "held", "court"], size=4)
            letters = [chr(97 + row // 26), chr(97 + row % 26)]
            writer.writerow([" ".join([*words, *letters]), "yes" if rng.random() < 0.5 else "no"])
    return {"data": str(path), "text": "text"}


def test_shuffled_labels_stay_at_chance(tiny, tmp_path):
    settings = {**noise(tmp_path / "noise.csv", seed=1), **quick("full"), "output": str(tmp_path / "run")}
    result = modaxfer.train(encoder=str(tiny("bert")), strategy="full", **settings).result
    low, high = result.intervals["accuracy"]
    assert low < 0.5 < high


@pytest.mark.slow
def test_shuffled_labels_stay_at_chance_over_many_draws_of_a_search_for_a_head(tiny, tmp_path):
    found = []
    for seed in range(10):
        settings = {**noise(tmp_path / f"{seed}.csv", seed), **quick("frozen"), "output": str(tmp_path / str(seed))}
        result = modaxfer.train(encoder=str(tiny("bert")), strategy="frozen", **settings).result
        found += [result.metrics["test"]["accuracy"]] * result.data["rows"]["test"]
    # Three standard errors of that many tosses of a coin: one test set in twenty lies outside its own interval.
    assert abs(np.mean(found) - 0.5) < 3 * 0.5 / np.sqrt(len(found))


def test_result_json_has_the_keys_of_the_contract(finished):
    folder = finished("bert", "text")
    stored = json.loads((folder / "result.json").read_text())
    keys = (
        "schema status encoder bridge strategy task source_task metrics intervals baselines transfer_gain parameters "
        "time_s examples_per_s peak_memory_mb data precision device num_processes seed plugins versions warnings"
    )
    assert set(keys.split()) <= set(stored)
    assert stored["schema"] == 1
    assert set(stored["encoder"]) == {"id", "checkpoint", "revision", "sha256"}
    assert set(stored["time_s"]) == {"load", "prepare", "features", "train", "evaluate", "total"}
    assert {"fingerprint", "rows", "dropped", "source"} <= set(stored["data"])
    assert Result.load(folder).metrics == stored["metrics"]


def _config(run):
    from modaxfer.api import make_config

    return make_config(run.folder / "config.yaml")
