"""What takes most of a tiny run's time and few tests look at: resamples, scikit-learn's scores, many simple models."""

from __future__ import annotations

import pytest

RESAMPLES = 200


def spare(patch: pytest.MonkeyPatch, *, exact: bool = False) -> None:
    """Let runs draw few resamples and no feature map.

    Where scores need not be `exact`, they are added up and one simple model is fitted.
    """
    from modaxfer.metrics import bootstrap, compute, paired_difference, paired_gain
    from modaxfer.metrics.power_law import power_law_interval

    for interval in (bootstrap, paired_difference, paired_gain, power_law_interval):
        patch.setitem(interval.__kwdefaults__, "resamples", RESAMPLES)
    patch.setattr("modaxfer.runner.evaluation.conclude.map_features", lambda *_: {})
    if not exact:
        patch.setitem(compute.__kwdefaults__, "quick", True)
        _one_simple_model(patch)


def _one_simple_model(patch: pytest.MonkeyPatch) -> None:
    """Let the simple baseline fit one model, not one per strength, size and number of rounds, and choose it."""
    from modaxfer.baselines import linear, table

    settings = linear._settings
    patch.setattr(linear, "_settings", lambda sample, strengths: settings(sample, strengths)[-1:])
    patch.setattr(table, "LEAVES", table.LEAVES[:1])
    patch.setattr(table, "ROUNDS", table.ROUNDS[:1])
