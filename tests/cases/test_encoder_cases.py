"""What encoders and bridges cannot take whole, as people really have it: nothing is lost without a word."""

from __future__ import annotations

import csv
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import modaxfer
from modaxfer.errors import RefusedError
from modaxfer.runner.predict.predictor import Predictor
from modaxfer.runner.progress import Progress
from modaxfer.tasks.load import load_task

pytestmark = pytest.mark.recipe

QUICK = {"precision": "fp32", "device": "cpu", "quiet": True}
STEPS = {"epochs": 2, "batch_size": 8}


def table(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


@pytest.fixture(scope="module")
def long_texts(tmp_path_factory):
    """Texts of 33 words: two that tell them apart, thirty that say nothing, and the last one, which decides."""
    names = [f"{'abcdefgh'[row // 8]} {'abcdefgh'[row % 8]}" for row in range(48)]
    labels = random.Random(0).choices((0, 1), k=48)
    rows = [
        (f"{name} {'the court ' * 15}{('wrong', 'right')[label]}", label)
        for name, label in zip(names, labels, strict=True)
    ]
    path = table(tmp_path_factory.mktemp("long") / "d.csv", ("text", "label"), rows)
    return {"data": path, "text": "text", "label": "label"}


def trained(folder, model, data, strategy, **options):
    return modaxfer.train(
        encoder=str(model),
        strategy=strategy,
        output=str(folder),
        set={"encoder.max_tokens": 12, **options},
        **QUICK,
        **({} if strategy == "frozen" else STEPS),
        **data,
    )


@pytest.mark.parametrize("cache", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_what_a_long_text_says_at_its_end_is_lost_with_a_word(tiny, long_texts, tmp_path, cache):
    # 10 of 33 words are read of each.
    run = trained(tmp_path / "first", tiny("bert"), long_texts, "frozen", cache=cache)
    told = [line for line in run.result.warnings if "were cut to 12 tokens" in line]
    assert len(told) == 3
    assert [line.partition(" texts")[0] for line in told] == [
        f"{split}: {rows} of {rows}" for split, rows in run.result.data["rows"].items()
    ]
    assert all(": 70 % of all tokens were not read" in line for line in told)
    assert run.result.metrics["test"]["accuracy"] < 0.8
    # Rows that come from the cache bring along what was lost when they were made.
    again = trained(tmp_path / "again", tiny("bert"), long_texts, "frozen", cache=cache)
    assert [line for line in again.result.warnings if "were cut" in line] == told


@pytest.mark.parametrize(
    ("long", "strategy"),
    [
        *(("mean_of_windows", "frozen"), ("head_tail", "lora")),
        *(pytest.param("mean_of_windows", other, marks=pytest.mark.slow) for other in ("lora", "full")),
        *(pytest.param("head_tail", other, marks=pytest.mark.slow) for other in ("frozen", "full")),
    ],
)
def test_ways_to_read_a_long_text_train_and_predict_the_same(tiny, long_texts, tmp_path, capsys, long, strategy):
    run = trained(tmp_path / "run", tiny("bert"), long_texts, strategy, **{"encoder.long": long})
    assert run.result.metrics["test"] == pytest.approx(run.evaluate()["metrics"], abs=1e-6)
    if strategy == "frozen":
        assert run.result.metrics["test"]["accuracy"] == 1.0
    predictor = Predictor(run.folder)
    predictor.logits([{"text": "the court " * 300}, {"text": "right"}], None, Progress())
    # 600 words and one: 10 are read of the first, or 32 windows of 10.
    told = {"head_tail": "first and last 12 tokens: 98 %", "mean_of_windows": "32 windows of 12 tokens: 47 %"}[long]
    assert (
        f"warning: 1 of 2 texts were cut to {'their ' if long == 'head_tail' else ''}{told}" in capsys.readouterr().err
    )


def test_windows_read_from_the_cache_train_as_computed_anew(tiny, long_texts, tmp_path):
    cached, uncached = (
        trained(
            tmp_path / f"run-{cache}",
            tiny("bert"),
            long_texts,
            "full",
            **{"from_layer": 2, "cache": cache, "encoder.long": "mean_of_windows"},
        ).result
        for cache in (True, False)
    )
    assert cached.training["phases"][0]["frozen_layers"] == 2
    assert uncached.training["phases"][0]["frozen_layers"] == 0
    assert cached.metrics["test"] == pytest.approx(uncached.metrics["test"], abs=1e-4)


@pytest.mark.parametrize(
    ("encoder", "kind", "long", "told"),
    [
        ("vit", "image", "mean_of_windows", r"read text or audio\. Got: .* with image.* leave it out, or choose"),
        ("wav2vec2", "audio", "head_tail", r"read text\. Got: .* with audio.* or encoder\.long=mean_of_windows, or"),
    ],
)
def test_a_way_to_read_long_rows_is_refused_where_it_is_not_for_them(
    tiny, own_rows, tmp_path, no_weights, encoder, kind, long, told
):
    with pytest.raises(RefusedError, match=rf"encoder\.long={long} is for encoders that {told}"):
        trained(tmp_path / "run", tiny(encoder), own_rows(kind), "frozen", **{"encoder.long": long})


HEARD = {"encoder.seconds": 0.25, "encoder.long": "mean_of_windows"}


def test_features_of_a_sound_of_two_equal_windows_are_those_of_one(tiny):
    one, other = np.random.default_rng(0).normal(0, 0.1, (2, 4000)).astype(np.float32)
    sounds = [(part, 16000) for part in (one, np.tile(one, 2), other, np.concatenate([one, other]))]
    first, twice, second, both = modaxfer.features(sounds, encoder=str(tiny("wav2vec2")), set=HEARD, **QUICK)
    np.testing.assert_allclose(twice, first, atol=1e-5)
    np.testing.assert_allclose(both, (first + second) / 2, atol=1e-5)
    assert np.abs(first - second).max() > 1e-3


@pytest.fixture(scope="module")
def long_sounds(tmp_path_factory):
    """Sounds of three windows: noise, a high or a low tone that decides, noise."""
    import soundfile

    folder, rng = tmp_path_factory.mktemp("sounds"), np.random.default_rng(0)
    rows = [(f"{row}.wav", "low" if row % 2 else "high") for row in range(40)]
    for name, label in rows:
        tone = 0.5 * np.sin(np.arange(4000) * (0.05 if label == "low" else 1.0))
        sound = np.concatenate([rng.normal(0, 0.05, 4000), tone, rng.normal(0, 0.05, 4000)])
        soundfile.write(folder / name, sound.astype(np.float32), 16000)
    return {"data": table(folder / "d.csv", ("audio", "label"), rows), "audio": "audio", "label": "label"}


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["frozen", "lora"])
def test_what_a_sound_says_behind_its_first_window_is_heard_and_predicted_the_same(
    tiny, long_sounds, tmp_path, strategy
):
    settings = {"encoder": str(tiny("wav2vec2")), "strategy": strategy, **long_sounds, **QUICK}
    settings |= {} if strategy == "frozen" else {**STEPS, "epochs": 4}
    run = modaxfer.train(output=str(tmp_path / "run"), set=HEARD, **settings)
    assert run.result.metrics["test"] == pytest.approx(run.evaluate()["metrics"], abs=1e-6)
    assert [line for line in run.result.warnings if "were cut" in line] == []
    if strategy == "frozen":
        assert run.result.metrics["test"]["accuracy"] == 1.0
        page = run.explain(row=1, quiet=True).page
        assert "windows of a sound, which overlap, of which no picture can be made" in page.read_text(encoding="utf-8")
        deaf = modaxfer.train(output=str(tmp_path / "deaf"), set={"encoder.seconds": 0.25}, **settings)
        assert any("66 % of all seconds" in line or "67 % of all seconds" in line for line in deaf.result.warnings)


@pytest.fixture
def fonts_of_matplotlib(monkeypatch):
    """A machine whose fonts are the ones that matplotlib brings: many scripts, no Chinese."""
    import matplotlib

    from modaxfer.bridges import fonts

    monkeypatch.setattr(fonts, "_folders", lambda: [Path(matplotlib.get_data_path()) / "fonts" / "ttf"])
    for remembered in (fonts.installed_fonts, fonts.fonts_here):
        remembered.cache_clear()
    yield
    for remembered in (fonts.installed_fonts, fonts.fonts_here):
        remembered.cache_clear()


def test_a_script_without_a_font_is_refused_before_weights_and_leaves_nothing(
    tiny, tmp_path, no_weights, fonts_of_matplotlib
):
    rows = [(f"糟糕的服务 {row}" if row % 2 else f"很好的产品 {row}", "坏好"[row % 2]) for row in range(40)]
    data = {"data": table(tmp_path / "отзывы 评论.csv", ("текст", "метка"), rows), "text": "текст", "label": "метка"}
    with pytest.raises(RefusedError, match=r"no font on this machine draws 7\d% of the characters"):
        modaxfer.train(encoder=str(tiny("vit")), strategy="frozen", output=str(tmp_path / "run"), **QUICK, **data)
    assert not (tmp_path / "run").exists()


def test_a_script_with_a_font_trains_and_predicts_the_same(tiny, tmp_path, fonts_of_matplotlib):
    rows = [(f"{'товар хорош' if row % 2 else 'услуга плоха'} {row}", row % 2) for row in range(40)]
    data = {"data": table(tmp_path / "d.csv", ("text", "label"), rows), "text": "text", "label": "label"}
    runs = [
        modaxfer.train(encoder=str(tiny("vit")), strategy="frozen", output=str(tmp_path / name), **QUICK, **data)
        for name in ("first", "from the cache")
    ]
    told = [[line for line in run.result.warnings if "not in the font" in line] for run in runs]
    assert told[0] == told[1]
    assert [line.partition(":")[0] for line in told[0]] == list(runs[0].result.data["rows"])
    assert all("were drawn in DejaVu Sans Book, as this machine has it" in line for line in told[0])
    assert runs[0].result.metrics["test"] == pytest.approx(runs[0].evaluate()["metrics"], abs=1e-6)


def test_training_rows_are_scored_on_a_stated_sample_where_all_would_have_to_be_encoded(
    tiny, long_texts, tmp_path, monkeypatch
):
    from sklearn.metrics import accuracy_score

    from modaxfer.reports.terminal import summary
    from modaxfer.runner.evaluation import scores

    monkeypatch.setattr(scores, "MOST_TRAIN", 10)
    run = trained(tmp_path / "run", tiny("bert"), long_texts, "lora")
    rows = run.result.data["rows"]
    assert rows["train"] > 10
    assert run.result.data["scored"] == {**rows, "train": 10}
    assert f"train {run.result.metrics['train']['accuracy']:.3f} (10 rows scored)" in summary(run.result)
    assert f"{rows['train']} (10 rows scored)" in (run.folder / "README.md").read_text()
    frozen = trained(tmp_path / "frozen", tiny("bert"), long_texts, "frozen")
    assert frozen.result.data["scored"] == rows, "what is at hand is scored whole"
    # The sample as numpy draws it, read from the file, predicted by the saved model.
    data = load_task(own_task_of(run))
    chosen = np.sort(np.random.default_rng(0).choice(rows["train"], 10, replace=False))
    texts = [{"text": data.splits["train"][int(row)]["text"]} for row in chosen]
    said = [item["prediction"] for item in modaxfer.predict(run.folder, texts)]
    truth = [data.classes[data.targets["train"][row]] for row in chosen]
    assert run.result.metrics["train"]["accuracy"] == accuracy_score(truth, said)


@pytest.mark.parametrize("best", ["last", "first"])
def test_validation_rows_are_not_asked_again_of_the_model_that_they_judged_last(
    tiny, long_texts, tmp_path, monkeypatch, best
):
    from modaxfer.runner.session import TaskSession
    from modaxfer.runner.training import loop

    asked, forward = [], TaskSession.forward
    better = iter((0.1, 0.2) if best == "last" else (0.2, 0.1))
    judged = loop.Validation.__call__
    monkeypatch.setattr(loop.Validation, "__call__", lambda self: replace(judged(self), score=next(better)))

    def counted(self, split, run, *, label="", **how):
        asked.append(label)
        return forward(self, split, run, label=label, **how)

    monkeypatch.setattr(TaskSession, "forward", counted)
    run = trained(tmp_path / "run", tiny("bert"), long_texts, "lora")
    assert asked.count("scoring test") == 1
    assert asked.count("scoring validation") == (0 if best == "last" else 1)
    data = load_task(own_task_of(run))
    texts = [{"text": text} for text in data.splits["validation"]["text"]]
    stored = pd.read_parquet(run.folder / "validation.parquet")
    said = [row["scores"] for row in modaxfer.predict(run.folder, texts)]
    for name in said[0]:
        # What is predicted is scaled by a temperature, which keeps the order of the rows.
        assert np.argsort([row[name] for row in said]).tolist() == np.argsort(stored[f"score:{name}"]).tolist()


def own_task_of(run):
    from modaxfer.config import RunConfig, build, read_yaml
    from modaxfer.runner.request.request import find_tasks

    ((_, task),) = find_tasks(build(RunConfig, read_yaml(run.folder / "config.yaml")))
    return task
