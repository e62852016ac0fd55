"""What mistakes cost is a metric: in closed form, over resamples, and refused where nobody knows the costs."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.errors import ConfigError
from modaxfer.metrics import Scored, bootstrap, compute, greater_is_better, paired_difference
from modaxfer.metrics.costs import cheapest

COST = ((0.0, 5.0), (1.0, 0.0))
REFERENCES, SAID = np.array([0, 0, 0, 1, 1, 1, 1, 1]), np.array([0, 1, 0, 1, 0, 0, 1, 1])
GIVEN = {"problem": "binary", "references": REFERENCES, "cost": COST}


def test_it_is_the_mean_of_what_was_said() -> None:
    found = compute(["expected_cost"], predictions=SAID, **GIVEN)["expected_cost"]
    assert found == pytest.approx((5 + 1 + 1) / 8)
    assert found == compute(["expected_cost"], predictions=SAID, quick=True, **GIVEN)["expected_cost"]
    assert not greater_is_better("expected_cost")


def test_a_row_without_costs_is_left_out_and_a_strange_prediction_is_the_dearest_mistake() -> None:
    given = {**GIVEN, "references": np.array([0, 1, 2]), "predictions": np.array([2, 2, 0])}
    for quick in (False, True):
        assert compute(["expected_cost"], quick=quick, **given)["expected_cost"] == pytest.approx((5 + 1) / 2)


def test_its_interval_is_that_of_the_mean_of_the_costs() -> None:
    found = bootstrap(["expected_cost"], predictions=SAID, seed=3, **GIVEN)["expected_cost"]
    costs = np.array(COST)[REFERENCES, SAID]
    expected = bootstrap(
        ["mae"], problem="regression", references=np.zeros(len(costs)), predictions=costs, seed=3
    )["mae"]  # fmt: skip
    assert found == pytest.approx(expected)


def test_of_two_models_the_cheaper_has_the_smaller_score() -> None:
    right, wrong = Scored(predictions=REFERENCES), Scored(predictions=SAID)
    found = paired_difference(REFERENCES, right, wrong, "expected_cost", problem="binary", cost=COST)
    assert found.value == pytest.approx(-7 / 8)


def test_what_is_expected_to_cost_least_is_said() -> None:
    # Elkan 2001: class 1 pays from 5 / 6 on.
    scores = np.array([[0.5, 0.5], [0.18, 0.82], [0.16, 0.84]])
    assert cheapest(scores, COST).tolist() == [0, 0, 1]


def test_without_costs_it_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"expected_cost needs to know what mistakes cost.*--cost FILE"):
        compute(["expected_cost"], problem="binary", references=REFERENCES, predictions=SAID)
