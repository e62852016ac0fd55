"""Principal components against scikit-learn's, and where there is nothing to find."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from modaxfer.metrics.principal_components import principal_components


@pytest.mark.parametrize("shape", [(40, 7), (5, 30)])
def test_places_and_shares_are_those_of_scikit_learn(shape):
    vectors = np.random.default_rng(3).normal(size=shape) * np.arange(1, shape[1] + 1) + 5
    reference = PCA(2, svd_solver="full").fit(vectors)
    places, shares = principal_components(vectors)
    np.testing.assert_allclose(places, reference.transform(vectors), atol=1e-9)
    np.testing.assert_allclose(shares, reference.explained_variance_ratio_, atol=1e-12)


def test_vectors_on_a_line_have_one_component_and_equal_ones_none():
    line = np.arange(4.0)[:, None] * [[3.0, 4.0]]
    places, shares = principal_components(line)
    np.testing.assert_allclose(places, [[-7.5, 0], [-2.5, 0], [2.5, 0], [7.5, 0]], atol=1e-12)
    np.testing.assert_allclose(shares, [1, 0], atol=1e-12)
    places, shares = principal_components(np.ones((3, 1)))
    assert (places == 0).all()
    assert shares.tolist() == [0, 0]
