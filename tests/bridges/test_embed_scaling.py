from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from modaxfer.bridges.embed.scaling import bin_edges, fit_scale, piecewise_linear, restore_scale

VALUES = np.concatenate([np.random.default_rng(0).lognormal(size=150), [1.0] * 40])
NEW = np.array([-5.0, 0.0, 0.3, 1.0, 2.5, 100.0])


def test_standard_agrees_with_scikit_learn() -> None:
    expected = StandardScaler().fit(VALUES[:, None]).transform(NEW[:, None])[:, 0]
    np.testing.assert_allclose(fit_scale(VALUES, "standard")(NEW), expected)


def test_quantile_agrees_with_scikit_learn() -> None:
    reference = QuantileTransformer(n_quantiles=len(VALUES), output_distribution="normal").fit(VALUES[:, None])
    np.testing.assert_allclose(
        fit_scale(VALUES, "quantile")(NEW), reference.transform(NEW[:, None])[:, 0], rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("method", ["standard", "quantile"])
def test_a_scale_survives_json_and_ignores_gaps(method) -> None:
    scale = fit_scale(np.append(VALUES, np.nan), method)
    again = restore_scale(json.loads(json.dumps(scale.state())))
    with_gap = np.append(NEW, np.nan)
    np.testing.assert_array_equal(again(with_gap), scale(with_gap))
    np.testing.assert_array_equal(scale(NEW), fit_scale(VALUES, method)(NEW))
    assert np.isnan(scale(with_gap)[-1])


@pytest.mark.parametrize("method", ["standard", "quantile"])
@pytest.mark.parametrize("values", [[7.0] * 9, [0.1 + 0.2] * 9, [np.nan] * 9, [1e12]])
def test_constants_and_empty_columns_give_finite_numbers(method, values) -> None:
    scaled = fit_scale(np.array(values), method)(np.array([0.3, 7.0, 8.0]))
    assert np.isfinite(scaled).all()


def test_a_constant_becomes_zero() -> None:
    assert fit_scale(np.full(7, 0.1), "standard")(np.array([0.1]))[0] == pytest.approx(0)


def test_piecewise_linear_follows_the_paper() -> None:
    # Bins 0-1, 1-3, 3-4; the outer ones go on.
    found = piecewise_linear(np.array([-1.0, 0.5, 1.0, 2.0, 3.5, 6.0]), [0, 1, 3, 4])
    expected = [[-1, 0, 0], [0.5, 0, 0], [1, 0, 0], [1, 0.5, 0], [1, 1, 0.5], [1, 1, 3]]
    np.testing.assert_allclose(found, expected)


def test_bins_hold_equally_many_rows() -> None:
    edges = bin_edges(np.append(np.arange(100.0), np.nan), 4)
    np.testing.assert_allclose(edges, [0, 24.75, 49.5, 74.25, 99])


@pytest.mark.parametrize(
    ("values", "edges"), [([2.0] * 5, [2.0, 3.0]), ([np.nan], [0.0, 1.0]), ([0.0, 1.0], [0, 0.5, 1])]
)
def test_few_different_values_make_few_bins(values, edges) -> None:
    assert bin_edges(np.array(values), 2) == edges
