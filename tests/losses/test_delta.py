"""DELTA against closed forms: its value and gradient, ridge towards the start, and which units matter."""

import math

import numpy as np
import pytest
import torch

from modaxfer.contracts import Seen, Step, StreamBatch
from modaxfer.losses.delta import Delta, attention, stages, start_features
from modaxfer.losses.unit_attention import attention_of, loss_rises
from modaxfer.plan import Role

DRAWN = torch.Generator().manual_seed(0)


def drawn(*shape):
    return torch.randn(*shape, generator=DRAWN, dtype=torch.double)


def losses(layers, views=1, **extras):
    rows = len(layers[0]) // views
    stream = StreamBatch(
        name="train",
        role=Role.TARGET,
        rows=torch.arange(rows),
        extras=extras,
        views=views,
        made={"layers": layers},
    )
    return Delta(None)(Step(streams={"train": stream}, progress=0.0))


@pytest.mark.parametrize(
    ("layers", "held"),
    [
        (range(13), (3, 6, 9, 12)),
        (range(8, 13), (9, 10, 11, 12)),
        (range(3), (1, 2)),
        (range(7), (1, 3, 4, 6)),
        ([5], (5,)),
    ],
)
def test_four_layers_above_the_one_where_rows_enter_are_held_evenly(layers, held):
    assert stages(layers) == held


def test_its_value_and_gradient_are_those_of_the_weighed_squared_distance():
    layers = {number: drawn(5, 3).requires_grad_() for number in range(3)}
    start, weights = drawn(5, 2, 3), torch.tensor([[2.0, 1.0, 0.0], [0.5, 0.5, 2.0]])
    made = losses(layers, start=start, attention=weights)
    expected = [
        sum(
            float(weights[stage, unit])
            * float(layers[stage + 1].detach()[row, unit] - start[row, stage, unit]) ** 2
            / 2
            for stage in range(2)
            for unit in range(3)
        )
        for row in range(5)
    ]
    torch.testing.assert_close(made, torch.tensor(expected, dtype=torch.double))
    made.sum().backward()
    assert layers[0].grad is None
    torch.testing.assert_close(layers[2].grad, weights[1] * (layers[2].detach() - start[:, 1]))


def test_without_attention_all_units_count_alike_and_views_of_a_row_share_its_start():
    one, other, start = drawn(4, 3), drawn(4, 3), drawn(4, 1, 3)
    alone = [losses({0: each, 1: each}, start=start) for each in (one, other)]
    torch.testing.assert_close(alone[0], losses({0: one, 1: one}, start=start, attention=torch.ones(1, 3)))
    both = torch.cat([one, other])
    torch.testing.assert_close(losses({0: both, 1: both}, views=2, start=start), (alone[0] + alone[1]) / 2)


def test_on_a_linear_model_it_is_ridge_towards_the_start_in_the_metric_of_the_rows():
    """Of f(x) = Wx under a fixed read-out v: v'W is (X'X)^-1 X'y less what the penalty holds back, in closed form.

    1/2 sum (v'Wx - y)^2 + s/2 sum |(W - W0)x|^2 has W = W0 + v c' with c = (|v|^2 + s)^-1 (X'X)^-1 X'(y - X W0'v).
    """
    rows, targets, first, read = drawn(20, 4), drawn(20), drawn(3, 4), drawn(3)
    strength, weights = 2.5, first.clone().requires_grad_()
    optimiser = torch.optim.LBFGS(
        [weights], max_iter=300, tolerance_grad=1e-10, tolerance_change=1e-14, line_search_fn="strong_wolfe"
    )

    def loss():
        optimiser.zero_grad()
        features = rows @ weights.T
        penalty = losses({0: rows, 1: features}, start=(rows @ first.T)[:, None])
        total = 0.5 * (features @ read - targets).square().sum() + strength * penalty.sum()
        total.backward()
        return total

    optimiser.step(loss)
    left_over = targets - rows @ first.T @ read
    moved = torch.linalg.solve(rows.T @ rows, rows.T @ left_over) / (read.square().sum() + strength)
    torch.testing.assert_close(weights.detach(), first + torch.outer(read, moved), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("link", ["softmax", "sigmoid", "identity"])
def test_of_units_of_which_one_alone_matters_that_one_is_weighed_as_the_formula_says(link):
    """The rises are (r, 0, ..., 0), standardised sqrt(d - 1) and -1 / sqrt(d - 1); r drops out."""
    width, says = 9, torch.arange(40) % 2
    features = torch.full((40, width), 3.0)
    features[:, 4] = 10.0 * says
    targets = {"softmax": says, "sigmoid": says[:, None], "identity": 7.0 + 2.0 * says}[link]
    rises = loss_rises(features, targets, 2 if link == "softmax" else 1, link)
    assert rises[4] > 0.1
    assert torch.count_nonzero(rises) == 1
    high, low = math.exp(math.sqrt(width - 1) / 5), math.exp(-1 / math.sqrt(width - 1) / 5)
    expected = torch.full((width,), width * low / (high + (width - 1) * low))
    expected[4] = width * high / (high + (width - 1) * low)
    found = attention_of(features, targets, 2 if link == "softmax" else 1, link)
    torch.testing.assert_close(found, expected)
    assert float(found.mean()) == pytest.approx(1)


def test_a_units_rise_in_least_squares_is_the_square_of_its_weight_over_two():
    """Of orthogonal standardised units: ridge has w = c / (1 + .01); without unit j the loss rises by w c - w^2 / 2."""
    signs = torch.tensor([[1, 1], [1, -1], [-1, 1], [-1, -1]], dtype=torch.double)
    targets = signs @ torch.tensor([3.0, 4.0], dtype=torch.double)
    correlation = torch.tensor([0.6, 0.8], dtype=torch.double)
    weight = correlation / 1.01
    torch.testing.assert_close(
        loss_rises(signs, targets, 1, "identity"), weight * correlation - weight.square() / 2, rtol=1e-5, atol=1e-7
    )


def test_where_no_unit_matters_more_than_another_all_count_one():
    assert torch.equal(attention_of(torch.ones(6, 4), torch.arange(6) % 2, 2, "softmax"), torch.ones(4))


def test_extras_are_computed_from_the_layers_that_are_held_and_rows_whose_class_is_known():
    layers = {number: drawn(6, 5).float() for number in range(5, 8)}
    targets = np.array([0, 1, 2, -1, 0, 1])
    seen = Seen(outputs=torch.zeros(6, 3), pooled=torch.Tensor, layers=lambda: layers, targets=targets, score=None)
    assert torch.equal(start_features({"train": seen}, "train"), torch.stack([layers[6], layers[7]], 1))
    found = attention({"train": seen}, "train", "softmax")
    known = torch.from_numpy(targets) >= 0
    expected = attention_of(layers[7][known], torch.tensor([0, 1, 2, 0, 1]), 3, "softmax")
    torch.testing.assert_close(found[1], expected)
