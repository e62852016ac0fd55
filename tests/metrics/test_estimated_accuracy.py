"""Accuracy without labels: what the estimators are by construction, and where they can be right."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.metrics.without_labels import (
    Sureness,
    average_thresholded_confidence,
    difference_of_confidences,
    estimated_accuracy,
    sureness,
)


def drawn(rows, noise, seed, classes=3):
    """Return calibrated probabilities and targets drawn by them: the more noise, the less sure."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2.0 - noise, (rows, classes))
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return shares, np.array([random.choice(classes, p=row) for row in shares])


def test_on_the_labelled_rows_both_give_their_accuracy():
    shares, targets = drawn(500, 0.5, 0)
    seen = sureness(shares, targets, shares)
    accuracy = (shares.argmax(1) == targets).mean()
    assert 0.4 < accuracy < 0.95
    assert average_thresholded_confidence(seen) == pytest.approx(accuracy)
    assert difference_of_confidences(seen) == pytest.approx(accuracy)


def test_where_a_model_knows_what_it_does_not_know_the_fall_is_seen():
    source, known = drawn(4000, 0.3, 1)
    target, truth = drawn(4000, 1.0, 2)
    measured = (target.argmax(1) == truth).mean()
    seen = sureness(source, known, target)
    accuracy = (source.argmax(1) == known).mean()
    assert accuracy - measured > 0.1
    # ATC goes by order alone: it sees a fall, and does not promise its size, not even to a calibrated model.
    assert average_thresholded_confidence(seen) < accuracy - 0.1
    assert difference_of_confidences(seen) == pytest.approx(measured, abs=0.03)


def test_confidences_are_calibrated_first():
    source, known = drawn(4000, 0.3, 1)
    target, _ = drawn(4000, 1.0, 2)
    sharp = [each**3 / (each**3).sum(1, keepdims=True) for each in (source, target)]
    plain = difference_of_confidences(sureness(source, known, target))
    assert difference_of_confidences(sureness(sharp[0], known, sharp[1])) == pytest.approx(plain, abs=0.01)


def test_traced_by_hand():
    seen = Sureness(
        source=np.array([0.9, 0.8, 0.6, 0.5]),
        right=np.array([True, True, True, False]),
        target=np.array([0.95, 0.7, 0.55, 0.52]),
    )
    # One is wrong, so the threshold is the second lowest, 0.6; two of four target rows are at least as sure.
    assert average_thresholded_confidence(seen) == 0.5
    assert difference_of_confidences(seen) == pytest.approx(0.75 - (0.7 - 0.68))


def test_a_model_that_is_never_right_is_expected_to_be_so():
    seen = Sureness(source=np.array([0.9, 0.6]), right=np.array([False, False]), target=np.array([1.0, 1.0]))
    assert average_thresholded_confidence(seen) == 0.0


def test_intervals_hold_the_value_and_shrink_with_rows():
    widths = {}
    for rows in (100, 1600):
        source, known = drawn(rows, 0.3, 3)
        target, _ = drawn(rows, 1.0, 4)
        found = estimated_accuracy(sureness(source, known, target), seed=0)
        assert found == estimated_accuracy(sureness(source, known, target), seed=0)
        for name, each in found.items():
            low, high = each["interval"]
            assert low <= each["value"] <= high
            widths[name, rows] = high - low
    for name in ("atc", "doc"):
        # Four times as narrow, as sixteen times the rows should make it.
        assert widths[name, 1600] == pytest.approx(widths[name, 100] / 4, rel=0.5)


def test_rows_of_an_unknown_class_are_errors():
    shares, targets = drawn(200, 0.5, 5)
    strange = np.where(np.arange(200) < 50, -1, targets)
    seen = sureness(shares, strange, shares)
    assert not seen.right[:50].any()
    assert average_thresholded_confidence(seen) == pytest.approx(seen.right.mean())
