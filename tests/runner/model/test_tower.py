"""Vectors of a tower: stretches of tokens as adaptive pooling sees them, whatever the padding."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from modaxfer.contracts import Hidden
from modaxfer.runner.model.tower import segment_means


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("segments", [1, 3, 4])
def test_segment_means_are_adaptive_average_pooling(count, segments):
    tokens = torch.randn(2, 8, 5, generator=torch.Generator().manual_seed(0))
    mask = torch.arange(8) < torch.tensor([[count], [8]])
    made = segment_means(Hidden(tokens, mask), segments).reshape(2, segments, 5)
    for row, real in enumerate((count, 8)):
        expected = functional.adaptive_avg_pool1d(tokens[row, :real].T[None], segments)[0].T
        torch.testing.assert_close(made[row], expected, atol=1e-5, rtol=1e-5)
