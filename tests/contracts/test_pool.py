"""Pooling over real tokens, against NumPy on each row without its padding."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from modaxfer.contracts import Hidden, pool

LENGTHS = (4, 1, 3)


@pytest.fixture
def hidden():
    tokens = torch.randn(len(LENGTHS), max(LENGTHS), 5, generator=torch.Generator().manual_seed(0))
    return Hidden(tokens, torch.arange(max(LENGTHS))[None] < torch.tensor(LENGTHS)[:, None])


@pytest.mark.parametrize(
    ("pooling", "of_row"),
    [
        ("cls", lambda row: row[0]),
        ("mean", lambda row: row.mean(0)),
        ("mean_std", lambda row: np.concatenate([row.mean(0), np.sqrt(row.var(0) + 1e-6)])),
    ],
)
def test_it_is_that_of_each_row_without_padding(hidden, pooling, of_row):
    rows = [tokens[:length].numpy() for tokens, length in zip(hidden.tokens, LENGTHS, strict=True)]
    np.testing.assert_allclose(pool(hidden, pooling), np.stack([of_row(row) for row in rows]), rtol=1e-5, atol=1e-6)


def test_what_padding_holds_plays_no_part(hidden):
    other = torch.where(hidden.mask[..., None], hidden.tokens, torch.full_like(hidden.tokens, 1e6))
    assert torch.equal(pool(Hidden(other, hidden.mask), "mean_std"), pool(hidden, "mean_std"))


def test_half_precision_is_pooled_in_single(hidden):
    assert pool(Hidden(hidden.tokens.bfloat16(), hidden.mask), "mean").dtype is torch.float32


def test_another_pooling_is_refused(hidden):
    with pytest.raises(ValueError, match="unknown pooling 'max'; allowed: cls, mean, mean_std"):
        pool(hidden, "max")
