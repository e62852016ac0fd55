"""Greedy soup (Wortsman et al. 2022, recipe 1), traced by hand."""

from __future__ import annotations

import torch

from modaxfer.contracts import Ends, Kept
from modaxfer.plan import Part
from modaxfer.weight_space import soup


def kept(epoch, score, value):
    return Kept(epoch=epoch, score=score, weights={"w": torch.tensor([value])})


def ends(epochs, judge):
    now = {"w": torch.tensor([9.0]), "other": torch.tensor([5.0])}
    return Ends(start=now, now=now, kept=epochs, parts={"w": Part.BODY, "other": Part.HEAD}, judge=judge)


def test_an_epoch_is_taken_in_only_if_the_average_is_no_worse():
    epochs = [kept(4, 0.9, 1.0), kept(2, 0.8, 3.0), kept(5, 0.7, 8.0), kept(1, 0.6, 2.0)]
    # The best weight is 2: (1+3)/2 = 2 is better than 1, (1+3+8)/3 = 4 worse, (1+3+2)/3 = 2 as good.
    made = soup.choose(ends(epochs, lambda found: 1.0 - abs(float(found["w"]) - 2.0)), {})
    assert made.report == {"epochs": [1, 2, 4], "tried": 4}
    assert made.weights == {"w": torch.tensor([2.0]), "other": torch.tensor([5.0])}


def test_where_nothing_helps_it_is_the_best_epoch():
    made = soup.choose(ends([kept(3, 0.9, 1.0), kept(1, 0.8, 3.0)], lambda found: -float(found["w"])), {})
    assert (made.report["epochs"], made.weights["w"].item()) == ([3], 1.0)


def test_averages_are_compared_with_what_the_judge_says_of_the_best_epoch():
    # Epochs have scores on another scale, as a validator without labels gives them.
    made = soup.choose(ends([kept(3, -40.0, 1.0), kept(1, -50.0, 3.0)], lambda found: -float(found["w"])), {})
    assert made.report["epochs"] == [3]


def test_the_average_is_that_of_the_weights():
    found = soup.average([kept(1, 0, 0.1), kept(2, 0, 0.2), kept(3, 0, 0.6)])["w"]
    torch.testing.assert_close(found, torch.tensor([0.3]))
    assert found.dtype is torch.float32
