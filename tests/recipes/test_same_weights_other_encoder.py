"""One checkpoint read by two encoders: neither cached features nor a saved model of one are taken for the other's."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from modaxfer.config import RunConfig
from modaxfer.runner.model.description import ModelDescription
from modaxfer.runner.predict.predictor import Predictor
from modaxfer.runner.run import run

pytestmark = pytest.mark.recipe


def scores(folder, text="good number 3"):
    (made,) = Predictor(folder).predict([{"text": text}])
    return np.array(list(made["scores"].values()))


@pytest.fixture
def train(own_rows, tmp_path, monkeypatch):
    def train(name, cache, folder, **settings):
        monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / cache))
        config = {"strategy": "frozen", "device": "cpu", "precision": "fp32", **own_rows("text"), **settings}
        return run(RunConfig(output=str(tmp_path / name), **config, **folder))[1]

    return train


def test_features_of_one_encoder_are_not_read_by_another(train, tiny):
    folder = str(tiny("bert"))
    train("first", "shared", {"encoder": ("auto",), "checkpoint": folder})
    warm = train("warm", "shared", {"encoder": (folder,)})
    cold = train("cold", "empty", {"encoder": (folder,)})
    warm_result, cold_result = (json.loads((run / "result.json").read_text()) for run in (warm, cold))
    assert warm_result["metrics"] == cold_result["metrics"]
    assert ModelDescription.read(warm).towers[0].readout == ModelDescription.read(cold).towers[0].readout


def test_features_follow_the_files_beside_the_weights(train, tiny, tmp_path):
    folder = tmp_path / "other"
    shutil.copytree(tiny("bert"), folder)
    train("first", "shared", {"encoder": (str(folder),)})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_act": "relu"}))
    warm = train("warm", "shared", {"encoder": (str(folder),)})
    cold = train("cold", "empty", {"encoder": (str(folder),)})
    np.testing.assert_array_equal(scores(warm), scores(cold))


def test_a_saved_model_is_read_by_the_encoder_that_made_it(train, tiny):
    folder = train("auto", "shared", {"encoder": ("auto",), "checkpoint": str(tiny("bert"))})
    predictor = Predictor(folder)
    assert predictor.described.towers[0].encoder.id == "modaxfer/auto"
    assert "Bert" not in type(predictor.model.encoder).__name__
