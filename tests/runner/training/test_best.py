"""The best epochs, traced by hand."""

from __future__ import annotations

import math

import pytest

from modaxfer.runner.training.best import BestEpochs, leads


def taken(scores, most):
    best, asked = BestEpochs(most), []
    for epoch, score in enumerate(scores, 1):
        best.take(epoch, score, lambda epoch=epoch: asked.append(epoch) or {"epoch": epoch})
    return best, asked


@pytest.mark.parametrize(
    ("scores", "most", "kept", "asked", "stale"),
    [
        ([0.5, 0.5, 0.4], 1, [1], [1], 2),
        ([0.5, 0.6, 0.6], 1, [2], [1, 2], 1),
        ([0.5, 0.7, 0.6, 0.6, 0.7], 3, [2, 5, 3], [1, 2, 3, 4, 5], 3),
        ([-math.inf, -math.inf], 1, [1], [1], 1),
        ([-math.inf, -3.0], 1, [2], [1, 2], 0),
        ([], 2, [], [], 0),
    ],
)
def test_the_greatest_is_the_best_and_of_equals_the_first(scores, most, kept, asked, stale):
    best, weighed = taken(scores, most)
    assert [each.epoch for each in best.kept] == kept
    assert [each.weights["epoch"] for each in best.kept] == kept
    assert weighed == asked
    assert best.stale(len(scores)) == stale
    assert (best.best.epoch if best.best else None) == (kept[0] if kept else None)


def test_anything_is_better_than_nothing():
    assert leads(-math.inf, None)
    assert not leads(-math.inf, -math.inf)
    assert leads(0.5, 0.4)
    assert not leads(0.5, 0.5)
