"""States pooled to units, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from modaxfer.contracts import NO_UNIT, UNREAD, Hidden
from modaxfer.runner.model.units import cell_vectors, mark_units, stretch_vectors, token_vectors


def states(*rows: list[float], real: list[int] | None = None) -> Hidden:
    tokens = torch.tensor(rows).unsqueeze(-1)
    counts = torch.tensor(real or [tokens.shape[1]] * len(rows))
    return Hidden(tokens, torch.arange(tokens.shape[1]) < counts[:, None])


def test_a_unit_is_its_tokens_state():
    found = token_vectors(states([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]), torch.tensor([[2, 0], [UNREAD, NO_UNIT]]))
    assert found.squeeze(-1).tolist() == [[3, 1], [0, 0]]


def test_stretches_share_real_tokens_evenly():
    hidden = states([1.0, 2.0, 3.0, 4.0, 9.0], [1.0, 2.0, 3.0, 9.0, 9.0], real=[4, 3])
    assert stretch_vectors(hidden, 2).squeeze(-1).tolist() == [[1.5, 3.5], [1.5, 2.5]]


def test_more_stretches_than_tokens_repeat_some():
    assert stretch_vectors(states([1.0, 2.0]), 4).squeeze(-1).tolist() == [[1, 1, 2, 2]]


@pytest.mark.parametrize("others", [0, 1, 5])
def test_cells_are_read_behind_the_tokens_that_are_no_patch(others):
    # Four by four patches numbered in reading order; cell 0 holds 0, 1, 4 and 5.
    hidden = states([99.0] * others + [float(place) for place in range(16)])
    assert cell_vectors(hidden, 4).squeeze(-1).tolist() == [[2.5, 4.5, 10.5, 12.5]]
    assert cell_vectors(hidden, 16).squeeze(-1).tolist() == [list(range(16))]


def test_what_was_not_read_is_marked_and_gets_no_gradient():
    logits = torch.ones(1, 3, 2, requires_grad=True)
    marked = mark_units(logits, torch.tensor([[0, UNREAD, NO_UNIT]]))
    assert marked[0, 0].tolist() == [1, 1]
    assert marked[0, 1].isnan().all()
    assert marked[0, 2].tolist() == [-math.inf, -math.inf]
    torch.nan_to_num(marked, neginf=0.0).sum().backward()
    assert logits.grad[0].tolist() == [[1, 1], [0, 0], [0, 0]]
