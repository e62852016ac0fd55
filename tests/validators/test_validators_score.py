"""The best epoch by the primary metric."""

from __future__ import annotations

import math

import torch

from modaxfer.contracts import Seen, ValidatorContext
from modaxfer.validators.score import Score


def seen(score=None):
    scored = None if score is None else lambda: score
    outputs = torch.zeros(2, 2)
    return Seen(outputs=outputs, pooled=lambda: outputs, targets=None if score is None else outputs, score=scored)


SCORE = Score(ValidatorContext(streams={}, seed=0))


def test_streams_without_targets_have_no_say() -> None:
    assert SCORE.needs_labels
    assert SCORE({"source": seen(0.5), "target": seen(), "other": seen(0.75)}) == 0.625


def test_an_undefined_score_is_the_worst() -> None:
    assert SCORE({"a": seen(-math.inf), "b": seen(0.9)}) == -math.inf
