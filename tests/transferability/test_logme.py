"""LogME: its fixed point is the optimum of the marginal likelihood, which is that of a Gaussian."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from modaxfer.testing.material.encoded_rows import drawn, encoded_rows
from modaxfer.transferability import judged
from modaxfer.transferability.logme import Spectrum, best_evidence, evidence


def spectrum(features, column):
    left, values, _ = np.linalg.svd(features, full_matrices=False)
    return Spectrum(values**2, (left.T @ column) ** 2, float(column @ column), *features.shape)


def task(rows, width, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, width)) * rng.uniform(0.1, 3, width)
    return features, features @ rng.normal(size=width) + noise * rng.normal(size=rows)


@pytest.mark.parametrize("shape", [(40, 6), (12, 30)])
def test_the_evidence_is_the_density_of_a_gaussian(shape):
    features, column = task(*shape)
    covariance = features @ features.T / 0.7 + np.eye(shape[0]) / 1.9
    density = multivariate_normal.logpdf(column, cov=covariance)
    assert evidence(spectrum(features, column), 0.7, 1.9) == pytest.approx(density, abs=1e-8)


@pytest.mark.parametrize(("shape", "noise"), [((40, 6), 1.0), ((200, 20), 5.0), ((30, 60), 2.0)])
def test_the_fixed_point_is_the_optimum(shape, noise):
    found = spectrum(*task(*shape, noise=noise))
    direct = minimize(
        lambda logs: -evidence(found, *np.exp(logs)),
        np.zeros(2),
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000},
    )
    assert best_evidence(found) == pytest.approx(-direct.fun, abs=1e-8)


def test_the_score_is_the_mean_over_rows_and_outputs():
    layers, targets = drawn(classes=3, width=5)
    features = layers[0].astype(np.float32)
    scaled = (features / np.sqrt(features.var(0).mean())).astype(float)
    values = [best_evidence(spectrum(scaled, (targets == one).astype(float))) for one in range(3)]
    assert judged("logme", encoded_rows(features, targets)).value == pytest.approx(np.mean(values) / 120, rel=1e-5)


def test_features_that_say_nothing_come_to_an_end():
    rng = np.random.default_rng(0)
    column = rng.normal(size=50)
    features = rng.normal(size=(50, 2))
    features -= np.outer(column, column @ features) / (column @ column)
    assert np.isfinite(best_evidence(spectrum(features, column)))
