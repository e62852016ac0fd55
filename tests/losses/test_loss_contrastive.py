"""The contrastive loss against closed forms."""

import math

import numpy as np
import pytest
import torch

from modaxfer.contracts import LossContext, Seen, Step, StreamBatch, StreamFacts, ValidatorContext
from modaxfer.errors import RefusedError
from modaxfer.losses.contrastive import Contrastive, ContrastiveScore, pair_loss
from modaxfer.plan import Role

VECTORS = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 2.0]])
"""Cosines: .6 of the first two, 0 and .8 of these with the third."""


def context(targets):
    facts = StreamFacts(role=Role.TARGET, width=2, outputs=2, criterion=None, rows=3, targets=targets)
    return LossContext(streams={"train": facts}, seed=0, start=None)


def step(vectors, targets, views=1):
    stream = StreamBatch(
        name="train",
        role=Role.TARGET,
        rows=torch.arange(len(targets)),
        targets=targets,
        views=views,
        made={"pooled": vectors},
    )
    return Step(streams={"train": stream}, progress=0.0)


def test_pairs_of_one_class_and_of_two_count_half_each():
    # One pair of a class, (.6 - 1)^2 = .16; two pairs of two classes, (0 + .64) / 2 = .32.
    torch.testing.assert_close(pair_loss(VECTORS, torch.tensor([0, 0, 1])), torch.tensor((0.16 + 0.32) / 2))


def test_length_does_not_count_and_pairs_of_one_kind_alone_count_in_full():
    torch.testing.assert_close(pair_loss(7 * VECTORS, torch.tensor([0, 1, 2])), torch.tensor((0.36 + 0 + 0.64) / 3))


def test_a_step_of_one_row_has_no_loss_and_a_gradient_of_zero():
    one = torch.ones(1, 2, requires_grad=True)
    pair_loss(one, torch.tensor([0])).backward()
    assert one.grad.tolist() == [[0, 0]]


def test_each_view_of_a_row_is_a_row_of_its_class():
    targets = torch.tensor([0, 1])
    twice = torch.cat([VECTORS[:2], VECTORS[1:]])
    found = Contrastive(context(np.array([0, 0, 1])))(step(twice, targets, views=2))
    torch.testing.assert_close(found, pair_loss(twice, torch.tensor([0, 1, 0, 1])))


@pytest.mark.parametrize(
    ("targets", "got"),
    [([0, 1, 2], "3 classes, the largest of 1 rows"), ([1, 1, 1], "1 classes, the largest of 3 rows")],
)
def test_rows_without_a_pair_are_refused(targets, got):
    with pytest.raises(RefusedError, match=rf"compares rows of one class.*{got}.*--strategy frozen"):
        Contrastive(context(np.array(targets)))


def test_blended_rows_are_of_one_class_as_far_as_their_shares_agree():
    hard = torch.tensor([0, 0, 1])
    torch.testing.assert_close(pair_loss(VECTORS, torch.eye(2)[hard]), pair_loss(VECTORS, hard))
    # The pair is of one class by half: (.5 * .16 / .5 + .5 * .36 / .5) / 2.
    halves = torch.tensor([[0.5, 0.5], [1.0, 0.0]])
    torch.testing.assert_close(pair_loss(VECTORS[:2], halves), torch.tensor((0.16 + 0.36) / 2))


def test_hidden_labels_are_refused():
    with pytest.raises(RefusedError, match="no labels"):
        Contrastive(context(None))


def test_the_best_epoch_has_the_least_loss_on_validation_rows():
    validator = ContrastiveScore(ValidatorContext(streams={}, seed=0))
    seen = Seen(outputs=torch.zeros(3, 2), pooled=lambda: VECTORS, targets=np.array([0, 0, 1]), score=None)
    assert validator({"train": seen}) == pytest.approx(-0.24)
    # A class that train lacks is number -1 and has no part.
    alone = Seen(outputs=torch.zeros(3, 2), pooled=lambda: VECTORS, targets=np.array([0, -1, -1]), score=None)
    assert validator({"train": alone}) == -math.inf
