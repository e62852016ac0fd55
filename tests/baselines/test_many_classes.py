"""Simple models of many classes: closed forms stand in for what would take minutes, and are named."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB

from modaxfer.baselines import linear
from modaxfer.baselines.sample import Sample, best


@pytest.fixture
def made():
    generator = np.random.default_rng(0)
    targets = {"train": np.arange(60) % 5, "validation": np.arange(20) % 5, "test": np.arange(25) % 5}
    counts = {
        split: generator.poisson(0.5 + 3 * (np.arange(40) % 5 == each[:, None])) for split, each in targets.items()
    }
    sample = Sample(
        columns={}, targets=targets, classes=7, seed=0, root=None
    )  # fmt: skip
    return counts, sample


def test_many_classes_of_words_are_told_apart_by_complement_naive_bayes(monkeypatch, made) -> None:
    counts, sample = made
    monkeypatch.setattr(linear, "WORK", 10)
    sparse = {split: csr_matrix(part.astype(float)) for split, part in counts.items()}
    found = list(linear.linear_candidates(sparse, sample, (1.0, 10.0)))
    assert linear.model_name(sample, sparse=True) == "complement naive Bayes"
    for outputs, smoothing in zip(found, linear.SMOOTHINGS, strict=True):
        reference = ComplementNB(alpha=smoothing).fit(sparse["train"], sample.targets["train"])
        np.testing.assert_allclose(outputs["test"][:, :5], reference.predict_proba(sparse["test"]), rtol=1e-5)
        assert not outputs["test"][:, 5:].any()


def test_many_classes_of_numbers_are_told_apart_by_a_discriminant_analysis(monkeypatch, made) -> None:
    counts, sample = made
    monkeypatch.setattr(linear, "WORK", 10)
    dense = {split: part.astype(float) for split, part in counts.items()}
    found = list(linear.linear_candidates(dense, sample, (1.0, 10.0)))
    assert linear.model_name(sample, sparse=False) == "linear discriminant analysis"
    for outputs, shrinkage in zip(found, linear.SHRINKAGES, strict=True):
        reference = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
        reference.fit(dense["train"], sample.targets["train"])
        np.testing.assert_allclose(outputs["test"][:, :5], reference.predict_proba(dense["test"]), rtol=1e-4, atol=1e-6)


def test_the_dual_problem_has_the_solution_of_the_primal(made) -> None:
    counts, sample = made
    wide = csr_matrix(np.tile(counts["train"], (1, 2)).astype(float))
    model = linear._logistic_model(wide, 1.0, None, 0)
    assert model.dual
    primal = LogisticRegression(C=1.0, solver="liblinear").fit(wide, sample.targets["train"] == 1)
    dual = model.fit(wide, sample.targets["train"] == 1)
    np.testing.assert_allclose(dual.predict_proba(wide), primal.predict_proba(wide), atol=2e-3)


def test_the_best_candidate_is_found_one_by_one(made) -> None:
    _, sample = made
    values = iter([np.nan, 0.2, 0.5, 0.5, np.nan, 0.1])
    outputs = [{"validation": np.full((20, 7), float(number))} for number in range(6)]
    assert best(iter(outputs), sample, lambda *_: next(values)) is outputs[2]
    assert best(iter(outputs[:2]), sample, lambda *_: np.nan) is outputs[0]
