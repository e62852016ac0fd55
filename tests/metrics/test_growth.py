"""Many classes: memory and time grow with rows and classes, and the values stay those of the metrics."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from modaxfer.metrics import Scored, areas, bootstrap, compute
from modaxfer.metrics.choice import find_metric
from modaxfer.metrics.resampling import resampled


def test_two_thousand_classes_take_megabytes() -> None:
    generator = np.random.default_rng(0)
    references, predictions = generator.integers(0, 2000, (2, 4000))
    names = ["accuracy", "f1_macro", "balanced_accuracy", "matthews_corrcoef", "recall_macro"]
    tracemalloc.start()
    try:
        bootstrap(names, problem="multiclass", references=references, predictions=predictions, resamples=200)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # One confusion matrix of 2,000 classes alone would be 32 MB for each resample.
    assert peak < 200e6


def test_class_numbers_far_apart_are_classes_like_any_other() -> None:
    references, predictions = np.array([0, 10**9, 0, -5]), np.array([0, 10**9, -5, -5])
    found = compute(
        ["accuracy", "f1_macro"],
        problem="multiclass",
        references=references,
        predictions=predictions,
        quick=True,
    )
    assert found == pytest.approx({"accuracy": 0.75, "f1_macro": (2 / 3 + 1 + 2 / 3) / 3})


def ranked(problem: str, rows: int = 300):
    generator = np.random.default_rng(5)
    classes = 2 if problem == "binary" else 4
    references = generator.integers(0, classes, rows)
    scores = generator.random((rows, classes)).round(2)
    scores[np.arange(rows), references] += 0.3
    return references, scores


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
@pytest.mark.parametrize("problem", ["binary", "multiclass"])
def test_areas_to_first_order_have_the_interval_of_areas_in_full(monkeypatch, problem, name) -> None:
    references, scores = ranked(problem, rows=800)
    metric, scored = find_metric(name, problem), Scored(predictions=scores.argmax(1), scores=scores)
    known = {"resamples": 400, "seed": 0}
    full = resampled([metric], references, scored, **known)[name]
    monkeypatch.setattr(areas, "ORDERED", 0)
    linear = resampled([metric], references, scored, **known)[name]
    assert np.corrcoef(full, linear)[0, 1] > 0.98
    np.testing.assert_allclose(
        np.quantile(linear, [0.025, 0.975]), np.quantile(full, [0.025, 0.975]), atol=0.25 * full.std()
    )


@pytest.mark.parametrize(
    ("slope", "reference"),
    [("roc_auc_slope", roc_auc_score), ("average_precision_slope", average_precision_score)],
)
def test_a_slope_is_what_a_little_more_of_a_row_adds(slope, reference) -> None:
    references, scores = ranked("binary", rows=40)
    positive, column = references == 1, scores[:, 1]
    value, slopes = getattr(areas._Problem(positive, column), slope)()
    assert value == pytest.approx(reference(positive, column))
    for row in range(40):
        weights = np.ones(40)
        weights[row] += 1e-5
        more = (reference(positive, column, sample_weight=weights) - value) / 1e-5
        assert slopes[row] == pytest.approx(more, abs=1e-5)


def test_areas_to_first_order_are_undefined_where_all_are(monkeypatch) -> None:
    monkeypatch.setattr(areas, "ORDERED", 0)
    found = bootstrap(
        ["roc_auc"],
        problem="binary",
        references=np.zeros(9, int),
        predictions=np.zeros(9, int),
        scores=np.full((9, 2), 0.5),
    )
    assert np.isnan(found["roc_auc"]).all()
