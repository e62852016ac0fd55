"""Scores with intervals, by one function for a run's own split and for rows scored later."""

import numpy as np
import pytest

from modaxfer.metrics import bootstrap, compute
from modaxfer.runner.evaluation import measured
from modaxfer.runner.evaluation.measured import measure

GIVEN = {
    "problem": "multiclass",
    "references": np.array([0, 1, 2, 0, 1, 2]),
    "predictions": np.array([0, 1, 1, 0, 2, 2]),
    "scores": None,
}


def test_scores_and_intervals_are_those_of_the_metrics():
    lines = []
    found = measure(("accuracy", "f1_macro"), GIVEN, needed="accuracy", seed=3, units=None, warnings=lines)
    assert found.metrics == dict(compute(("accuracy", "f1_macro"), **GIVEN))
    assert found.intervals == {
        name: (each.low, each.high) for name, each in bootstrap(("accuracy", "f1_macro"), seed=3, **GIVEN).items()
    }
    assert lines == []


def test_a_secondary_metric_may_fail_and_the_needed_one_may_not(monkeypatch):
    def failing(names, **given):
        if "f1_macro" in names:
            raise ValueError("no such thing")
        return compute(names, **given)

    monkeypatch.setattr(measured, "compute", failing)
    lines = []
    found = measure(("accuracy", "f1_macro"), GIVEN, needed="accuracy", seed=0, units=None, warnings=lines)
    assert (set(found.metrics), set(found.intervals)) == ({"accuracy"}, {"accuracy", "f1_macro"})
    assert lines == ["the metric f1_macro failed and is left out: ValueError: no such thing"]
    with pytest.raises(ValueError, match="no such thing"):
        measure(("accuracy", "f1_macro"), GIVEN, needed="f1_macro", seed=0, units=None, warnings=[])
