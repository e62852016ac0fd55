"""Two rows as one: shares, areas, masks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from modaxfer.augmentations.mixing import cutmix, mixup


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


class Drawn:
    """A generator whose Beta draws are given."""

    def __init__(self, share: float) -> None:
        self.share, self.rest = share, generator()

    def beta(self, one: float, other: float) -> float:
        return self.share

    def integers(self, high: int) -> int:
        return int(self.rest.integers(high))


def pictures() -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    return {"pixel_values": torch.zeros(3, 32, 48)}, {"pixel_values": torch.ones(3, 32, 48)}


@pytest.mark.parametrize("mix", [mixup, cutmix])
def test_lambda_1_is_the_row_itself(mix):
    own, partner = pictures()
    for made in (mix(own, partner, 0.0, generator()), mix(own, partner, 1.0, Drawn(1.0))):
        assert made.share == 1
        assert torch.equal(made.inputs["pixel_values"], own["pixel_values"])


def test_mixup_is_the_weighted_mean():
    own, partner = pictures()
    made = mixup(own, partner, 1.0, Drawn(0.75))
    assert made.share == 0.75
    assert torch.equal(made.inputs["pixel_values"], torch.full((3, 32, 48), 0.25))
    assert not own["pixel_values"].any()


def test_mixup_of_bytes_stays_bytes_and_masks_are_the_longer_ones():
    own = {"values": torch.tensor([0, 100], dtype=torch.uint8), "mask": torch.tensor([True, False]),
           "lengths": torch.tensor(1)}  # fmt: skip
    partner = {"values": torch.tensor([100, 50], dtype=torch.uint8), "mask": torch.tensor([True, True]),
               "lengths": torch.tensor(2)}  # fmt: skip
    made = mixup(own, partner, 1.0, Drawn(0.6)).inputs
    assert made["values"].tolist() == [40, 80]
    assert made["values"].dtype == torch.uint8
    assert made["mask"].tolist() == [True, True]
    assert int(made["lengths"]) == 2


def test_shares_are_beta_distributed():
    own, partner = pictures()
    chance = generator()
    shares = [mixup(own, partner, 0.4, chance).share for _ in range(4000)]
    # Var Beta(a, a) = 1 / (4 (2a + 1))
    assert np.mean(shares) == pytest.approx(0.5, abs=0.02)
    assert np.var(shares) == pytest.approx(1 / (4 * 1.8), rel=0.05)


def test_cutmix_shares_are_areas():
    own, partner = pictures()
    chance = generator()
    for _ in range(200):
        made = cutmix(own, partner, 1.0, chance)
        foreign = made.inputs["pixel_values"]
        assert set(foreign.unique().tolist()) <= {0.0, 1.0}
        assert made.share == pytest.approx(1 - foreign[0].mean().item())
    assert not own["pixel_values"].any()


def test_a_rectangle_about_the_middle_has_sides_of_the_root_of_its_share():
    own, partner = pictures()
    draws = Drawn(0.75)
    draws.integers = lambda high: high // 2
    made = cutmix(own, partner, 1.0, draws).inputs["pixel_values"][0]
    rows, columns = np.nonzero(made.numpy())
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (16, 24)
