"""Features of rows without labels: what is refused before weights are loaded, and what is written."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import modaxfer
from modaxfer.errors import ModaxferError
from modaxfer.runner.features import stream

TEXTS = ["one two", "three", "", "four five six", "seven", "one two"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"output": "f.csv"}, r"written by file extension.*\.parquet, \.npy"),
        ({"layer": 9}, "--layer is no layer of this encoder.*Got: 9.*0 .embeddings. to"),
        ({"layer": "top"}, "--layer is no layer. Got: top"),
        ({"layer": "auto"}, "these rows have none.*--strategy frozen"),
        ({"pooling": "max"}, "pooling"),
        ({"text": "txt"}, "'txt' is not in the data"),
        ({"label": "txt"}, "label column 'txt' is not in the data"),
        ({"bridge": "embed"}, "has weights that a task has to train first.*features"),
        ({"bridge": "spectrogram"}, "does not lead from text to what bert takes"),
        ({"epochs": 3}, "features take no such setting"),
        ({"split": "test"}, "no such split. Got: test"),
        ({"split": "tset"}, "no such split. Got: tset. Allowed: train, validation, test"),
        ({"task": "digits"}, "rows of one task, or of your own. Got: both"),
    ],
)
def test_refused_before_weights(asked, told, tiny, no_weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = {"data": pd.DataFrame({"text": TEXTS[:2], "sense": ["a", "b"]}), "encoder": tiny("bert"), "text": "text"}
    with pytest.raises(ModaxferError, match=told):
        modaxfer.features(**rows | asked)


def test_no_rows_are_refused(tiny, no_weights):
    with pytest.raises(ModaxferError, match="these are no rows"):
        modaxfer.features([], encoder=tiny("bert"))
    with pytest.raises(ModaxferError, match=r"not one row can be read.*row 1"):
        modaxfer.features(["", " "], encoder=tiny("bert"))
    with pytest.raises(ModaxferError, match=r"Got: no rows.*--data FILE"):
        modaxfer.features(encoder=tiny("bert"))


def test_an_array_that_may_be_sounds_is_asked_about_unless_its_columns_are_named(tiny, no_weights):
    waves = np.tile(np.array([1, -1], np.float32), (2, 1000))
    with pytest.raises(ModaxferError, match=r"may be sounds or numbers of a table\. Got: an array of 2 rows and 2,000"):
        modaxfer.features(waves, encoder=tiny("wav2vec2"))
    with pytest.raises(ModaxferError, match=r"'wave' is not in the data"):
        modaxfer.features(pd.DataFrame(waves).rename(columns=str), encoder=tiny("wav2vec2"), audio="wave")


def test_blocks_are_the_whole(tiny, tmp_path, monkeypatch):
    whole = modaxfer.features(TEXTS, encoder=tiny("bert"), quiet=True)
    assert np.isnan(whole).all(axis=1).tolist() == [False, False, True, False, False, False]
    np.testing.assert_array_equal(whole[0], whole[5])
    monkeypatch.setattr(stream, "BLOCK", 2)
    monkeypatch.setattr(stream, "ALL_LAYERS_GB", 0.0)
    monkeypatch.setattr(stream, "layers_are_kept", lambda *_: False)
    rows = pd.DataFrame({"text": TEXTS, "row_id": list("abcdef")})
    modaxfer.features(rows, encoder=tiny("bert"), text="text", output=tmp_path / "f.npy", quiet=True)
    np.testing.assert_allclose(np.load(tmp_path / "f.npy", mmap_mode="r"), whole, atol=1e-6)
    told = pd.read_csv(tmp_path / "f.rows.csv", keep_default_na=False)
    assert told["row_id"].tolist() == list("abcdef")
    assert told["reason"].tolist() == ["", "", "no input", "", "", ""]
    modaxfer.features(rows, encoder=tiny("bert"), text="text", output=tmp_path / "f.parquet", quiet=True)
    frame = pd.read_parquet(tmp_path / "f.parquet")
    np.testing.assert_allclose(frame.filter(like="feature_"), whole, atol=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.npy", "f.parquet", "f.rows.csv"]


def test_layers_are_those_of_the_encoder(tiny):
    depth = json.loads((tiny("bert") / "config.json").read_text())["num_hidden_layers"]
    layers = range(depth + 1)
    every = [modaxfer.features(TEXTS[:2], encoder=tiny("bert"), layer=layer, quiet=True) for layer in layers]
    mean = modaxfer.features(TEXTS[:2], encoder=tiny("bert"), layer="mean", quiet=True)
    np.testing.assert_allclose(mean, np.mean(every, axis=0), atol=1e-5)
    spread = modaxfer.features(TEXTS[:2], encoder=tiny("bert"), pooling="mean_std", quiet=True)
    assert spread.shape[1] == 2 * mean.shape[1]


def test_what_is_known_is_not_computed_again(tiny, monkeypatch):
    first = modaxfer.features(["eight nine", "ten"], encoder=tiny("bert"), quiet=True)

    def fail(*_, **__):
        raise AssertionError("rows were encoded again")

    monkeypatch.setattr("modaxfer.runner.session.forward_rows", fail)
    np.testing.assert_array_equal(modaxfer.features(["eight nine", "ten"], encoder=tiny("bert"), quiet=True), first)
    assert modaxfer.features(["eight nine", "ten"], encoder=tiny("bert"), layer=1, quiet=True).shape == first.shape
