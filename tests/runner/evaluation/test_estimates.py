"""Signs of a collapse, and validators that all prefer the run without adaptation."""

from __future__ import annotations

import pytest

from modaxfer.runner.evaluation.estimates import harm, signs_of_collapse

FINE = {"largest": 0.6, "class": "seven", "entropy": 1.9, "entropy_source": 2.2}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"largest": 0.95}, None),
        ({"largest": 0.97}, "97% of the target's validation rows are predicted to be seven"),
        ({"entropy": 1.1}, None),
        ({"entropy": 1.0}, "the entropy of the mean prediction is 1.00 on the target, 2.20 on the source"),
    ],
)
def test_few_predicted_classes_are_said(changes, said):
    expected = [] if said is None else [f"predictions for the target may have collapsed: {said}"]
    assert signs_of_collapse({**FINE, **changes}) == expected


def test_both_signs_are_one_warning():
    (line,) = signs_of_collapse({**FINE, "largest": 1.0, "entropy": 0.0})
    assert line.count(" and the entropy") == 1


def test_harm_is_likely_only_where_all_validators_say_so():
    own, other = {"im": 0.2, "dev": 0.6}, {"im": 0.3, "dev": 0.7, "new": 0.0}
    assert harm(own, other) == (
        "every validator ranks source-only before this run, so that adaptation is likely to harm: "
        "im 0.300 against 0.200, dev 0.700 against 0.600"
    )
    assert harm({**own, "dev": 0.7}, other) == ""
    assert harm({}, other) == ""
