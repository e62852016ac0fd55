"""Thresholds are chosen for each label where the metric is a mean over labels, and for all where it counts them all."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from modaxfer.runner.evaluation.decide import thresholds_of

LABELS = ("low", "half", "rare")
ROWS = 120


@pytest.fixture(scope="module")
def drawn():
    """Return references and scores ``[rows, 3]``: of ``low`` all scores are halved, of ``rare`` 5 rows have it."""
    rng = np.random.default_rng(0)
    references = np.zeros((ROWS, 3), int)
    references[::3, 0] = references[::2, 1] = 1
    references[::24, 2] = 1
    scores = np.clip(references * 0.6 + 0.2 + rng.normal(0, 0.1, references.shape), 0.01, 0.99)
    scores[:, 0] /= 2
    return references, scores


def chosen(metric, references, scores):
    session = SimpleNamespace(seed=0, problem="multilabel")
    resolved = SimpleNamespace(primary=metric, data=SimpleNamespace(classes=LABELS))
    ask = SimpleNamespace(known=np.ones(len(references), bool), references=references, units=None)
    return thresholds_of(session, resolved, ask, scores)


def test_each_label_has_a_threshold_of_its_own(drawn):
    found = chosen("modaxfer/f1_macro", *drawn)
    low, half, rare = found.values
    references, scores = drawn
    assert (
        ((scores[:, 0] >= low) == references[:, 0]).mean() > 0.95 > ((scores[:, 0] >= 0.5) == references[:, 0]).mean()
    )
    assert half == 0.5  # nothing beyond noise is to be had
    assert rare == 0.5  # five rows are too few
    told = found.told
    assert (told["by"], told["labels"], told["chosen_for"], told["thresholds"]) == ("threshold", 3, 1, [low, 0.5, 0.5])


def test_labels_that_are_counted_together_share_one(drawn):
    references, scores = drawn
    found = chosen("modaxfer/f1_micro", references, scores / 2)
    (shared,) = found.values
    assert 0.1 < shared < 0.4
    assert found.told["validation_gain"]["interval"][0] > 0


def test_labels_that_are_all_too_rare_stay_at_one_half(drawn):
    references, scores = drawn
    found = chosen("modaxfer/f1_macro", references * (np.arange(ROWS) < 16)[:, None], scores)
    assert found.values == ()
    assert found.told["by"] == "half"
    assert found.told["why"] == "no label has enough validation rows with and without it"


def test_a_ranking_asks_for_none(drawn):
    assert chosen("modaxfer/roc_auc", *drawn).values == ()
