"""Label shift: classes are as they were, but some are more common now, and probabilities are weighed by how much."""

from __future__ import annotations

import numpy as np
import torch

from modaxfer.contracts import Corrected, CorrectionContext
from modaxfer.corrections.calibration import calibrate
from modaxfer.errors import RunFailedError
from modaxfer.heads.scaled import ScaledHead
from modaxfer.metrics.priors import LEAST, Priors, priors

__all__ = ["fit"]


def fit(context: CorrectionContext, method: str = "em", calibration: str = "bias") -> Corrected:
    """Return the head that says what the trained one would under the target's shares of the classes.

    Args:
        context: Streams ``source``, held-out rows with targets, and ``target``, without.
        method: One of `modaxfer.metrics.priors.METHODS`.
        calibration: One of `modaxfer.corrections.calibration.METHODS`.

    Raises:
        RunFailedError: The model says what is no number.
    """
    source, target = context.seen["source"], context.seen["target"]
    assert source.targets is not None, "its labels are given"
    if not (source.outputs.isfinite().all() and target.outputs.isfinite().all()):
        raise RunFailedError("the model says what is no number, so that no shares can be estimated",
                             fix="lower --learning-rate, or use --precision fp32")  # fmt: skip
    rows = context.criterion.known(source.targets)
    labelled, targets = source.outputs[torch.from_numpy(rows)], source.targets[rows]
    scale, shift = calibrate(labelled, targets, calibration)
    said, unlabelled = ((scale * outputs + shift).double().softmax(1).numpy() for outputs in (labelled, target.outputs))
    found = priors(said, targets, unlabelled, method)
    change = np.log(found.target.clip(LEAST) / found.source)
    head = ScaledHead.of(
        context.head, torch.full_like(shift, scale), shift + torch.from_numpy(change).float()
    )  # fmt: skip
    return Corrected(
        head=head,
        report=_report(context, found, scale, method, len(target.outputs)),
        told=f"the classes' shares have moved by {found.moved:.3f} (0 not at all, 1 altogether)",
        warnings=_warnings(context, targets),
    )


def _report(context: CorrectionContext, found: Priors, scale: float, method: str, rows: int) -> dict[str, object]:
    def named(shares: np.ndarray) -> dict[str, float]:
        return {name: round(float(share), 6) for name, share in zip(context.classes, shares, strict=True)}

    return {
        "method": method,
        "temperature": round(1 / scale, 6) if scale else None,
        "source": named(found.source),
        "target": named(found.target),
        "moved": round(found.moved, 6),
        "rows": rows,
        **({"rounds": found.rounds} if found.rounds else {}),
    }


def _warnings(context: CorrectionContext, targets: np.ndarray) -> list[str]:
    absent = [name for number, name in enumerate(context.classes) if not (targets == number).any()]
    if not absent:
        return []
    return [f"no labelled row that the model was not trained on is of {', '.join(absent)}: its share is hardly known"]
