"""Chance and majority against scikit-learn's dummies and in corners."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, log_loss

from problem_names import chance, majority


def accuracy(references, predictions, scores):
    return {"accuracy": accuracy_score(references, predictions)}


def test_chance_of_many_classes_still_says_each_class_once() -> None:
    references = np.arange(100) % 90
    found = chance(accuracy, problem="multiclass", references=references, train=references, classes=90)
    assert found["accuracy"] == pytest.approx(1 / 90, abs=1e-12)


def test_majority_scores_are_the_shares_of_the_training_rows() -> None:
    generator = np.random.default_rng(0)
    references, train = (generator.choice(3, rows, p=[0.6, 0.3, 0.1]) for rows in (40, 90))
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((90, 1)), train)
    found = majority(
        lambda true, said, scores: {"log_loss": log_loss(true, scores)},
        problem="multiclass",
        references=references,
        train=train,
        classes=3,
    )
    assert found["log_loss"] == pytest.approx(log_loss(references, dummy.predict_proba(np.zeros((40, 1)))))


def test_majority_of_labels_scores_each_by_its_share() -> None:
    train = np.array([[1, 0], [1, 1], [0, 0], [1, 0]], np.float32)
    said = {}

    def keep(references, predictions, scores):
        said.update(predictions=predictions, scores=scores)
        return {}

    majority(keep, problem="multilabel", references=np.zeros((2, 2)), train=train, classes=2)
    np.testing.assert_array_equal(said["predictions"], [[1, 0], [1, 0]])
    np.testing.assert_allclose(said["scores"], [[0.75, 0.25]] * 2)
