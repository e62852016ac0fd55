"""What takes most of a tiny run's time and few tests look at: resamples, models of which one is chosen, reading."""

from __future__ import annotations

import gc
from functools import partial
from types import SimpleNamespace

import pytest

import read_once

RESAMPLES = 200


def spare(patch: pytest.MonkeyPatch, *, exact: bool = False, searched: bool = False) -> None:
    """Let runs draw few resamples and no feature map.

    Where scores need not be `exact`, they are added up, one simple model is fitted, what was read once of a checkpoint
    is copied, operations of training are not counted, and a classical head has one setting, unless it is `searched` for
    what comes of the search.
    """
    from modaxfer.metrics import bootstrap, compute, paired_difference, paired_gain
    from modaxfer.metrics.power_law import power_law_interval

    for interval in (bootstrap, paired_difference, paired_gain, power_law_interval):
        patch.setitem(interval.__kwdefaults__, "resamples", RESAMPLES)
    patch.setattr("modaxfer.runner.evaluation.conclude.map_features", lambda *_: {})
    # What a tiny model leaves behind is young: to walk through all modules for it takes longer than to train it.
    young = SimpleNamespace(collect=partial(gc.collect, 1))
    for module in ("compare.cell", "recommend.tries", "tuning.trial"):
        patch.setattr(f"modaxfer.runner.{module}.gc", young)
    if not exact:
        patch.setattr("modaxfer.runner.training.loop.phase_flops", lambda *_: None)
        patch.setitem(compute.__kwdefaults__, "quick", True)
        _one_simple_model(patch)
        _copied_models(patch)
        if not searched:
            _one_setting(patch)


def _one_simple_model(patch: pytest.MonkeyPatch) -> None:
    """Let the simple baseline fit one model, not one per strength, size and number of rounds, and choose it."""
    from modaxfer.baselines import linear, table

    settings = linear._settings
    patch.setattr(linear, "_settings", lambda sample, strengths: settings(sample, strengths)[-1:])
    patch.setattr(table, "LEAVES", table.LEAVES[:1])
    patch.setattr(table, "ROUNDS", table.ROUNDS[:1])


def _one_setting(patch: pytest.MonkeyPatch) -> None:
    """Let the search of classical heads try one setting of each on each view."""
    from modaxfer.heads.classical import discriminant, logistic, neighbours, ridge, views

    patch.setattr(views, "PENALTIES", views.PENALTIES[:1])
    for head, place in ((ridge.Ridge, 2), (discriminant.LDA, 2), (logistic.Logistic, 2), (neighbours.Neighbours, 0)):
        patch.setattr(head, "grid", head.grid[place : place + 1])


def _copied_models(patch: pytest.MonkeyPatch) -> None:
    """Let a small checkpoint be read once, as long as none of its files changes: to copy it takes a tenth of that."""
    from modaxfer.encoders import body

    patch.setattr(body, "read_model", partial(read_once.model, body.read_model))
