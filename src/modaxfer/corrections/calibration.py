"""Calibrated probabilities: outputs that mean what they say, fitted to held-out labelled rows."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

__all__ = ["METHODS", "calibrate"]

METHODS = ("bias", "temperature", "none")
"""``temperature`` (Guo et al. 2017), ``bias`` (with a bias per class beside it, Alexandari et al. 2020), or nothing."""


def calibrate(outputs: torch.Tensor, targets: np.ndarray, method: str = "bias") -> tuple[float, torch.Tensor]:
    """Return scale and shift ``[classes]`` so that ``softmax(scale * outputs + shift)`` fits the targets best.

    The least cross-entropy, a convex problem. With ``bias`` the mean probability of each class is its share among the
    targets, which estimates of priors rely on.

    Args:
        outputs: Logits ``[rows, classes]``.
        targets: Class numbers, int64 ``[rows]``.
        method: One of `METHODS`.

    Source: Alexandari, Kundaje & Shrikumar 2020, section 3 (bias-corrected temperature scaling).
    """
    shift = torch.zeros(outputs.shape[1], dtype=torch.float64)
    scale = torch.ones((), dtype=torch.float64)
    if method == "none":
        return 1.0, shift.float()
    logits, wanted = outputs.double(), torch.from_numpy(targets)
    moving = [scale, shift] if method == "bias" else [scale]
    for parameter in moving:
        parameter.requires_grad_()
    optimiser = torch.optim.LBFGS(moving, max_iter=500, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        found = functional.cross_entropy(scale * logits + shift, wanted)
        found.backward()  # type: ignore[no-untyped-call]
        return found

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return float(scale.detach()), shift.detach().float()
