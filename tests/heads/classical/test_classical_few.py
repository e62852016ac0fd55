"""Heads for a few rows per class, against their formulas and scikit-learn."""

import numpy as np
import pytest
import torch
from made import classes_of, rows_of, space_of
from scipy.special import log_softmax
from scipy.stats import multivariate_normal
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler, normalize

from heads_read import said
from modaxfer.heads.classical.calibration import Calibration
from modaxfer.heads.classical.family import head_named

ROWS = rows_of(60)
TARGETS = classes_of(ROWS)
NEW = rows_of(40, seed=1)
SCALER = StandardScaler().fit(ROWS.astype(np.float64))


def fitted(name, value, calibration=None):
    space, _ = space_of(ROWS, TARGETS, "multiclass")
    head, _ = head_named(name).fit(space, value, "softmax", calibration)
    return said(head, torch.from_numpy(NEW)).detach().numpy()


def test_a_prototype_is_the_nearest_class_mean_of_scikit_learn():
    expected = NearestCentroid().fit(SCALER.transform(ROWS), TARGETS).predict(SCALER.transform(NEW))
    assert fitted("prototype", 0.0).argmax(1).tolist() == expected.tolist()


def test_with_their_shares_as_prior_prototypes_are_discriminant_analysis_with_a_spherical_covariance():
    rows, new = SCALER.transform(ROWS), SCALER.transform(NEW)
    means = np.stack([rows[label == TARGETS].mean(0) for label in range(3)])
    variance = (rows - means[TARGETS]).var(0).mean()
    likelihoods = np.stack(
        [multivariate_normal(mean, variance * np.eye(12)).logpdf(new) for mean in means], 1
    ) + np.log(np.bincount(TARGETS) / len(TARGETS))
    expected = log_softmax(likelihoods, axis=1)
    np.testing.assert_allclose(log_softmax(fitted("prototype", 1.0), axis=1), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("blend", "sharpness"), [(1.0, 5.5), (30.0, 20.0)])
def test_tip_blends_class_means_and_near_rows_as_its_paper_says(blend, sharpness):
    rows, new = normalize(SCALER.transform(ROWS)), normalize(SCALER.transform(NEW))
    onehot = np.eye(3)[TARGETS]
    shares = onehot / onehot.sum(0)
    cache = np.exp(-sharpness * (1 - new @ rows.T)) @ shares
    expected = 10 * new @ normalize(shares.T @ rows).T + blend * cache
    np.testing.assert_allclose(fitted("tip", (blend, sharpness)), expected, rtol=1e-3, atol=1e-3)
    scaled = Calibration(slope=torch.full((3,), 2.0), offset=torch.zeros(3))
    np.testing.assert_allclose(fitted("tip", (blend, sharpness), scaled), 2 * expected, rtol=1e-3, atol=1e-3)


def test_a_class_without_a_row_is_never_said():
    space, _ = space_of(ROWS, TARGETS % 2, "multiclass")
    head, _ = head_named("prototype").fit(space, 0.0, "softmax", None)
    assert 2 not in said(head, torch.from_numpy(NEW)).argmax(1)
