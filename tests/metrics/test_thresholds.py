from __future__ import annotations

import numpy as np
import pytest

from modaxfer.metrics import compute
from modaxfer.metrics.thresholds import HALF, choose_threshold, too_few


def rows_of_two(count: int, shift: float, seed: int = 0):
    """Return classes and scores whose best threshold lies where their logits are `shift`."""
    generator = np.random.default_rng(seed)
    references = np.arange(count) % 2
    logits = 2 * (generator.normal(size=count) + (2 * references - 1) * 1.2) + shift
    return references, 1 / (1 + np.exp(-logits))


def test_scores_that_are_all_too_high_move_the_threshold_up() -> None:
    references, scores = rows_of_two(400, shift=2.5)
    found = choose_threshold(references, scores, "matthews_corrcoef", problem="binary")
    assert found.kept
    assert found.threshold == found.tried > 0.7
    said = {at: (scores >= at).astype(int) for at in (found.tried, HALF)}
    values = {
        at: compute(["matthews_corrcoef"], problem="binary", references=references, predictions=each)
        for at, each in said.items()
    }
    gained = values[found.tried]["matthews_corrcoef"] - values[HALF]["matthews_corrcoef"]
    assert found.gain.value == pytest.approx(gained)


def test_where_half_is_right_it_mostly_stays() -> None:
    kept = [choose_threshold(*rows_of_two(80, 0.0, seed), "f1_macro", problem="binary").kept for seed in range(15)]
    assert sum(kept) <= 3


def test_of_equal_thresholds_the_nearest_to_half_is_tried() -> None:
    references, scores = np.arange(60) % 2, np.where(np.arange(60) % 2, 0.9, 0.2)
    found = choose_threshold(references, scores, "f1_macro", problem="binary")
    assert (found.threshold, found.kept) == (HALF, False)


def test_labels_may_share_a_threshold() -> None:
    columns = [rows_of_two(200, -2.5, seed) for seed in range(2)]
    references, scores = (np.stack(each, 1) for each in zip(*columns, strict=True))
    found = choose_threshold(references, scores, "f1_micro", problem="multilabel")
    assert found.kept
    assert found.threshold < 0.4


def test_few_rows_and_rare_classes_are_said() -> None:
    assert "40 validation rows, 20 of the rarer kind" in too_few(np.arange(40) % 2 == 1)
    assert "200 validation rows, 4 of the rarer kind" in too_few(np.arange(200) < 4)
    assert too_few(np.arange(200) < 20) == ""
