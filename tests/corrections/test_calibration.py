"""Calibration finds the temperature and the biases that outputs were made with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from modaxfer.corrections.calibration import calibrate


@pytest.fixture(scope="module")
def made():
    """Logits that are three times too sure, with biases, and targets drawn from what they should say."""
    generator = np.random.default_rng(0)
    right = generator.normal(size=(20_000, 3)) * 1.5
    bias = np.array([0.5, -0.5, 0.0])
    shares = torch.from_numpy(right + bias).softmax(1).numpy()
    targets = (shares.cumsum(1) > generator.random((len(shares), 1))).argmax(1)
    return torch.from_numpy(3 * right).float(), targets, bias


def test_temperature_and_bias_are_found(made) -> None:
    outputs, targets, bias = made
    scale, shift = calibrate(outputs, targets, "bias")
    assert scale == pytest.approx(1 / 3, abs=0.02)
    np.testing.assert_allclose(shift - shift.mean(), bias - bias.mean(), atol=0.05)
    # At the optimum the mean probability of a class is its share.
    said = (scale * outputs + shift).softmax(1).mean(0)
    np.testing.assert_allclose(said, np.bincount(targets) / len(targets), atol=1e-5)


def test_a_temperature_alone_leaves_the_order_of_classes(made) -> None:
    outputs, targets, _ = made
    scale, shift = calibrate(outputs, targets, "temperature")
    assert 0 < scale < 1
    assert not shift.any()
    scale, shift = calibrate(outputs, targets, "none")
    assert (scale, shift.tolist()) == (1.0, [0.0, 0.0, 0.0])
