from __future__ import annotations

import json

import numpy as np
import pytest

from modaxfer.bridges.grid import MISSING, UNUSED, GridBridge, GridOptions
from modaxfer.config import build
from modaxfer.contracts import FittedBridge, InputLayout
from modaxfer.errors import ConfigError, ModaxferError, RefusedError
from modaxfer.spec import TABLE, TEXT, Field

NONE = np.zeros(0)


def layout(size: int | None = 48, patch: int | None = 16) -> InputLayout:
    return InputLayout(kind="image", max_tokens=10, patch_size=patch, image_size=size)


def columns(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name=name, signal=TABLE) for name in names)


def grid(rows, size: int | None = 48, patch: int | None = 16, **options) -> GridBridge:
    made = GridBridge(GridOptions(**options), columns(*rows[0]), layout(size, patch), None)
    made.fit(rows, NONE)
    return made


def draw(made: GridBridge, row) -> np.ndarray:
    (image,) = made([row])
    return np.asarray(image)


def structured(rows: int = 300) -> list[dict[str, float]]:
    """Return nine columns of three groups: a, d, g belong together, and b, e, h, and c, f, i."""
    rng = np.random.default_rng(3)
    causes = rng.normal(size=(rows, 3))
    values = np.concatenate([causes + 0.2 * rng.normal(size=(rows, 3)) for _ in range(3)], axis=1)
    return [dict(zip("abcdefghi", row, strict=True)) for row in values.tolist()]


MIXED = [{"amount": float(index), "job": "clerk" if index % 2 else "nurse", "age": 30.0 + index} for index in range(20)]


def test_correlated_columns_become_neighbours() -> None:
    made = grid(structured())
    order = made.state()["order"]
    places = {place: divmod(order.index(place), 3) for place in range(9)}

    def mean_distance(pairs):
        return np.mean([np.hypot(*np.subtract(places[one], places[other])) for one, other in pairs])

    pairs = [(one, other) for one in range(9) for other in range(one)]
    within = [pair for pair in pairs if pair[0] % 3 == pair[1] % 3]
    across = [pair for pair in pairs if pair not in within]
    assert mean_distance(within) < 1.3
    assert mean_distance(within) < 0.7 * mean_distance(across)
    before, after = made.state()["error"]
    assert after < before


def test_without_steps_tiles_keep_the_columns_order() -> None:
    made = grid(structured(), steps=0)
    assert made.state()["order"] == list(range(9))
    assert made.state()["error"][0] == made.state()["error"][1]


def test_a_number_is_a_grey_tile_by_its_rank_in_training() -> None:
    made = grid([{"a": value} for value in (1.0, 10.0, 1000.0)])
    assert [int(draw(made, {"a": value}).max()) for value in (0.0, 10.0, 5000.0)] == [0, 128, 255]
    assert len(np.unique(draw(made, {"a": 10.0}))) == 1


def test_tiles_fill_the_picture_between_patches() -> None:
    made = grid(structured(), size=64, patch=16, steps=0)
    row = {name: 9.0 if index % 2 else -9.0 for index, name in enumerate("abcdefghi")}
    picture = draw(made, row)[..., 0].astype(int)
    assert picture.shape == (64, 64)
    edges = np.flatnonzero(np.abs(np.diff(picture[0])))
    assert (edges + 1).tolist() == [16, 48]
    assert (np.flatnonzero(np.abs(np.diff(picture[:, 0]))) + 1).tolist() == [16, 48]
    assert draw(grid(structured(), size=None, patch=None), row).shape == (224, 224, 3)


def test_a_missing_value_is_red_in_all_tiles_of_its_column() -> None:
    made = grid(MIXED, patch=None)
    for name, tiles in (("amount", 1), ("job", 3)):
        picture = draw(made, MIXED[0] | {name: None})
        red = (picture == MISSING).all(-1).mean()
        # Five tiles and one unused cell in two rows of three.
        assert red == pytest.approx(tiles / 6, abs=0.02)
    assert not (draw(made, MIXED[0]) == MISSING).all(-1).any()


def test_cells_without_a_tile_are_grey_in_every_picture() -> None:
    made = grid(MIXED)
    for row in MIXED[:3]:
        assert (draw(made, row)[-1, -1] == UNUSED).all()


def test_a_category_lights_its_own_tile_and_an_unseen_one_that_of_others() -> None:
    made = grid([{"job": name} for name in ["clerk"] * 6 + ["nurse"] * 5 + ["smith"]], steps=0)
    # Tiles: clerk, nurse, other; two by two cells.
    lit = {name: draw(made, {"job": name})[[0, 0, -1, -1], [0, -1, 0, -1], 0].tolist() for name in ("clerk", "nurse")}
    assert lit == {"clerk": [255, 0, 0, 128], "nurse": [0, 255, 0, 128]}
    for name in ("smith", "pilot"):
        assert draw(made, {"job": name})[[0, 0, -1], [0, -1, 0], 0].tolist() == [0, 0, 255]


def test_rare_and_new_categories_are_reported() -> None:
    made = grid([{"job": name} for name in ["clerk"] * 6 + ["smith"]])
    assert made.warnings == ()
    made([{"job": "smith"}, {"job": "pilot"}, {"job": "clerk"}, {"job": None}])
    assert made.warnings == ("grid: 2 values of job are rare or new, and are shown as 'other'",)


def test_a_column_that_shows_nothing_is_reported() -> None:
    rows = [{"name": f"person {index}", "age": float(index)} for index in range(9)]
    made = grid(rows)
    made(rows)
    assert made.warnings == ("grid: column name has no value in 5 training rows; it shows nothing",)


def test_shades_take_one_tile_a_column() -> None:
    assert len(grid(MIXED).state()["order"]) == 5
    made = grid(MIXED, categories="shades")
    assert len(made.state()["order"]) == 3


def test_state_is_json_and_makes_an_equal_bridge() -> None:
    made = grid(MIXED)
    other = GridBridge(GridOptions(), columns("amount", "job", "age"), layout(), None)
    other.restore(json.loads(json.dumps(made.state())))
    rows = [*MIXED, {"amount": None, "job": "pilot", "age": 99.0}]
    for one, two in zip(made(rows), other(rows), strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two))
    assert other.identity == made.identity
    assert other.state() == made.state()


def test_identity_names_everything_that_changes_the_output() -> None:
    unfitted = GridBridge(GridOptions(), columns("amount", "job", "age"), layout(), None)
    made = [
        unfitted, grid(MIXED), grid(MIXED[:15]), grid(MIXED, size=64), grid(MIXED, patch=8),
        grid(MIXED, categories="shades"), grid(MIXED, seed=1), grid([{"amount": 1.0}]),
    ]  # fmt: skip
    assert len({bridge.identity for bridge in made}) == len(made)
    assert grid(MIXED).identity == grid(MIXED).identity
    assert isinstance(unfitted, FittedBridge)


def test_only_training_rows_teach() -> None:
    made = grid(MIXED)
    before = made.identity
    made([{"amount": 1e9, "job": "pilot", "age": 0.0}])
    assert made.identity == before


def test_unfitted_it_draws_nothing() -> None:
    made = GridBridge(GridOptions(), columns("a"), layout(), None)
    assert made.warnings == ()
    with pytest.raises(ModaxferError, match=r"the grid bridge has not been fitted.*Fix: fit it first"):
        made([{"a": 1.0}])
    with pytest.raises(ModaxferError, match=r"has not been fitted"):
        made.state()


def test_a_foreign_state_is_refused() -> None:
    made = grid(MIXED)
    with pytest.raises(ConfigError, match=r"a saved grid has other columns. Got: a. Allowed: amount, job, age"):
        GridBridge(GridOptions(), columns("a"), layout(), None).restore(made.state())
    with pytest.raises(ConfigError, match=r"a saved state is not one of the grid bridge. Got: rate"):
        made.restore({"rate": 8000})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((), "draws table columns only. Got: no field"),
        ((*columns("a"), Field(name="note", signal=TEXT)), r"note \(text\).*--bridge montage"),
        (columns(*map(str, range(10))), "more tiles than the picture has pixels. Got: 10 tiles in 3 x 3 pixels"),
    ],
)
def test_what_cannot_be_drawn_is_refused_at_construction(fields, message) -> None:
    with pytest.raises(RefusedError, match=message):
        GridBridge(GridOptions(), fields, layout(3), None)


def test_more_tiles_than_pixels_are_refused_when_they_are_known() -> None:
    with pytest.raises(RefusedError, match=r"Got: 5 tiles in 2 x 2 pixels.*categories=shades"):
        grid(MIXED, size=2, patch=None)


def test_options_are_read_from_text() -> None:
    assert build(GridOptions, {"rare": "3", "categories": "shades"}) == GridOptions(rare=3, categories="shades")
    with pytest.raises(ConfigError, match=r"categories: got 'one-hot', allowed tiles, shades"):
        build(GridOptions, {"categories": "one-hot"})
