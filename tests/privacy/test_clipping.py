"""Gradients of rows are cut by hand's arithmetic, and hidden in noise of the size that was asked for."""

from __future__ import annotations

import pytest
import torch

from modaxfer.privacy.clipping import clipped_sum, noise, seed_of


def test_a_long_row_is_cut_over_all_parameters_and_a_short_one_kept() -> None:
    gradients = {"weight": torch.tensor([[[3.0]], [[0.3]]]), "bias": torch.tensor([[4.0], [0.4]])}
    found = clipped_sum(gradients, 1.0)
    # (3, 4) is 5 long and becomes (.6, .8).
    torch.testing.assert_close(found, {"weight": torch.tensor([[0.9]]), "bias": torch.tensor([1.2])})


def test_a_row_without_a_gradient_adds_nothing() -> None:
    assert clipped_sum({"weight": torch.zeros(2, 3)}, 1.0)["weight"].tolist() == [0, 0, 0]


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    (drawn,) = noise([torch.Size([200_000])], 2.5, 7, torch.device("cpu"))
    assert float(drawn.std()) == pytest.approx(2.5, rel=0.01)
    assert float(drawn.mean()) == pytest.approx(0, abs=0.03)


def test_noise_follows_from_the_secret_and_the_step_alone() -> None:
    def draw(secret, step):
        return noise([torch.Size([4])], 1.0, seed_of(secret, "noise", step), torch.device("cpu"))[0]

    assert torch.equal(draw(b"one", 3), draw(b"one", 3))
    assert not torch.equal(draw(b"one", 3), draw(b"one", 4))
    assert not torch.equal(draw(b"one", 3), draw(b"two", 3))
