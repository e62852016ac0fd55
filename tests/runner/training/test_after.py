"""Ends in weight space are judged by the phase's validator and told as they are, whatever they choose."""

from __future__ import annotations

import math

import torch
from torch import nn

from modaxfer.contracts import Chosen, Kept
from modaxfer.plan import After, Part
from modaxfer.runner.model.transfer import ModelParameter
from modaxfer.runner.training.after import end_in_weight_space
from modaxfer.runner.training.validation import Judged


class Nearest:
    """Stands for a phase's validation: minus the distance from 2, undefined below zero."""

    def __init__(self, weight):
        self.weight = weight

    def __call__(self):
        value = self.weight.item()
        return Judged(score=-abs(value - 2.0) if value >= 0 else -math.inf, told={})

    def value_of(self, score):
        return score if math.isfinite(score) else None


def halve(ends, options):
    """An end that nobody foresaw."""
    tried = [{"judged": ends.judge({"w": ends.now["w"] / factor})} for factor in (1, -1)]
    report = {"halved_by": options["by"], "layers": [1, 2], "tried": tried}
    return Chosen(weights={"w": ends.now["w"] / options["by"]}, report=report)


def test_what_any_end_chose_is_said_and_judged_by_the_validator():
    weight, said = nn.Parameter(torch.tensor(5.0)), []
    trained = {"w": ModelParameter(tensor=weight, part=Part.BODY, layer=0, depth=1)}
    after = [After(name="halve", target=f"{__name__}:halve", options={"by": 2.0})]
    kept = [Kept(epoch=1, score=0.0, weights={"w": torch.tensor(5.0)})]
    (told,) = end_in_weight_space(Nearest(weight), after, trained, {"w": torch.tensor(1.0)}, kept, said.append)
    assert told == {
        "name": "halve",
        "halved_by": 2.0,
        "layers": [1, 2],
        "tried": [{"judged": -3.0}, {"judged": None}],
        "before": -3.0,
        "validation": -0.5,
    }
    assert said == ["  halve: halved by 2, layers [1, 2]; validation -3.000, now -0.500"]
    assert weight.item() == 2.5
