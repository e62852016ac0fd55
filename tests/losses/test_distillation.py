"""Distillation against the paper's own limits."""

import pytest
import torch
from torch.nn import functional

from modaxfer.contracts import Step, StreamBatch
from modaxfer.losses.distillation import Distillation
from modaxfer.plan import Role

DRAWN = torch.Generator().manual_seed(0)
STUDENT, TEACHER = (torch.randn(5, 3, generator=DRAWN, dtype=torch.double) for _ in range(2))


def losses(student, temperature, link="softmax", teacher=TEACHER, views=1):
    stream = StreamBatch(
        name="train",
        role=Role.TARGET,
        rows=torch.arange(5),
        extras={"teacher": teacher},
        views=views,
        made={"outputs": student},
    )
    return Distillation(None, temperature, link)(Step(streams={"train": stream}, progress=0.0))


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_it_is_nothing_where_both_say_the_same_and_else_above(link):
    torch.testing.assert_close(losses(TEACHER, 2.0, link), torch.zeros(5, dtype=torch.double), atol=1e-12, rtol=0)
    assert (losses(STUDENT, 2.0, link) > 0).all()


def test_at_temperature_one_it_is_cross_entropy_less_the_teachers_entropy():
    shares = TEACHER.softmax(1)
    entropy = -(shares * shares.log()).sum(1)
    expected = functional.cross_entropy(STUDENT, shares, reduction="none") - entropy
    torch.testing.assert_close(losses(STUDENT, 1.0), expected)


def test_when_hot_its_gradient_is_that_of_matching_centred_logits():
    """Equation 4: dC/dz_i is (z_i - v_i) / (N T^2) for logits of mean zero; T^2 is in the loss here."""
    student = STUDENT.clone().requires_grad_()
    losses(student, 1e4).sum().backward()
    centred = (STUDENT - STUDENT.mean(1, keepdim=True)) - (TEACHER - TEACHER.mean(1, keepdim=True))
    torch.testing.assert_close(student.grad, centred / 3, rtol=1e-3, atol=1e-4)


def test_labels_are_binary_questions_each():
    two = torch.stack([STUDENT[:, 0], torch.zeros(5)], 1), torch.stack([TEACHER[:, 0], torch.zeros(5)], 1)
    one = losses(STUDENT[:, :1], 1.0, "sigmoid", TEACHER[:, :1])
    torch.testing.assert_close(one, losses(two[0], 1.0, teacher=two[1]))


def test_views_of_a_row_share_its_teacher():
    torch.testing.assert_close(losses(torch.cat([STUDENT, TEACHER]), 2.0, views=2), losses(STUDENT, 2.0) / 2)
