"""Signs are changed without becoming other signs."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import domain_tasks as tasks
from modaxfer.augmentations.choice import find_augmentations
from modaxfer.augmentations.sets import refuse_asked, spelled_out
from modaxfer.errors import RefusedError
from modaxfer_traffic.approach import approach, homography

SIGNS = tasks.specs("traffic")["traffic-signs"]
NAMED = [("traffic-signs", SIGNS)]


def test_a_homography_maps_its_points():
    seen = np.array([[1, 2], [9, 1], [8, 9], [0, 7]], float)
    stood = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], float)
    a, b, c, d, e, f, g, h = homography(seen, stood)
    x, y = seen.T
    mapped = np.stack([a * x + b * y + c, d * x + e * y + f]) / (g * x + h * y + 1)
    np.testing.assert_allclose(mapped.T, stood, atol=1e-9)


def test_left_stays_left_and_above_stays_above():
    quarters = np.zeros((32, 32, 3), np.uint8)
    quarters[:16, :16, 0] = quarters[:16, 16:, 1] = quarters[16:, :16, 2] = 255
    image = Image.fromarray(quarters)
    rows, columns = np.mgrid[:32, :32]
    for seed in range(100):
        seen = np.asarray(approach(image, 1.0, np.random.default_rng(seed)), float)
        places = [(np.average(rows, weights=seen[..., c]), np.average(columns, weights=seen[..., c])) for c in range(3)]
        red, green, blue = places
        assert red[1] < green[1]
        assert red[0] < blue[0]


def test_no_strength_is_no_change_and_a_seed_is_its_change():
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8))
    still = np.asarray(approach(image, 0.0, np.random.default_rng(1)), int)
    assert np.abs(still - np.asarray(image, int)).max() <= 1
    one, same, other = (approach(image, 0.5, np.random.default_rng(seed)).tobytes() for seed in (1, 1, 2))
    assert one == same != other
    assert approach(image, 0.5, np.random.default_rng(1)).size == image.size


def test_strong_is_the_set_of_the_task_and_weak_has_no_mirror():
    names = [one.partition("=")[0] for one in spelled_out(["strong"], "signs", SIGNS)]
    assert names == ["approach", "trivial-augment"]
    assert spelled_out(["weak"], "signs", SIGNS) == ("crop=0.1",)
    assert all(find_augmentations(SIGNS.augment))


@pytest.mark.parametrize("mirrors", ["flip", "colour"])
def test_what_makes_another_sign_of_it_is_refused(mirrors):
    refuse_asked(["strong"], NAMED)
    with pytest.raises(RefusedError, match=rf"forbids augmentation {mirrors}.*Allowed: .*approach"):
        refuse_asked(["strong", mirrors], NAMED)
