"""LEEP and NCE: closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.contracts import Encoded
from modaxfer.errors import RefusedError
from modaxfer.transferability import check_fit, judged


def shown(targets, source, **other):
    targets, source = np.asarray(targets), np.asarray(source, float)
    return Encoded(
        layers=np.zeros((1, len(targets), 1), np.float32),
        targets=targets,
        problem="multiclass",
        classes=[str(number) for number in range(targets.max() + 1)],
        source_outputs=source,
        **other,
    )


def test_nce_of_classes_four_fifths_known():
    """Each source class holds four rows of one class and one of the other: H(Y | Z) is that of a coin of 0.2."""
    source = np.repeat([0, 1], 5)
    targets = source.copy()
    targets[[0, 9]] = 1 - targets[[0, 9]]
    value = judged("nce", shown(targets, np.eye(2)[source])).value
    assert value == pytest.approx(0.2 * np.log(0.2) + 0.8 * np.log(0.8), abs=1e-12)
    assert value == pytest.approx(-0.5004, abs=5e-5)


def test_leep_of_a_sure_head_is_nce():
    rng = np.random.default_rng(0)
    encoded = shown(rng.integers(0, 4, 60), np.eye(7)[rng.integers(0, 7, 60)])
    assert judged("leep", encoded).value == pytest.approx(judged("nce", encoded).value, abs=1e-12)


def test_leep_of_a_head_that_says_nothing_is_the_entropy_of_the_classes():
    value = judged("leep", shown([0, 0, 0, 1], np.full((4, 5), 0.2))).value
    assert value == pytest.approx((3 * np.log(0.75) + np.log(0.25)) / 4)


@pytest.mark.parametrize("score", ["leep", "nce"])
def test_the_order_of_rows_does_not_matter(score):
    rng = np.random.default_rng(1)
    targets, source = rng.integers(0, 3, 40), rng.dirichlet(np.ones(5), 40)
    order = rng.permutation(40)
    moved = judged(score, shown(targets[order], source[order])).value
    assert moved == pytest.approx(judged(score, shown(targets, source)).value)


@pytest.mark.parametrize("score", ["leep", "nce"])
def test_without_a_source_head_they_are_refused(score):
    with pytest.raises(RefusedError, match=r"the checkpoint's own head .* Got: a checkpoint without"):
        check_fit(score, "multiclass")


@pytest.mark.parametrize("problem", ["multilabel", "regression"])
def test_they_are_of_single_classes(problem):
    with pytest.raises(RefusedError, match=rf"leep cannot judge a {problem} task.*one of several classes"):
        check_fit("leep", problem, source_head=True)
