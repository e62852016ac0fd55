"""Rows blended in pairs: who with whom, and that nothing else decides."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from modaxfer.augmentations.choice import find_augmentations
from modaxfer.problems.criteria.softmax import Softmax
from modaxfer.problems.criteria.square import SquaredError
from modaxfer.runner.rows.blend import Blender
from modaxfer.runner.training.feed import Fed
from modaxfer.runner.training.targets import RowTargets

ROWS = np.array([7, 3, 11, 5, 2])


def blender(*names, seed=0, stream="train"):
    return Blender(find_augmentations(names), seed, stream)


def examples(rows):
    return [{"pixel_values": np.full((3, 8, 8), row, np.float32)} for row in rows]


def collate(made):
    return {"pixel_values": torch.stack([torch.from_numpy(one["pixel_values"]) for one in made])}


def test_partners_are_a_permutation_of_the_steps_rows_whatever_part_is_asked_for():
    made = blender("mixup")
    partners = made.partners(ROWS, ROWS, 0, 4)
    assert sorted(partners) == sorted(ROWS)
    assert made.partners(ROWS[3:], ROWS, 0, 4).tolist() == partners[3:].tolist()
    others = [made.partners(ROWS, ROWS, 1, 4), made.partners(ROWS, ROWS, 0, 5), blender("mixup", seed=1).partners(
        ROWS, ROWS, 0, 4)]  # fmt: skip
    assert not all((other == partners).all() for other in others)


def test_a_row_is_blended_alike_alone_and_beside_others():
    made = blender("mixup=1")
    partners = made.partners(ROWS, ROWS, 0, 0)
    batch, shares = made(examples(ROWS), examples(partners), ROWS, collate, epoch=0)
    alone, share = made(examples(ROWS[2:3]), examples(partners[2:3]), ROWS[2:3], collate, epoch=0)
    assert torch.equal(batch["pixel_values"][2:3], alone["pixel_values"])
    assert shares[2] == share[0]
    expected = shares * torch.from_numpy(ROWS) + (1 - shares) * torch.from_numpy(partners)
    assert torch.allclose(batch["pixel_values"][:, 0, 0, 0], expected.float(), atol=1e-5)


def test_of_two_blends_the_shares_are_multiplied():
    made = blender("mixup=1", "cutmix")
    own, partner = examples([0]), examples([1])
    batch, shares = made(own, partner, ROWS[:1], collate, epoch=0)
    assert 1 - batch["pixel_values"].mean().item() == pytest.approx(shares[0].item(), abs=1e-6)


def test_without_blends_there_is_nothing_to_do():
    assert not blender("flip")
    assert blender("flip", "cutmix")


def test_targets_are_mixed_by_the_same_shares():
    known = np.array([0, 2, 1])
    fed = Fed(batch={}, partners=np.array([1, 0]), shares=torch.tensor([0.75, 1.0]))
    classes = RowTargets(criterion=Softmax(classes=3), given=known)
    assert fed.targets(classes, np.array([0, 1])).tolist() == [[0.75, 0, 0.25], [0, 0, 1]]
    values = RowTargets(criterion=SquaredError(), given=np.array([10.0, 20.0, 30.0]))
    assert fed.targets(values, np.array([0, 1])).tolist() == [12.5, 20.0]
    assert Fed(batch={}).targets(classes, np.array([2])).tolist() == [1]
    guessed = RowTargets(criterion=Softmax(classes=3), predicted=torch.tensor([[0.5, 0.5, 0], [0.25, 0, 0.75]]))
    assert fed.targets(guessed, np.array([0, 1])).tolist() == [[0.4375, 0.375, 0.1875], [0.25, 0, 0.75]]


def test_the_loss_of_a_mixed_target_is_the_mixture_of_losses():
    """Zhang et al. 2018, equation 1: cross-entropy is linear in its target."""
    logits, softmax = torch.randn(1, 3, generator=torch.Generator().manual_seed(0)), Softmax(classes=3)
    fed = Fed(batch={}, partners=np.array([1]), shares=torch.tensor([0.3]))
    mixed = softmax.loss(logits, fed.targets(RowTargets(criterion=softmax, given=np.array([0, 2])), np.array([0])))
    one, other = (softmax.loss(logits, torch.tensor([label])) for label in (0, 2))
    assert torch.allclose(mixed, 0.3 * one + 0.7 * other)
