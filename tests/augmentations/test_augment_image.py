"""Pictures: closed forms, sizes that stay, and what no strength may do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image, ImageOps

from modaxfer.augmentations.image import colour, crop, edge_colour, flip, moved, rotate, scale
from modaxfer.augmentations.trivial import BINS, OPERATIONS, trivial_augment
from modaxfer.spec import Change

ALL = (flip, rotate, crop, scale, colour, trivial_augment)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def picture(width: int = 48, height: int = 32) -> Image.Image:
    pixels = generator(7).integers(0, 256, (height // 8, width // 8, 3)).astype(np.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=np.int32)


@pytest.mark.parametrize("change", ALL, ids=lambda change: change.__name__)
def test_size_mode_and_the_given_picture_stay_and_chance_is_the_generators(change):
    given = picture()
    before = pixels(given).copy()
    made = [change(given, 0.5, generator(seed)) for seed in range(30)]
    assert {(image.size, image.mode) for image in made} == {((48, 32), "RGB")}
    assert (pixels(given) == before).all()
    assert (pixels(change(given, 0.5, generator(3))) == pixels(made[3])).all()
    assert len({image.tobytes() for image in made}) > 1


@pytest.mark.parametrize("change", ALL, ids=lambda change: change.__name__)
def test_no_strength_changes_nothing(change):
    forbid = {"forbid": (Change.COLOUR,)} if change is trivial_augment else {}
    # Autocontrast and equalize know no strength.
    assert (pixels(change(picture(), 0.0, generator(), **forbid)) == pixels(picture())).all()


def test_flipped_twice_is_the_picture():
    once = flip(picture(), 1.0, generator())
    assert (pixels(once) == pixels(picture())[:, ::-1]).all()
    assert (pixels(flip(once, 1.0, generator())) == pixels(picture())).all()


def test_flips_are_as_frequent_as_asked():
    chance = generator()
    flipped = sum(flip(picture(), 0.3, chance).tobytes() != picture().tobytes() for _ in range(1000))
    assert abs(flipped - 300) < 4 * math.sqrt(1000 * 0.3 * 0.7)


def test_a_turn_is_pillows_and_its_corners_have_the_colour_of_the_edge():
    white = ImageOps.expand(picture(), 8, "white")
    turned = rotate(white, 45.0, generator(1))
    angle = generator(1).uniform(-45, 45)
    assert turned.tobytes() == white.rotate(angle, Image.Resampling.BILINEAR, fillcolor="white").tobytes()
    assert turned.getpixel((0, 0)) == (255, 255, 255)


def test_a_cut_out_has_the_area_and_shape_that_were_drawn():
    ramp = Image.fromarray(np.tile(np.arange(200, dtype=np.uint8), (200, 1))).convert("RGB")
    spans = []
    for seed in range(200):
        row = pixels(crop(ramp, 0.5, generator(seed)))[0, :, 0]
        spans.append((row[-1] - row[0]) / 199)
    # Area at least half and shape within 4/3: no side is below sqrt(.5 * 3/4).
    assert min(spans) > math.sqrt(0.5 * 0.75) - 0.03
    assert max(spans) <= 1
    assert min(spans) < 0.75


def test_scaling_by_a_known_factor_keeps_the_middle():
    dot = Image.new("RGB", (41, 41))
    dot.paste("white", (18, 18, 23, 23))
    grown = moved(dot, np.diag([0.5, 0.5]))
    lit = pixels(grown)[..., 0] > 127
    assert lit.sum() == pytest.approx(100, abs=21)
    rows, columns = np.nonzero(lit)
    assert (rows.mean(), columns.mean()) == pytest.approx((20, 20), abs=0.6)


def test_a_shift_to_the_right_moves_what_is_seen_to_the_right():
    dot = Image.new("RGB", (41, 41))
    dot.putpixel((10, 20), (255, 255, 255))
    assert moved(dot, np.eye(2), (5.0, 0.0)).getpixel((15, 20)) == (255, 255, 255)


def test_colours_alone_change_and_of_grey_only_brightness_and_contrast():
    grey = picture().convert("L").convert("RGB")
    made = pixels(colour(grey, 1.0, generator(2)))
    assert (made[..., 0] == made[..., 1]).all()
    assert (made[..., 1] == made[..., 2]).all()


def test_the_edge_is_the_median_of_the_outermost_pixels():
    page = Image.new("RGB", (20, 20), "white")
    page.paste("red", (0, 0, 3, 1))
    assert edge_colour(page) == (255, 255, 255)


def test_the_14_operations_of_the_paper_are_drawn_evenly(monkeypatch):
    drawn = []
    for name, (change, _) in list(OPERATIONS.items()):
        monkeypatch.setitem(
            OPERATIONS, name, (change, lambda image, size, name=name: drawn.append((name, size)) or image)
        )
    chance, image = generator(), picture()
    for _ in range(14_000):
        trivial_augment(image, 1.0, chance)
    names, counts = np.unique([name for name, _ in drawn], return_counts=True)
    assert len(names) == 14
    assert abs(counts - 1000).max() < 5 * math.sqrt(1000)
    assert len({round(abs(size) * (BINS - 1)) for _, size in drawn}) == BINS
    assert {-1.0, 1.0} <= {size for _, size in drawn}


def test_what_a_task_forbids_is_left_out_and_a_turn_kept_small(monkeypatch):
    seen: set[str] = set()
    for name, (change, _) in list(OPERATIONS.items()):
        monkeypatch.setitem(OPERATIONS, name, (change, lambda image, size, name=name: seen.add(name) or image))
    chance, angles = generator(), []
    monkeypatch.setattr(Image.Image, "rotate", lambda image, angle, *rest, **more: angles.append(angle) or image)
    for _ in range(2000):
        trivial_augment(picture(), 1.0, chance, forbid=(Change.COLOUR, Change.CROP, Change.TURN))
    assert seen == {"identity", "sharpness", "shear_x", "shear_y"}
    assert max(map(abs, angles)) == 30


def test_known_operations_at_full_strength():
    posterised = pixels(OPERATIONS["posterize"][1](picture(), 1.0))
    assert set(np.unique(posterised)) <= {0, 64, 128, 192}
    assert (pixels(OPERATIONS["solarize"][1](picture(), 1.0)) == 255 - pixels(picture())).all()
    middle = pixels(OPERATIONS["translate_x"][1](picture(224, 32), 1.0))
    assert (middle[:, 32:] == pixels(picture(224, 32))[:, :-32]).all()
