"""H-score: a published figure, closed forms, and what it does not depend on."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression

from modaxfer.testing.material.encoded_rows import drawn, encoded_rows
from modaxfer.transferability import judged
from modaxfer.transferability.h_score import shared_spread


def plain(features, targets):
    return shared_spread(np.asarray(features, float), np.eye(targets.max() + 1)[targets], shrink=False)[0]


def test_iris():
    """1.1919 is Pillai's trace of iris as well, which the H-score is."""
    assert plain(*load_iris(return_X_y=True)) == pytest.approx(1.1919, abs=5e-5)


def test_the_plain_one_is_the_definition():
    layers, targets = drawn()
    features = layers[0]
    means = np.stack([features[targets == one].mean(0) for one in range(3)])[targets]
    between = np.cov(means, rowvar=False)
    assert plain(features, targets) == pytest.approx(np.trace(np.linalg.inv(np.cov(features, rowvar=False)) @ between))


def test_the_shrunk_one_is_the_definition_by_ledoit_and_wolf():
    layers, targets = drawn(width=8)
    features = layers[0].astype(np.float32)
    # The mean of one layer is the layer over its spread.
    centred = (features - features.mean(0)) / np.sqrt(features.var(0).mean())
    found = LedoitWolf(assume_centered=True).fit(centred)
    means = np.stack([centred[targets == one].mean(0) for one in range(3)])[targets]
    value = (1 - found.shrinkage_) * np.trace(np.linalg.inv(found.covariance_) @ (means.T @ means / len(means)))
    score = judged("h-score", encoded_rows(features, targets))
    assert score.value == pytest.approx(value, rel=1e-4)
    assert score.report["shrinkage"] == pytest.approx(found.shrinkage_, rel=1e-4)


def test_of_a_number_it_is_r_squared():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(80, 5))
    values = features @ rng.normal(size=5) + rng.normal(size=80)
    value, _ = shared_spread(features, values[:, None], shrink=False)
    assert value == pytest.approx(LinearRegression().fit(features, values).score(features, values))


def test_labels_that_say_the_same_count_once():
    layers, targets = drawn(classes=2)
    once = targets[:, None].astype(float)
    twice = np.concatenate([once, once], 1)
    first, second = (shared_spread(layers[0], columns, shrink=False)[0] for columns in (once, twice))
    assert first == pytest.approx(second)


@pytest.mark.parametrize("score", ["h-score", "logme"])
def test_neither_order_nor_scale_matters(score):
    layers, targets = drawn(layers=3)
    value = judged(score, encoded_rows(layers, targets)).value
    order = np.random.default_rng(0).permutation(len(targets))
    assert judged(score, encoded_rows(layers[:, order], targets[order])).value == pytest.approx(value, rel=1e-4)
    scaled = layers * np.array([0.1, 7, 300])[:, None, None]
    assert judged(score, encoded_rows(scaled, targets)).value == pytest.approx(value, rel=1e-4)


def test_few_rows_of_many_features_are_reduced():
    layers, targets = drawn(rows=30, width=200, signal=0.2)
    found = judged("h-score", encoded_rows(layers, targets))
    assert found.report["components"] == 29
    assert judged("h-score", encoded_rows(layers[:, :, :5], targets)).report["components"] is None


@pytest.mark.parametrize("score", ["h-score", "logme", "k-nn", "linear-probe"])
@pytest.mark.parametrize("kind", ["classes", "labels", "numbers"])
def test_more_signal_scores_higher(score, kind):
    rng = np.random.default_rng(5)
    hidden = rng.normal(size=(150, 2))
    targets = {
        "classes": (hidden[:, 0] > 0).astype(int),
        "labels": (hidden > 0).astype(np.float32),
        "numbers": hidden[:, 0],
    }[kind]
    features = [hidden @ rng.normal(size=(2, 10)) + noise * rng.normal(size=(150, 10)) for noise in (1.0, 30.0)]
    values = [judged(score, encoded_rows(each, targets)).value for each in features]
    assert values[0] > values[1]
