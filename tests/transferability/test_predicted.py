"""Scores that predict: scikit-learn's cross-validation, folds that groups do not cross, a choice that is paid for."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.metrics import accuracy_score, root_mean_squared_error
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modaxfer.errors import RefusedError
from modaxfer.heads.classical.folds import inner_folds
from modaxfer.testing.material.encoded_rows import drawn, encoded_rows
from modaxfer.transferability import judged, nests
from modaxfer.transferability.nests import FOLDS


def by_sklearn(model, encoded):
    folds = PredefinedSplit(inner_folds(encoded.targets, FOLDS, groups=encoded.groups, seed=encoded.seed))
    return cross_val_predict(make_pipeline(StandardScaler(), model), encoded.layers[0], encoded.targets, cv=folds)


@pytest.mark.parametrize(("penalty", "width"), [(10.0, 6), (300.0, 6), (30.0, 120)])
def test_the_probe_is_scikit_learns(penalty, width, monkeypatch):
    """Rows may be fewer than features, too."""
    monkeypatch.setattr(nests.Ridge, "grid", (penalty,))
    encoded = encoded_rows(*drawn(rows=90, width=width, signal=3 / width))
    found = judged("linear-probe", encoded)
    expected = by_sklearn(RidgeClassifier(alpha=penalty), encoded)
    assert found.predictions.tolist() == expected.tolist()
    assert found.value == accuracy_score(encoded.targets, expected)
    assert found.scores.argmax(1).tolist() == expected.tolist()


def test_the_probe_of_numbers_is_scikit_learns(monkeypatch):
    monkeypatch.setattr(nests.Ridge, "grid", (30.0,))
    rng = np.random.default_rng(1)
    features = rng.normal(size=(70, 5))
    encoded = encoded_rows(features, features @ rng.normal(size=5) + rng.normal(size=70))
    found = judged("linear-probe", encoded)
    expected = by_sklearn(Ridge(alpha=30.0), encoded)
    np.testing.assert_allclose(found.predictions, expected, rtol=1e-4, atol=1e-4)
    assert found.value == pytest.approx(-root_mean_squared_error(encoded.targets, expected), rel=1e-5)


@pytest.mark.parametrize("neighbours", [5, 10])
def test_neighbours_are_scikit_learns(neighbours, monkeypatch):
    monkeypatch.setattr(nests, "NEIGHBOURS", (neighbours,))
    encoded = encoded_rows(*drawn(rows=90, signal=0.5))
    model = KNeighborsClassifier(neighbours, metric="cosine", weights=lambda apart: np.exp((1 - apart) / 0.07))
    found = judged("k-nn", encoded)
    assert found.predictions.tolist() == by_sklearn(model, encoded).tolist()


@pytest.mark.parametrize("score", ["k-nn", "linear-probe"])
def test_the_scale_of_a_feature_does_not_matter(score):
    layers, targets = drawn(signal=0.5)
    scaled = layers * np.geomspace(1e-3, 1e3, layers.shape[2])
    one, other = (judged(score, encoded_rows(each, targets)).value for each in (layers, scaled))
    assert one == other


@pytest.mark.parametrize("score", ["k-nn", "linear-probe"])
def test_the_layer_that_knows_is_found(score):
    layers, targets = drawn(layers=4, signal=0.0)
    layers[2] += drawn(signal=2.0, seed=9)[0][0]
    found = judged(score, encoded_rows(layers, targets))
    assert found.layers == (2,)
    assert set(found.by_layers) == {(0, 1, 2, 3), (0,), (1,), (2,), (3,)}
    assert found.value > 0.9


def test_copies_in_one_group_are_no_neighbours():
    rng = np.random.default_rng(0)
    once = rng.normal(size=(40, 8))
    targets, groups = np.repeat(rng.integers(0, 2, 40), 5), np.repeat(np.arange(40), 5)
    features = np.repeat(once, 5, 0) + 0.01 * rng.normal(size=(200, 8))
    apart, together = (judged("k-nn", encoded_rows(features, targets, groups=each)).value for each in (None, groups))
    assert apart > 0.95
    assert together < 0.7


def test_a_choice_among_layers_of_noise_promises_nothing(monkeypatch):
    """Layers that say nothing: the best of them looks well, what is promised does not."""
    monkeypatch.setattr(nests.Ridge, "grid", (100.0,))
    encoded = [encoded_rows(*drawn(60, 4, 2, layers=12, seed=seed, signal=0)) for seed in range(8)]
    found = [judged("linear-probe", each) for each in encoded]
    assert np.mean([max(each.by_layers.values()) for each in found]) > 0.6
    assert np.mean([each.value for each in found]) == pytest.approx(0.5, abs=0.06)


def test_a_layer_that_says_the_same_of_all_rows_is_left_out():
    layers, targets = drawn(layers=2)
    layers[0] = 3.0
    assert set(judged("linear-probe", encoded_rows(layers, targets)).by_layers) == {(1,)}


def test_the_tasks_own_metric_decides():
    layers, targets = drawn(rows=90, classes=2, signal=0.5)
    encoded = encoded_rows(layers, targets, metric="roc_auc")
    found = judged("linear-probe", encoded)
    assert found.report["metric"] == "roc_auc"
    assert found.value > accuracy_score(targets, found.predictions)


def test_rows_of_no_class_or_no_number_are_refused():
    layers, targets = drawn()
    layers[0, 3, 1] = np.inf
    encoded = encoded_rows(layers, np.where(np.arange(120) < 2, -1, targets))
    with pytest.raises(RefusedError, match=r"1 of 120 rows with a vector that is not finite, 2 of no known class"):
        judged("linear-probe", encoded)


def test_two_groups_are_too_few():
    layers, targets = drawn()
    with pytest.raises(RefusedError, match=r"120 rows in 2 groups. Allowed: at least 3 groups"):
        judged("k-nn", encoded_rows(layers, targets, groups=np.arange(120) // 60))
