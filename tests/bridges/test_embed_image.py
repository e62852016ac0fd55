from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from embed_made import batch_of, fields, fitted, png, prepared, unfitted
from PIL import Image

from modaxfer.errors import ConfigError, DataError

PHOTO = fields(photo="image")


def rows(side: int, count: int = 4) -> list[dict[str, object]]:
    return [{"photo": png(side, seed)} for seed in range(count)]


def learned(side: int, tokens: int = 512, **options: object) -> tuple[int, int]:
    state = fitted(rows(side), PHOTO, tokens=tokens, **options).state()["image"]
    return state["patch"], state["grid"]


@pytest.mark.parametrize(
    ("side", "patch", "grid"),
    [(8, 2, 4), (16, 2, 8), (28, 4, 7), (32, 4, 8), (64, 8, 8), (128, 16, 8), (224, 16, 14), (300, 16, 14), (1, 2, 1)],
)
def test_small_pictures_have_small_patches(side, patch, grid) -> None:
    assert learned(side) == (patch, grid)


@pytest.mark.parametrize(
    ("tokens", "options", "patch", "grid"),
    [
        (30, {}, 8, 4),
        (3, {}, 16, 1),
        (512, {"patch": 2}, 2, 14),
        (512, {"patch": 1}, 1, 14),
        (20, {"patch": 4}, 4, 4),
        (512, {"size": 12}, 1, 12),
        (512, {"size": 64}, 8, 8),
        (512, {"size": 12, "patch": 6}, 6, 2),
        (16, {"size": 12}, 3, 4),
    ],
)
def test_size_and_patch_follow_what_is_asked_and_what_fits(tokens, options, patch, grid) -> None:
    found = learned(28, tokens, **options)
    assert found == (patch, grid)
    assert grid**2 <= tokens


def test_a_size_that_does_not_fit_is_refused_before_a_picture_is_read() -> None:
    with pytest.raises(ConfigError, match=r"49 tokens for 1 fields.*at most 40.*take larger patches"):
        unfitted(PHOTO, tokens=40, size=28, patch=4)


def test_a_size_that_was_asked_for_stands_beside_a_long_text() -> None:
    bridge = fitted(
        [{"photo": png(28), "text": "b" * 99}],
        fields(photo="image", text="text"),
        tokens=60,
        size=28,
        patch=4,
        units="bytes",
    )
    assert bridge.state()["image"]["grid"] == 7
    assert bridge.state()["text"]["tokens"] == [11]


def test_two_pictures_share_the_room() -> None:
    both = [{"photo": png(28, seed), "other": png(28, seed + 9)} for seed in range(3)]
    bridge = fitted(both, fields(photo="image", other="image"), tokens=60)
    assert bridge.state()["image"]["grid"] == 4
    assert [batch_of(bridge, both)[f"{place}.pixels"].shape[1] for place in range(2)] == [16, 16]


def test_patches_are_the_picture_row_by_row() -> None:
    bridge = fitted(rows(8), PHOTO, patch=4)
    (example,) = prepared(bridge, rows(8, 1))
    assert example["0.pixels"].dtype == np.uint8
    pixels = np.asarray(Image.open(io.BytesIO(png(8))))
    np.testing.assert_array_equal(example["0.pixels"][1].reshape(4, 4, 3), pixels[:4, 4:])
    np.testing.assert_array_equal(example["0.pixels"][2].reshape(4, 4, 3), pixels[4:, :4])


def test_colours_are_scaled_by_the_training_pictures() -> None:
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(png(8, seed)))) for seed in range(4)]).reshape(-1, 3)
    bridge = fitted(rows(8), PHOTO)
    np.testing.assert_allclose(bridge.state()["image"]["mean"], pixels.mean(0), rtol=1e-6)
    np.testing.assert_allclose(bridge.state()["image"]["deviation"], pixels.std(0), rtol=1e-6)


def test_a_plain_picture_has_no_deviation_to_divide_by() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (5, 5, 5)).save(stream, format="PNG")
    bridge = fitted([{"photo": stream.getvalue()}], PHOTO)
    assert bridge.state()["image"]["deviation"] == [1.0, 1.0, 1.0]


def test_the_place_of_a_patch_is_told_by_row_and_column() -> None:
    bridge = fitted(rows(8), PHOTO, patch=4)
    embedder = bridge.embedder(16).embedders["image"]
    batch = {"pixels": torch.zeros(1, 4, 48, dtype=torch.uint8)}
    with torch.no_grad():
        tokens = embedder(batch)[0]
        down, right = embedder.rows.weight, embedder.columns.weight
    torch.testing.assert_close(tokens[1] - tokens[0], right[1] - right[0])
    torch.testing.assert_close(tokens[2] - tokens[0], down[1] - down[0])


def test_tall_pictures_fill_the_square() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (10, 32), (200, 0, 0)).save(stream, format="PNG")
    bridge = fitted([{"photo": stream.getvalue()}], PHOTO)
    (example,) = prepared(bridge, [{"photo": stream.getvalue()}])
    assert example["0.pixels"].shape == (64, 48)
    assert set(example["0.pixels"][:, 0].tolist()) == {200}


def test_a_missing_picture_is_one_patch_of_the_mean_colour() -> None:
    bridge = fitted(rows(8), PHOTO)
    (example,) = prepared(bridge, [{"photo": None}])
    assert example["0.pixels"].shape == (1, 12)
    np.testing.assert_array_equal(example["0.pixels"][0, :3], np.rint(bridge.state()["image"]["mean"]))


def test_a_picture_outside_the_folder_is_an_error(tmp_path) -> None:
    bridge = unfitted(PHOTO, root=tmp_path)
    with pytest.raises(DataError, match="leads out of the data folder"):
        bridge([{"photo": "../secret.png"}])
