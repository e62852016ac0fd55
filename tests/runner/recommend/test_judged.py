"""What frozen features that cannot be judged are told as, and what stays of the scores that can."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.errors import RefusedError
from modaxfer.runner.recommend.judged import judge
from modaxfer.testing.material.encoded_rows import drawn, encoded_rows
from modaxfer.transferability import default_scores


def test_vectors_that_are_not_finite_are_the_candidates_reason():
    layers, targets = drawn()
    layers[0, 3] = np.nan
    with pytest.raises(RefusedError, match=r"^some rows cannot be judged\. Got: 1 of 120 rows with a vector that is"):
        judge(encoded_rows(layers, targets), default_scores("multiclass"))


def test_a_score_that_does_not_fit_leaves_the_others():
    found, refused = judge(encoded_rows(*drawn()), ["h-score", "leep"])
    assert set(found) == {"h-score"}
    assert refused["leep"].startswith("transferability score leep reads what the checkpoint's own head says")


def test_a_problem_without_scores_is_ranked_by_the_prior_alone():
    assert judge(encoded_rows(*drawn()), []) == ({}, {})
