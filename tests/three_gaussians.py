"""Rows of three classes whose posteriors are known, under any shares of the classes."""

from __future__ import annotations

import numpy as np
import torch

SOURCE, TARGET = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.2, 0.7])
MEANS = np.array([[1.0, 0.0], [-1.0, 0.5], [0.0, -1.0]])


def drawn(shares, rows, seed):
    """Return rows of three Gaussians of deviation 1, their classes, and exact posteriors under the source's shares."""
    generator = np.random.default_rng(seed)
    targets = generator.choice(3, size=rows, p=shares)
    points = MEANS[targets] + generator.normal(size=(rows, 2))
    logits = points @ MEANS.T - (MEANS**2).sum(1) / 2 + np.log(SOURCE)
    return points, targets, logits


def shares_of(logits):
    return torch.from_numpy(logits).softmax(1).numpy()
