"""Domain-adversarial training on two shifted blobs, and its loss by hand."""

from __future__ import annotations

import pytest
import torch
from domains import context, step
from torch import nn
from torch.nn import functional

from modaxfer.errors import RefusedError
from modaxfer.losses.dann import Dann
from modaxfer.plan import Role

SHIFT = torch.tensor([1.5, 1.5])
"""From the source's blobs to the target's: across the border of the classes, and along it."""


def blobs(shift: torch.Tensor, seed: int, rows: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    """Return points of two classes, two apart on the first axis on either side of `shift`, and their classes."""
    generator = torch.Generator().manual_seed(seed)
    classes = torch.arange(rows) % 2
    centres = torch.stack([4.0 * classes - 2, torch.zeros(rows)], dim=1)
    return centres + shift + 0.5 * torch.randn(rows, 2, generator=generator), classes


def trained(strength: float | None, steps: int = 170) -> tuple[float, float]:
    """Return how often a small network is right on the target, and the discriminator in the last 50 steps."""
    torch.manual_seed(0)
    (source, labels), (target, truth) = blobs(torch.zeros(2), 1), blobs(SHIFT, 2)
    body, head = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 4)), nn.Linear(4, 2)
    loss = Dann(context(width=4), strength=strength or 0.0, ramp=False, hidden=32)
    optimiser = torch.optim.SGD([*body.parameters(), *head.parameters(), *loss.parameters()], lr=0.05, momentum=0.9)
    right = []
    for number in range(steps):
        features = {Role.SOURCE: body(source), Role.TARGET: body(target)}
        total = functional.cross_entropy(head(features[Role.SOURCE]), labels)
        if strength is not None:
            told = [loss(step({role: own}, number / steps)) for role, own in features.items()]
            total = total + sum(each.losses.mean() for each in told)
            right.append(sum(each.numbers["accuracy"].mean() for each in told) / 2)
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
    return float((head(body(target)).argmax(1) == truth).float().mean()), float(sum(right[-50:]) / 50)


def test_domains_are_told_apart_until_features_are_pushed_the_other_way() -> None:
    alone, _ = trained(None)
    unmoved, seen = trained(0.0)
    adapted, blurred = trained(1.0)
    assert seen > 0.9
    assert blurred < seen - 0.1
    assert unmoved == pytest.approx(alone, abs=0.02)
    assert adapted >= alone - 0.02


def test_a_row_costs_what_the_discriminator_thinks_of_its_domain() -> None:
    loss = Dann(context())
    source, target = torch.randn(5, 4), torch.randn(3, 4)
    for role, own, domain in ((Role.SOURCE, source, 0.0), (Role.TARGET, target, 1.0)):
        logits = loss.discriminator(own)
        told = loss(step({role: own}))
        expected = functional.binary_cross_entropy_with_logits(
            logits, torch.full((len(own),), domain), reduction="none"
        )
        torch.testing.assert_close(told.losses, expected)
        assert told.numbers["accuracy"].tolist() == ((logits > 0) == bool(domain)).float().tolist()


def test_views_of_a_row_count_as_one() -> None:
    loss, views = Dann(context()), torch.randn(6, 4)
    apart = loss(step({Role.TARGET: views}))
    together = loss(step({Role.TARGET: views}, views=2))
    torch.testing.assert_close(together.losses, (apart.losses[:3] + apart.losses[3:]) / 2)


@pytest.mark.parametrize(
    ("settings", "progress", "strength"),
    [({}, 0.0, 0.0), ({}, 1.0, 0.9999), ({"strength": 0.5, "ramp": False}, 0.0, 0.5)],
)
def test_the_discriminator_learns_at_full_strength_and_the_features_at_lambda(settings, progress, strength) -> None:
    loss = Dann(context(), **settings)
    features = torch.randn(5, 4, requires_grad=True)
    loss(step({Role.SOURCE: features}, progress)).losses.sum().backward()
    own = [parameter.grad.clone() for parameter in loss.parameters()]
    plain = features.detach().clone().requires_grad_()
    loss.zero_grad()
    functional.binary_cross_entropy_with_logits(loss.discriminator(plain), torch.zeros(5), reduction="sum").backward()
    torch.testing.assert_close(features.grad, -strength * plain.grad, rtol=1e-3, atol=1e-7)
    for given, parameter in zip(own, loss.parameters(), strict=True):
        torch.testing.assert_close(given, parameter.grad)


def test_one_role_alone_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"loss dann compares a source with a target\. Got: streams of the source"):
        Dann(context(Role.SOURCE))
