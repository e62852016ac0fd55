"""Co-tuning against counted frequencies and a loss by hand."""

import math

import numpy as np
import pytest
import torch

from modaxfer.contracts import LossContext, Seen, Step, StreamBatch
from modaxfer.errors import RefusedError
from modaxfer.heads.linear import LinearHead
from modaxfer.losses.co_tuning import CoTuning, related, relation
from modaxfer.plan import Role

HEAD = LinearHead.from_weights(torch.tensor([[math.log(3.0), 0.0], [0.0, 0.0]]), torch.zeros(2))
"""Of the vector (1, 0) it says 3/4 and 1/4, of (0, 1) a half each."""


def test_of_a_sure_source_it_is_counted_conditional_frequencies():
    said, targets = torch.tensor([0, 0, 1, 2, 2, 2, 1]), torch.tensor([0, 0, 0, 1, 1, 1, 1])
    found = relation(torch.nn.functional.one_hot(said, 4), targets, 3)
    assert found.tolist() == [[pytest.approx(2 / 3), pytest.approx(1 / 3), 0, 0], [0, 0.25, 0.75, 0], [0, 0, 0, 0]]


def test_what_an_unsure_source_says_of_each_class_sums_to_one():
    drawn = torch.Generator().manual_seed(0)
    shares = torch.randn(30, 5, generator=drawn).softmax(1)
    found = relation(shares, torch.arange(30) % 4, 4)
    torch.testing.assert_close(found.sum(1), torch.ones(4))
    torch.testing.assert_close(found[1], shares[1::4].mean(0))


def test_each_row_has_that_of_its_class_and_one_without_a_class_nothing():
    logits = torch.log(torch.tensor([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9], [0.5, 0.5]]))
    seen = Seen(
        outputs=torch.zeros(4, 2),
        pooled=torch.Tensor,
        source_outputs=lambda: logits,
        targets=np.array([0, 0, 1, -1]),
        score=None,
    )
    expected = torch.tensor([[0.7, 0.3], [0.7, 0.3], [0.1, 0.9], [0.0, 0.0]])
    torch.testing.assert_close(related({"train": seen}, "train"), expected)


def test_the_loss_is_cross_entropy_by_hand_and_trains_the_head_along():
    loss = CoTuning(LossContext(streams={}, seed=0, start=torch.nn.Identity, source_head=lambda: HEAD))
    pooled = torch.tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
    shares = torch.tensor([[0.9, 0.1], [0.2, 0.8]])

    def losses(vectors, views):
        stream = StreamBatch(
            name="train",
            role=Role.TARGET,
            rows=torch.arange(2),
            extras={"relation": shares},
            views=views,
            made={"pooled": vectors},
        )
        return loss(Step(streams={"train": stream}, progress=0.0))

    made = losses(pooled, 1)
    by_hand = [-0.9 * math.log(0.75) - 0.1 * math.log(0.25), math.log(2.0)]
    torch.testing.assert_close(made, torch.tensor(by_hand))
    swapped = [-0.2 * math.log(0.75) - 0.8 * math.log(0.25), math.log(2.0)]
    means = torch.tensor([(by_hand[0] + math.log(2.0)) / 2, (swapped[0] + math.log(2.0)) / 2])
    torch.testing.assert_close(losses(torch.cat([pooled, pooled.flip(0)]), 2), means)
    made.sum().backward()
    assert all(parameter.grad is not None for parameter in loss.parameters())
    assert len(list(loss.parameters())) == 2


def test_a_plan_that_does_not_ask_for_it_is_given_no_head():
    with pytest.raises(RefusedError, match=r"the plan does not say so.*set Plan.source_head"):
        CoTuning(LossContext(streams={}, seed=0, start=torch.nn.Identity))
