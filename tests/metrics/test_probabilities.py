from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from modaxfer.metrics import compute
from modaxfer.metrics.probabilities import BINS, brier_score, ece, log_loss


def said(classes: int, rows: int = 300, seed: int = 0):
    """Return references and probabilities."""
    generator = np.random.default_rng(seed)
    return generator.integers(0, classes, rows), generator.dirichlet(np.ones(classes), rows)


@pytest.mark.parametrize("classes", [2, 5])
def test_log_loss_and_brier_score_are_scikit_learns(classes) -> None:
    references, scores = said(classes)
    labels = np.arange(classes)
    given = {"problem": "binary" if classes == 2 else "multiclass", "predictions": references, "scores": scores}
    found = compute(["log_loss", "brier_score"], references=references, **given)
    shown = scores if classes > 2 else scores[:, 1]
    assert found["log_loss"] == pytest.approx(sklearn_metrics.log_loss(references, scores, labels=labels))
    assert found["brier_score"] == pytest.approx(sklearn_metrics.brier_score_loss(references, shown, labels=labels))


def test_multilabel_scores_are_means_over_labels() -> None:
    references, scores = np.array([[1, 0], [0, 0], [1, 1.0]]), np.array([[0.9, 0.2], [0.3, 0.4], [0.6, 0.5]])
    columns = range(2)
    losses = [sklearn_metrics.log_loss(references[:, each], scores[:, each]) for each in columns]
    briers = [sklearn_metrics.brier_score_loss(references[:, each], scores[:, each]) for each in columns]
    assert log_loss(references, references, scores) == pytest.approx(np.mean(losses))
    assert brier_score(references, references, scores) == pytest.approx(np.mean(briers))


def test_a_model_that_is_right_six_times_of_ten_and_says_eight_is_off_by_a_fifth() -> None:
    references, scores = (np.arange(10) >= 6).astype(int), np.tile([0.8, 0.2], (10, 1))
    assert ece(references, references, scores) == pytest.approx(0.2)
    assert ece(references, references, scores[:, 1]) == pytest.approx(0.2)


def test_a_model_that_is_right_as_often_as_it_says_is_calibrated() -> None:
    generator = np.random.default_rng(0)
    scores = generator.dirichlet(np.ones(4), 200_000)
    references = (scores.cumsum(1) < generator.random((len(scores), 1))).sum(1)
    assert ece(references, references, scores) < 0.005
    assert ece(references, references, np.eye(4)[scores.argmax(1)]) > 0.2


def test_bins_have_equal_widths_and_hold_their_upper_end() -> None:
    # One third and just above it are of two bins, each off by its own amount: nothing cancels out.
    edge = 1 / 3
    scores = np.array([[edge, 1 - edge], [edge + 1e-9, 1 - edge - 1e-9]])
    labels = np.array([[1, 0], [0, 1]])
    place = np.ceil(scores * BINS).astype(int)
    expected = sum(abs((labels - scores)[place == each].sum()) for each in np.unique(place)) / 4
    assert ece(labels, labels, scores) == pytest.approx(expected)
    assert expected > abs((labels - scores).sum()) / 4


def test_a_class_without_a_score_is_wrong_for_all_but_log_loss() -> None:
    references, scores = np.array([0, 1, 3]), np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]])
    known = references < 3
    assert log_loss(references, references, scores) == pytest.approx(
        log_loss(references[known], references[known], scores[known])
    )
    assert brier_score(references, references, scores) == pytest.approx((0.06 + 0.14 + 0.36 + 0.09 + 0.01 + 1) / 3)
    assert ece(references, references, scores) == pytest.approx((abs(0.2) + abs(0.3) + abs(-0.6)) / 3)


def test_no_row_with_a_score_leaves_log_loss_undefined() -> None:
    references = np.array([3, 3])
    assert np.isnan(log_loss(references, references, np.full((2, 3), 1 / 3)))
