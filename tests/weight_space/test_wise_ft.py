"""WiSE-FT: its ends are the ends, between them logits of a linear model lie between, validation chooses."""

from __future__ import annotations

import pytest
import torch

from modaxfer.contracts import Ends
from modaxfer.errors import ConfigError
from modaxfer.plan import Part
from modaxfer.weight_space import wise_ft

ROWS = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))


def weights(seed):
    generator = torch.Generator().manual_seed(seed)
    return {"body": torch.randn(3, 4, generator=generator), "head": torch.randn(3, generator=generator)}


def ends(judge=lambda weights: 0.0):
    return Ends(start=weights(1), now=weights(2), kept=(), parts={"body": Part.BODY, "head": Part.HEAD}, judge=judge)


def logits(found):
    return ROWS @ found["body"].T + found["head"]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_ends_are_the_endpoints(share):
    found = wise_ft.choose(ends(), {"share": share, "parts": ["body", "head"]}).weights
    expected = ends().now if share else ends().start
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_a_linear_model_interpolates_its_logits():
    found = wise_ft.choose(ends(), {"share": 0.3, "parts": ["body", "head"]}).weights
    torch.testing.assert_close(logits(found), 0.7 * logits(ends().start) + 0.3 * logits(ends().now))


def test_other_parts_and_fixed_parameters_stay_as_trained():
    found = wise_ft.choose(ends(), {"share": 0.5, "parts": ["body", "head"], "fixed": ["head"]}).weights
    assert torch.equal(found["head"], ends().now["head"])
    assert not torch.equal(found["body"], ends().now["body"])
    untouched = wise_ft.choose(ends(), {"share": 0.5, "parts": ["adapter"]}).weights
    assert all(torch.equal(untouched[name], now) for name, now in ends().now.items())


def test_validation_chooses_and_of_equal_shares_the_one_nearest_to_what_was_trained():
    wanted = 0.6 * ends().start["body"] + 0.4 * ends().now["body"]
    made = wise_ft.choose(ends(lambda found: -float((found["body"] - wanted).norm())), {"parts": ["body"]})
    assert made.report["share"] == 0.4
    assert len(made.report["tried"]) == 11
    torch.testing.assert_close(made.weights["body"], wanted)
    assert wise_ft.choose(ends(), {"parts": ["body"]}).report["share"] == 1.0


def test_a_share_out_of_range_is_refused():
    with pytest.raises(ConfigError, match=r"wise-ft.share: got 1.5, must be at most 1.0"):
        wise_ft.choose(ends(), {"share": 1.5})
