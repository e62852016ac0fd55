"""What the comparison with whole grids says, on made-up grids."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import recommend_facts as facts

VALIDATION = {"a": 0.7, "b": 0.9, "c": 0.8}
"""Another order than that of the test scores; the simple bar has none."""


def task(name, chosen, *, scores, spent=10.0):
    cells = [
        {
            "encoder": encoder,
            "strategy": strategy,
            "score": score,
            "seconds": 50.0,
            "checkpoint": None,
            "validation": VALIDATION.get(encoder),
        }
        for (encoder, strategy), score in scores.items()
    ]
    said = {"k-nn": {"a": 0.9, "b": 0.5, "c": 0.1}, "size": {"a": 1.0, "b": 2.0, "c": 3.0}}
    return {
        "task": name, "greater_is_better": True, "cells": cells, "said": said, "interval": [0.7, 0.9], "spent_s": spent,
        "chosen": dict(zip(("encoder", "strategy"), chosen, strict=True)),
    }  # fmt: skip


SCORES = {("a", "frozen"): 0.8, ("b", "frozen"): 0.7, ("c", "full"): 0.6, ("", "simple"): 0.795}


def test_regret_places_and_cost_of_every_rule():
    tasks = [task("one", ("a", "frozen"), scores=SCORES), task("two", ("b", "frozen"), scores=SCORES)]
    made = facts.summary(tasks)
    own = made["rules"]["recommend"]
    assert own["close"] == 0.5
    assert own["regret"] == pytest.approx(0.05)
    assert own["relative_regret"] == pytest.approx(0.0625)
    assert (own["top_1"], own["top_3"]) == (0.5, 1.0)
    assert made["rules"]["largest encoder"]["regret"] == pytest.approx(0.2)
    assert made["rules"]["random pick"]["close"] == 0.5
    assert made["rules"]["default of the modality"]["close"] == 1.0
    assert made["rules"]["whole grid by validation"]["regret"] == pytest.approx(0.1)
    assert made["cost"]["share"] == pytest.approx(20 / 400)
    assert made["in_interval"] == 1.0


def test_a_score_that_orders_as_the_grid_does_has_tau_1_and_the_reverse_has_minus_1():
    one = task("one", ("a", "frozen"), scores=SCORES)
    assert facts.tau(one, "k-nn") == pytest.approx(1.0)
    assert facts.tau(one, "size") == pytest.approx(-1.0)
    assert facts.tau(one, "logme") is None
