"""Shares of classes are found without labels: closed forms, fixed points, and a shift that is known."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.metrics.priors import bbse, expectation_maximisation, priors
from three_gaussians import SOURCE, TARGET, drawn, shares_of


@pytest.fixture(scope="module")
def domains():
    return drawn(SOURCE, 20_000, 0), drawn(TARGET, 20_000, 1)


def test_bbse_solves_its_equation_exactly() -> None:
    said = np.array([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9], [0.3, 0.7]])
    targets = np.array([0, 0, 1, 1])
    joint = np.array([[1.4, 0.4], [0.6, 1.6]]) / 4
    weights = np.array([0.4, 1.6])
    # Two rows whose mean is C w.
    unlabelled = np.stack([joint @ weights] * 2)
    np.testing.assert_allclose(bbse(said, targets, unlabelled), weights, atol=1e-12)


def test_a_class_without_labelled_rows_keeps_its_weight() -> None:
    said = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])
    found = bbse(said, np.array([0, 1]), said)
    assert found[2] == 1
    np.testing.assert_allclose(found[:2], 1, atol=1e-6)


@pytest.mark.parametrize("method", ["em", "bbse"])
def test_a_known_shift_is_recovered(method, domains) -> None:
    (_, targets, source), (_, _, target) = domains
    found = priors(shares_of(source), targets, shares_of(target), method)
    np.testing.assert_allclose(found.source, SOURCE, atol=0.01)
    np.testing.assert_allclose(found.target, TARGET, atol=0.02)
    assert found.moved == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("method", ["em", "bbse"])
def test_the_source_itself_has_not_moved(method, domains) -> None:
    (_, targets, logits), _ = domains
    found = priors(shares_of(logits), targets, shares_of(logits), method)
    assert found.moved < 0.01


def test_the_end_of_expectation_maximisation_is_a_fixed_point(domains) -> None:
    _, (_, _, logits) = domains
    said = shares_of(logits)
    shares, rounds = expectation_maximisation(said, SOURCE)
    weighed = said * shares / SOURCE
    np.testing.assert_allclose((weighed / weighed.sum(1, keepdims=True)).mean(0), shares, atol=1e-9)
    assert 1 < rounds < 10_000
