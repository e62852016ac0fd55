"""The drawn shifts are those of SKADA-Bench; each family of methods helps with its own shift and harms with others."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SEEDS = (0, 1)


@pytest.fixture(scope="module")
def scores():
    """Return the mean accuracy of each way, by shift: all that takes no transport."""
    before = list(sys.path)
    sys.path.insert(0, str(ROOT / "benchmarks"))
    shifts = importlib.import_module("shifts")
    found = {}
    for shift in shifts.PUBLISHED:
        runs = [shifts.measured(*shifts.draw(shift, seed), seed, with_transport=False) for seed in SEEDS]
        found[shift] = {way: sum(run[way] for run in runs) / len(runs) for way in runs[0]}
    yield shifts, found
    sys.path[:] = before
    for name in ("shifts", "resumable", "machine"):
        sys.modules.pop(name, None)


def test_bounds_are_those_that_were_published(scores):
    shifts, found = scores
    for shift, published in shifts.PUBLISHED.items():
        assert {way: found[shift][way] for way in published} == pytest.approx(published, abs=0.05)


def test_coral_mends_a_concept_that_moved_and_scaled_and_no_mirrored_one(scores):
    _, found = scores
    assert found["concept"]["coral"] == pytest.approx(0.8, abs=0.03)
    assert found["concept"]["coral"] > found["concept"]["source only"] + 0.1
    assert found["subspace"]["coral"] < found["subspace"]["source only"] + 0.02


def test_the_wrong_family_harms(scores):
    _, found = scores
    assert found["target"]["coral"] < found["target"]["source only"] - 0.1
    assert found["covariate"]["coral"] < found["covariate"]["source only"] - 0.05
    assert found["concept"]["label-shift"] < found["concept"]["source only"] - 0.05
    assert found["covariate"]["label-shift"] < found["covariate"]["source only"]
    assert found["target"]["label-shift"] > found["target"]["source only"] + 0.03
