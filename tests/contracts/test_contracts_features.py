"""Features say what is known of a batch; what is not known is refused, never made up."""

from __future__ import annotations

import pytest
import torch

from modaxfer.contracts import Features, Hidden
from modaxfer.errors import RefusedError


def states(width):
    return Hidden(torch.randn(2, 3, width), torch.ones(2, 3, dtype=torch.bool))


def test_tokens_of_one_encoder_are_its_states():
    hidden = states(4)
    made = Features(pooled=torch.randn(2, 4), by_tower=(hidden,))
    assert made.tokens is hidden.tokens
    assert made.mask is hidden.mask


@pytest.mark.parametrize(
    ("by_tower", "got"), [((), "pooled vectors alone"), ((states(4), states(6)), "tokens of 2 encoders")]
)
@pytest.mark.parametrize("what", ["tokens", "mask"])
def test_tokens_that_are_not_there_are_refused(by_tower, got, what):
    made = Features(pooled=torch.randn(2, 4), by_tower=by_tower)
    with pytest.raises(
        RefusedError, match=rf"no tokens of one encoder\. Got: {got}\..*says so with reads = \"tokens\""
    ):
        getattr(made, what)
