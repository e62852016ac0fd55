"""Distances between two sets of vectors: closed forms, and the losses of bridges, which are the same with a bias."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm, qmc

from modaxfer.bridges.embed.align import gaussian_distance, mmd
from modaxfer.testing.material.encoded_rows import encoded_rows
from modaxfer.transferability.shift import shift_report
from modaxfer.transferability.shift.distances import bures_squared, gaussian_kernel, median_distance, mmd_squared


def sides(first, second):
    domain = np.repeat([0.0, 1.0], [first, second])
    return (1 - domain)[None], domain[None]


def test_mmd_of_two_gaussians():
    """``2 (s^2 / (s^2 + 2))^(d/2) (1 - exp(-1 / (2 (s^2 + 2))))`` of N(0, I) and N(e1, I): 0.10235 for s = 1, d = 2."""
    points = norm.ppf(qmc.Sobol(4, seed=0).random(1024))
    rows = np.concatenate([points[:, :2], points[:, 2:] + [1, 0]])
    expected = 2 * (1 / 3) * (1 - np.exp(-1 / 6))
    assert expected == pytest.approx(0.10235, abs=5e-6)
    found = mmd_squared(gaussian_kernel(rows, 1.0), *sides(1024, 1024))[0]
    assert found == pytest.approx(expected, abs=4e-3)


def test_mmd_is_that_of_the_bridges_without_the_pairs_of_rows_with_themselves():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(9, 3)), rng.normal(size=(7, 3)) + 0.5
    kernel = gaussian_kernel(np.concatenate([first, second]), 1.3)
    biased = float(mmd(torch.from_numpy(first), torch.from_numpy(second), (1.3,)))
    inner = kernel[:9, :9].mean() * 9 / 8 - 1 / 8 + kernel[9:, 9:].mean() * 7 / 6 - 1 / 6
    unbiased = biased - kernel[:9, :9].mean() - kernel[9:, 9:].mean() + inner
    assert mmd_squared(kernel, *sides(9, 7))[0] == pytest.approx(unbiased)


def test_mmd_of_a_resample_leaves_copies_out():
    """A row that is drawn twice is no pair."""
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(8, 2))
    source, target = np.array([[2.0, 1, 0, 1, 0, 0, 0, 0]]), np.array([[0.0, 0, 0, 0, 1, 1, 2, 0]])
    kernel = gaussian_kernel(rows, 1.0)
    of = [np.repeat(np.arange(8), each[0].astype(int)) for each in (source, target)]
    inner = [np.mean([kernel[i, j] for i in each for j in each if i != j]) for each in of]
    across = np.mean([kernel[i, j] for i in of[0] for j in of[1]])
    # Two copies are two ordered pairs of sixteen that are no pairs.
    assert mmd_squared(kernel, source, target)[0] == pytest.approx(sum(inner) - 2 * across)


def test_the_bandwidth_is_the_median_distance():
    assert median_distance(np.array([[0.0], [1.0], [3.0]])) == pytest.approx(2.0)


def test_bures_of_two_gaussians():
    assert bures_squared(np.zeros(2), np.eye(2), np.array([1.0, 0]), 4 * np.eye(2)) == pytest.approx(3)


def test_bures_of_moments_is_that_of_rows():
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)) + rng.normal(size=4) for _ in range(2)]
    moments = [moment for each in rows for moment in (each.mean(0), np.cov(each, rowvar=False, bias=True))]
    expected = float(gaussian_distance(*map(torch.from_numpy, rows)))
    assert bures_squared(*moments) == pytest.approx(expected, rel=1e-6)


def test_a_distance_of_two_gaussians():
    """N(0, 1) and N(2, 1) are told apart at 1 with an error of Phi(-1): 2 (1 - 2 * 0.15866) = 1.365."""
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=(700, 1)) + shift for shift in (0, 2)]
    targets = np.arange(700) % 2
    report = shift_report(*(encoded_rows(each, targets) for each in rows))
    found = report.covariate.effects[0]
    assert found.name == "A-distance"
    assert found.value == pytest.approx(2 * (1 - 2 * norm.cdf(-1)), abs=0.1)
    assert found.low < found.value < found.high
    assert found.high - found.low < 0.3
