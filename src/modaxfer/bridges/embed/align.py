"""ORCA's first stage: move embedded targets towards a source's features (Shen et al. 2023).

Distances between two sets of vectors: maximum mean discrepancy, and the optimal transport dataset distance, which also
compares labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

import numpy as np
import torch
from torch import nn

from modaxfer.contracts import Batch, Hidden, pool
from modaxfer.errors import MissingPackageError

__all__ = ["align", "discrete_labels", "gaussian_distance", "mmd", "otdd", "require_transport"]

BANDWIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Kernel widths relative to the median distance; several, since none suits every scale (Long et al. 2015)."""

GROUPS = 10
"""Groups of equal size that a number target is put into."""


def align(
    embedder: nn.Module,
    batches: Iterator[tuple[Batch, torch.Tensor]],
    embed_tokens: Callable[[Hidden], Hidden],
    source: torch.Tensor,
    source_labels: torch.Tensor,
    *,
    method: str,
    steps: int,
    learning_rate: float,
) -> list[float]:
    """Train `embedder` so that what enters the body resembles what entered it in pretraining.

    Args:
        embedder: ``Batch -> Hidden``; its parameters alone are moved, by Adam.
        batches: At least `steps` batches of the training rows with their labels, int64 ``[batch]``.
        embed_tokens: The encoder's entry, `Encoder.embed_tokens`; gradients flow through it, its weights stay.
        source: Pooled (mean) entry states of a proxy task, ``[rows, width]``.
        source_labels: int64 ``[rows]``.
        method: ``mmd`` or ``otdd``.
        steps: Optimiser steps.
        learning_rate: Of Adam.

    Returns:
        The distance before each step.

    Raises:
        MissingPackageError: ``otdd`` without POT.
    """
    optimiser = torch.optim.Adam(embedder.parameters(), lr=learning_rate)
    losses = []
    for _ in range(steps):
        batch, labels = next(batches)
        features = pool(embed_tokens(embedder(batch)), "mean")
        fixed = source.to(features)
        distance = otdd(features, labels, fixed, source_labels) if method == "otdd" else mmd(features, fixed)
        optimiser.zero_grad()
        # Gradients of the embedder only: the encoder's own must not pile up before training.
        torch.autograd.backward(distance, inputs=list(embedder.parameters()))
        optimiser.step()
        losses.append(float(distance.detach()))
    optimiser.zero_grad()
    return losses


def mmd(x: torch.Tensor, y: torch.Tensor, bandwidths: tuple[float, ...] | None = None) -> torch.Tensor:
    """Return the squared maximum mean discrepancy (Gretton et al. 2012, equation 5, biased).

    The kernel is the mean of Gaussians ``exp(-d**2 / (2 * bandwidth**2))``.

    Args:
        x: ``[n, width]``; gradients flow.
        y: ``[m, width]``.
        bandwidths: Of the Gaussians; default a quarter to four times the median distance of all pairs.

    Returns:
        A scalar, zero where both are equal.
    """
    both = torch.cat([x, y])
    squared = _squared(both, both)
    if bandwidths is None:
        apart = squared.detach()[~torch.eye(len(both), dtype=torch.bool, device=both.device)]
        median = apart.median().clamp_min(1e-12).sqrt()
        widths = [float(median) * factor for factor in BANDWIDTHS]
    else:
        widths = list(bandwidths)
    kernel = torch.stack([torch.exp(-squared / (2 * width**2)) for width in widths]).mean(0)
    count = len(x)
    return kernel[:count, :count].mean() + kernel[count:, count:].mean() - 2 * kernel[:count, count:].mean()


def otdd(x: torch.Tensor, labels_x: torch.Tensor, y: torch.Tensor, labels_y: torch.Tensor) -> torch.Tensor:
    """Return the squared optimal transport dataset distance (Alvarez-Melis & Fusi 2020).

    Moving a row costs the squared distance of the vectors and that of the labels, which are compared by their rows as
    Gaussians (`gaussian_distance`). The transport is exact.

    Args:
        x: ``[n, width]``; gradients flow.
        labels_x: int64 ``[n]``.
        y: ``[m, width]``.
        labels_y: int64 ``[m]``; need not be of the same classes.

    Returns:
        A scalar.

    Raises:
        MissingPackageError: POT is not installed.
    """
    transport = require_transport()
    classes_x, which_x = torch.unique(labels_x.to(x.device), return_inverse=True)
    classes_y, which_y = torch.unique(labels_y.to(y.device), return_inverse=True)
    between = torch.stack(
        [
            torch.stack([gaussian_distance(x[which_x == a], y[which_y == b]) for b in range(len(classes_y))])
            for a in range(len(classes_x))
        ]
    )
    cost = _squared(x, y) + between[which_x][:, which_y]
    with torch.no_grad():
        plan = transport(np.full(len(x), 1 / len(x)), np.full(len(y), 1 / len(y)), cost.double().cpu().numpy())
    # The best plan does not change with the cost to first order (envelope theorem).
    return (torch.as_tensor(plan).to(cost) * cost).sum()


def gaussian_distance(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the squared 2-Wasserstein distance of the Gaussians with the rows' means and covariances.

    ``|m - n|**2 + tr S + tr T - 2 tr (S**0.5 T S**0.5)**0.5``. With centred rows A, B divided by the root of their
    number, the last trace is the sum of the singular values of ``A B'``, which needs no matrix root and has a gradient
    also for fewer rows than columns.

    Args:
        x: ``[n, width]``, at least one row.
        y: ``[m, width]``, at least one row.
    """
    means = x.mean(0), y.mean(0)
    left, right = ((rows - mean) / len(rows) ** 0.5 for rows, mean in zip((x, y), means, strict=True))
    shared = torch.linalg.svdvals(left @ right.T).sum()
    spread = left.square().sum() + right.square().sum()
    distance: torch.Tensor = (means[0] - means[1]).square().sum() + spread - 2 * shared
    return distance


def discrete_labels(targets: np.ndarray) -> np.ndarray:
    """Return int64 labels ``[rows]`` for any target, so that rows can be compared class by class.

    Classes stay; numbers are put into ten groups of equal size; of several labels each combination is a class.

    Args:
        targets: As in `TaskData.targets`.
    """
    if targets.ndim == 2:
        return cast("np.ndarray", np.unique(targets > 0.5, axis=0, return_inverse=True)[1].reshape(-1))
    if np.issubdtype(targets.dtype, np.integer):
        return targets
    edges = np.quantile(targets, np.linspace(0, 1, GROUPS + 1)[1:-1])
    return cast("np.ndarray", np.searchsorted(edges, targets, side="right"))


def _squared(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return squared distances ``[n, m]``, from differences: products would lose small ones."""
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").square()


def require_transport(purpose: str = "bridge.align=otdd") -> Callable[..., np.ndarray]:
    """Return POT's exact solver: weights of both sides and costs ``[n, m]`` to a plan ``[n, m]``.

    Args:
        purpose: What asks for it, for people.

    Raises:
        MissingPackageError: POT is not installed.
    """
    try:
        import ot
    except ImportError:
        raise MissingPackageError("POT", purpose, "pip install 'modaxfer[ot]'") from None
    return cast("Callable[..., np.ndarray]", ot.emd)
