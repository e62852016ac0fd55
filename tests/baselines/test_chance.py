"""Chance and majority against closed forms."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score

from modaxfer.metrics import compute
from problem_names import chance, majority

REFERENCES = np.array([0] * 50 + [1] * 30 + [2] * 20)
TRAIN = np.array([0] * 5 + [2] * 7 + [1] * 2)


def scorer(problem, *names):
    def score(references, predictions, scores):
        return compute(names, problem=problem, references=references, predictions=predictions, scores=scores)

    return score


def test_chance_of_classes_is_one_in_so_many():
    score = scorer("multiclass", "accuracy", "balanced_accuracy", "roc_auc")
    found = chance(score, problem="multiclass", references=REFERENCES, train=TRAIN, classes=3)
    assert found["accuracy"] == pytest.approx(1 / 3)
    assert found["balanced_accuracy"] == pytest.approx(1 / 3)
    assert found["roc_auc"] == pytest.approx(0.5)


def test_chance_of_f1_is_that_of_a_uniform_dummy():
    found = chance(
        scorer("multiclass", "f1_macro"),
        problem="multiclass",
        references=REFERENCES,
        train=TRAIN,
        classes=3,
    )
    rows = REFERENCES.reshape(-1, 1)
    dummies = [
        f1_score(
            REFERENCES, DummyClassifier(strategy="uniform", random_state=seed).fit(rows, REFERENCES).predict(rows),
            average="macro",
        )
        for seed in range(100)
    ]  # fmt: skip
    assert found["f1_macro"] == pytest.approx(np.mean(dummies), abs=0.015)


def test_chance_is_the_same_for_the_same_seed():
    run = partial(
        chance, scorer("binary", "f1_macro"), problem="binary", references=REFERENCES % 2, train=TRAIN % 2,
        classes=2,
    )  # fmt: skip
    assert run(seed=1) == run(seed=1)
    assert run(seed=1) != run(seed=2)


def test_chance_of_labels_is_a_coin():
    references = np.random.default_rng(0).integers(0, 2, (400, 3))
    found = chance(
        scorer("multilabel", "f1_micro"), problem="multilabel", references=references, train=references,
        classes=3,
    )  # fmt: skip
    share = references.mean()
    # Precision of a coin is the share of present labels, recall one half.
    assert found["f1_micro"] == pytest.approx(2 * share * 0.5 / (share + 0.5), abs=0.01)


def test_chance_of_a_regression_draws_training_targets():
    targets = np.random.default_rng(0).normal(3, 2, 2000)
    found = chance(scorer("regression", "rmse"), problem="regression", references=targets, train=targets, classes=0)
    # Two independent draws differ by sqrt(2) deviations.
    assert found["rmse"] == pytest.approx(2**0.5 * targets.std(), rel=0.03)


def test_majority_says_the_most_common_training_class():
    found = majority(
        scorer("multiclass", "accuracy", "f1_macro"), problem="multiclass", references=REFERENCES,
        train=TRAIN, classes=3,
    )  # fmt: skip
    assert found["accuracy"] == pytest.approx(0.2)
    assert found["f1_macro"] == pytest.approx(f1_score(REFERENCES, np.full(100, 2), average="macro"))


def test_majority_of_a_regression_is_the_training_mean():
    references, train = np.array([1.0, 2.0, 6.0]), np.array([2.0, 4.0])
    found = majority(
        scorer("regression", "mae", "r2"), problem="regression", references=references, train=train,
        classes=0,
    )  # fmt: skip
    assert found["mae"] == pytest.approx(np.abs(references - 3).mean())
    assert found["r2"] == pytest.approx(0.0, abs=1e-9)


def test_majority_of_labels_says_what_most_rows_have():
    train = np.array([[1, 0], [1, 0], [1, 1]])
    found = majority(
        scorer("multilabel", "accuracy"), problem="multilabel", references=np.array([[1, 0], [0, 0]]),
        train=train, classes=2,
    )  # fmt: skip
    assert found["accuracy"] == pytest.approx(0.5)
