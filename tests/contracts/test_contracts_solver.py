"""Solvers of one stream say so where a plan gives them others."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.contracts import LayerFeatures, SolverContext
from modaxfer.errors import RefusedError

FEATURES = LayerFeatures(train=np.zeros((4, 3, 3, 2), np.float32))
TARGETS = {"train": np.arange(4)}


def context(features, targets):
    return SolverContext(
        features={name: each if isinstance(each, tuple) else (each,) for name, each in features.items()},
        targets=targets,
        problem="multiclass",
        judge=lambda *given: 0.0,
    )


def test_the_only_stream_is_found_by_any_name():
    made = context({"films": FEATURES}, {"films": TARGETS})
    assert made.only() == (FEATURES, TARGETS)
    assert FEATURES.layers == 3


@pytest.mark.parametrize(
    ("features", "targets", "got"),
    [
        ({"a": FEATURES, "b": FEATURES}, {"a": TARGETS, "b": TARGETS}, r"a, b"),
        ({"a": FEATURES, "b": FEATURES}, {"a": TARGETS, "b": {}}, r"a, b \(labels hidden\)"),
        ({"a": FEATURES}, {"a": {}}, r"a \(labels hidden\)"),
    ],
)
def test_several_streams_and_hidden_labels_are_refused(features, targets, got):
    with pytest.raises(RefusedError, match=rf"one stream whose labels are given\. Got: {got}\."):
        context(features, targets).only()


def test_features_of_several_encoders_are_for_solvers_that_ask_for_them():
    made = context({"films": (FEATURES, FEATURES)}, {"films": TARGETS})
    assert made.only_stream() == ((FEATURES, FEATURES), TARGETS)
    message = r"features of one encoder\. Got: 2 encoders\..*one --encoder.*Solver\(several=True\)"
    with pytest.raises(RefusedError, match=message):
        made.only()
