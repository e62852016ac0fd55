"""The reliability diagram: bins by hand, the expected calibration error that it draws, and temperatures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from modaxfer.metrics.probabilities import BINS, ece
from modaxfer.metrics.reliability import at_temperature, reliability


def test_bins_by_hand():
    first = np.array([0.9, 0.85, 0.6, 0.3])
    labels = np.array([0, 1, 0, 1])
    found = reliability(labels, np.stack([first, 1 - first], 1))
    assert found == ((0.6, 1.0, 1), (0.7, 1.0, 1), (pytest.approx(0.875), 0.5, 2))


def test_gaps_weighed_by_rows_are_the_expected_calibration_error():
    rng = np.random.default_rng(0)
    logits, labels = 2 * rng.normal(size=(500, 4)), rng.integers(0, 4, 500)
    found = reliability(labels, softmax(logits, 1), BINS)
    assert sum(each.rows for each in found) == 500
    gaps = sum(each.rows * abs(each.confidence - each.right) for each in found) / 500
    assert gaps == pytest.approx(ece(labels, labels, softmax(logits, 1)))


def test_a_temperature_divides_the_outputs():
    logits = np.random.default_rng(1).normal(size=(20, 3))
    np.testing.assert_allclose(at_temperature(softmax(logits, 1), 2.5), softmax(logits / 2.5, 1))
    hard = at_temperature(np.array([[1.0, 0.0]]), 5.0)
    assert np.isfinite(hard).all()
