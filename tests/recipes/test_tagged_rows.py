"""Rows tagged part by part, end to end: words, cells of pictures, stretches of sounds."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import modaxfer
import own_tags
from modaxfer.errors import DataError, RefusedError
from modaxfer.reports.html import render

SETTINGS = {"device": "cpu", "precision": "fp32", "batch_size": 16, "quiet": True}


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """Return the settings of a task of names behind a cue."""
    return own_tags.names_after_a_cue(tmp_path_factory.mktemp("names"))


@pytest.fixture(scope="module")
def learned(tiny, named, tmp_path_factory):
    """Return a run of a tiny BERT that has learned it."""
    settings = {**SETTINGS, **named, "encoder": str(tiny("bert")), "strategy": "full", "set": {"patience": 0}}
    folder = tmp_path_factory.mktemp("learned") / "run"
    return modaxfer.train(output=str(folder), epochs=20, learning_rate=0.005, **settings)


def test_names_are_learned_from_the_words_before_them(learned):
    result = learned.result
    assert result.data["problem"] == "tagging"
    assert result.primary == "span_f1"
    test, simple = result.metrics["test"], result.baselines["simple"]
    # No word says by itself that it is a name, so the bar of words cannot.
    assert simple["name"] == "most frequent tag of each word"
    assert test["span_f1"] > 0.6 > simple["span_f1"]
    low, high = result.intervals["span_f1"]
    assert low <= test["span_f1"] <= high
    assert simple["difference"]["span_f1"][0] > 0
    assert result.baselines["majority"]["span_f1"] == 0
    assert result.baselines["chance"]["tag_accuracy"] == pytest.approx(1 / 3)


def test_predictions_stand_beside_their_words(learned):
    table = pq.read_table(learned.folder / "predictions.parquet")
    rows = table.to_pylist()
    assert {"row_id", "target", "prediction", "scores"} <= set(table.column_names)
    assert all(len(row["target"]) == len(row["prediction"]) == len(row["scores"]) for row in rows)
    again = learned.predictions
    assert [len(words) for words in again["words"]] == [len(row["target"]) for row in rows]


def test_a_saved_model_says_the_same_again(learned, named):
    assert learned.evaluate(quiet=True)["metrics"] == pytest.approx(learned.result.metrics["test"])
    rows = [json.loads(line) for line in Path(named["data"]).read_text().splitlines()][:8]
    made = modaxfer.load(learned.folder).predict([{"words": row["words"]} for row in rows])
    assert [len(one["prediction"]) for one in made] == [len(row["words"]) for row in rows]
    assert all(0 < score <= 1 for one in made for score in one["scores"])
    # Plain text is parted by white space.
    (plain,) = learned.predict(" ".join(rows[0]["words"]))
    assert plain["prediction"] == made[0]["prediction"]


def test_new_rows_are_scored_and_those_with_other_numbers_of_tags_left_out(learned, tmp_path):
    rows = [
        {"words": ["plaintiff", "q"], "tags": ["O", "B-PER"]},
        {"words": ["plaintiff", "q"], "tags": ["O"]},
        {"words": ["court"], "tags": ["B-LOC"]},
        {"words": [], "tags": []},
    ]
    path = tmp_path / "new.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = learned.evaluate(str(path), quiet=True)
    assert found["rows"] == 2
    assert found["dropped"] == {"words_and_tags_differ": 1, "unreadable": 1}
    assert found["metrics"]["tag_accuracy"] <= 2 / 3  # nobody says B-LOC
    assert any("a class that the model does not know (B-LOC)" in line for line in found["warnings"])


def test_the_report_shows_tags_and_spans(learned):
    page = render(learned.result, learned.folder)
    assert "B-PER" in page
    kept = json.loads((learned.folder / "mistakes.json").read_text())
    assert kept, "twenty epochs leave a few mistakes"
    names = [item["name"] for item in next(iter(kept.values()))]
    assert names == ["words, true", "words, predicted"]


@pytest.mark.parametrize(
    ("encoder", "rows", "strategy"),
    [
        ("vit", own_tags.names_after_a_cue, "lora"),
        ("whisper", own_tags.stretches, "frozen"),
        pytest.param("bert", own_tags.names_after_a_cue, "frozen", marks=pytest.mark.slow),
        pytest.param("vit", own_tags.cells, "full", marks=pytest.mark.slow),
        pytest.param("wav2vec2", own_tags.stretches, "lora", marks=pytest.mark.slow),
    ],
)
def test_every_encoder_tags_what_it_reads(encoder, rows, strategy, tiny, tmp_path):
    settings = {**SETTINGS, **rows(tmp_path, 40), "encoder": str(tiny(encoder)), "strategy": strategy}
    run = modaxfer.train(output=str(tmp_path / "run"), epochs=1, **settings)
    assert run.result.status == "completed"
    assert run.evaluate(quiet=True)["metrics"] == pytest.approx(run.result.metrics["test"])


def test_cells_of_pictures_are_told_apart(tiny, tmp_path):
    settings = {**SETTINGS, **own_tags.cells(tmp_path), "encoder": str(tiny("vit")), "strategy": "full"}
    run = modaxfer.train(output=str(tmp_path / "run"), epochs=4, learning_rate=0.003, **settings)
    # Spans say nothing of a grid.
    assert run.result.primary == "tag_accuracy"
    assert run.result.metrics["test"]["tag_accuracy"] > run.result.baselines["simple"]["tag_accuracy"]


def test_words_behind_the_last_token_are_outside_and_said(tiny, named, tmp_path):
    cut = {"encoder.max_tokens": 8, "long": "head"}
    settings = {**SETTINGS, **named, "encoder": str(tiny("bert")), "strategy": "frozen"}
    run = modaxfer.train(output=str(tmp_path / "run"), epochs=1, limit=40, set=cut, **settings)
    said = [line for line in run.result.warnings if "words were not read, and are tagged as outside of spans" in line]
    assert {line.partition(":")[0] for line in said} == {"train", "validation", "test"}
    rows = pq.read_table(tmp_path / "run" / "predictions.parquet").to_pylist()
    behind = [
        (tag, score) for row in rows for tag, score in list(zip(row["prediction"], row["scores"], strict=True))[6:]
    ]
    assert behind
    assert all(tag == "O" and score is None for tag, score in behind)


def test_windows_read_every_word(tiny, named, tmp_path):
    settings = {**SETTINGS, **named, "encoder": str(tiny("bert")), "strategy": "lora"}
    run = modaxfer.train(
        output=str(tmp_path / "run"),
        epochs=1,
        limit=40,
        set={"encoder.max_tokens": 8, "long": "mean_of_windows"},
        **settings,
    )
    assert not any("words were not read" in line for line in run.result.warnings)
    assert run.evaluate(quiet=True)["metrics"] == pytest.approx(run.result.metrics["test"])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"encoder": "wav2vec2"}, "no bridge leads from words"),
        ({"encoder": "whisper", "bridge": "embed"}, "does not lead from words"),
        ({"set": {"encoder.pooling": "cls"}}, r"encoder\.pooling makes one vector of a row"),
        ({"set": {"train.label_smoothing": 0.1}}, None),
    ],
)
def test_what_cannot_tag_words_is_refused_before_weights(change, why, tiny, named, tmp_path, no_weights):
    settings = {**SETTINGS, **named, "encoder": "bert", "strategy": "lora", "output": str(tmp_path / "run"), **change}
    settings["encoder"] = str(tiny(settings["encoder"]))
    with pytest.raises(RefusedError if why else AssertionError, match=why or "weights were loaded"):
        modaxfer.train(**settings)


def test_rows_that_cannot_be_tagged_are_dropped_and_named(tiny, tmp_path):
    settings = own_tags.names_after_a_cue(tmp_path, 40)
    with open(settings["data"], "a") as file:
        for row in ({"words": ["a", "b"], "tags": ["O"]}, {"words": ["a"], "tags": [None]}, {"words": [], "tags": []}):
            file.write(json.dumps(row) + "\n")
    settings |= {**SETTINGS, "problem": "tagging", "encoder": str(tiny("bert")), "strategy": "frozen", "epochs": 1}
    run = modaxfer.train(output=str(tmp_path / "run"), **settings)
    assert run.result.data["dropped"] == {"words_and_tags_differ": 1, "missing_tag": 1, "empty_input": 1}
    assert "names.jsonl row 41: 2 words in column 'words' and 1 tags" in run.result.data["dropped_rows"]
    with pytest.raises(DataError, match="unusable rows: 3"):
        modaxfer.train(output=str(tmp_path / "other"), on_bad_row="fail", **settings)
