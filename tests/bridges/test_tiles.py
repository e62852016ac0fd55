from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn.preprocessing import QuantileTransformer

from modaxfer.bridges.tiles import CategoryTiles, NumberTiles, fit_tiles, tiles_from
from modaxfer.bridges.tiling import cuts, spread


def fit(values, **changes):
    return fit_tiles(values, **{"one_hot": True, "rare": 2, "most": 16, "quantiles": 11, **changes})


@pytest.mark.parametrize("ties", [False, True])
def test_numbers_are_scaled_as_scikit_learn_does(ties) -> None:
    rng = np.random.default_rng(0)
    train, test = rng.lognormal(size=300), rng.lognormal(size=100) * 3 - 1
    if ties:
        train, test = np.round(train), np.round(test)
    reference = QuantileTransformer(n_quantiles=51).fit(train[:, None])
    levels = fit(train.tolist(), quantiles=51).levels(test.tolist())
    assert levels.shape == (100, 1)
    np.testing.assert_allclose(levels[:, 0], reference.transform(test[:, None])[:, 0], atol=1e-6)


def test_numbers_beyond_the_training_rows_are_the_ends() -> None:
    tiles = fit([1.0, 2.0, 3.0])
    assert tiles.levels([-math.inf, -5, 1, 2, 3, 9, math.inf])[:, 0].tolist() == [0, 0, 0, 0.5, 1, 1, 1]


def test_an_infinite_training_value_does_not_spoil_the_scale() -> None:
    tiles = fit([1.0, 2.0, 3.0, math.inf])
    assert tiles.levels([2.0]).item() == pytest.approx(0.5)
    assert np.isfinite(tiles.state()["quantiles"]).all()


def test_missing_values_are_not_numbers_and_teach_nothing() -> None:
    assert fit([1.0, None, 3.0, math.nan]) == fit([1.0, 3.0])
    assert np.isnan(fit([1.0, 3.0]).levels([None, math.nan])).all()
    assert np.isnan(fit(["a", "a"]).levels([None, " "])).all()


def test_categories_have_a_tile_each_the_most_frequent_first_and_one_for_others() -> None:
    tiles = fit(["b", "a", "a", "a", "b", "c", "d", "d"])
    assert tiles == CategoryTiles(("a", "b", "d"), True)
    np.testing.assert_array_equal(tiles.levels(["a", " d ", "c", "new"]), np.eye(4)[[0, 2, 3, 3]])
    assert tiles.strangers(["a", "c", "new", None]) == 2


def test_shades_follow_frequency() -> None:
    tiles = fit(["b", "a", "a", "a", "b", "c"], one_hot=False)
    assert tiles.count == 1
    assert tiles.levels(["a", "b", "c", "new"])[:, 0].tolist() == [1.0, 0.5, 0.0, 0.0]


def test_no_more_categories_than_asked_for_are_told_apart() -> None:
    assert fit([letter for letter in "abcdef" for _ in range(3)], most=4).values == ("a", "b", "c", "d")


@pytest.mark.parametrize("values", [[None, None], ["a", "b"]])
def test_a_column_without_a_frequent_value_has_the_tile_of_others_only(values) -> None:
    tiles = fit(values)
    assert tiles == CategoryTiles((), True)
    assert tiles.levels(["x", 7.0]).tolist() == [[1.0], [1.0]]


def test_a_column_with_one_word_among_numbers_is_one_of_categories() -> None:
    assert isinstance(fit([1.0, 2.0, "many"]), CategoryTiles)


@pytest.mark.parametrize("values", [[1.0, 2.5, 9.0], ["a", "a", "b", "b", "c"]])
def test_state_is_json_and_makes_equal_tiles(values) -> None:
    tiles = fit(values)
    assert tiles_from(json.loads(json.dumps(tiles.state()))) == tiles
    assert isinstance(tiles, NumberTiles if values[0] == 1.0 else CategoryTiles)


@pytest.mark.parametrize(
    ("length", "count", "unit", "found"),
    [
        (224, 4, 16, (0, 64, 112, 160, 224)), (224, 14, 16, tuple(range(0, 225, 16))), (224, 1, None, (0, 224)),
        (10, 3, None, (0, 3, 7, 10)), (32, 8, 16, (0, 4, 8, 12, 16, 20, 24, 28, 32)), (50, 2, 16, (0, 32, 50)),
    ],
)  # fmt: skip
def test_cuts_fill_a_length_between_patches_where_there_are_enough(length, count, unit, found) -> None:
    assert cuts(length, count, unit) == found


@pytest.mark.parametrize("unit", [None, 8, 14, 16, 32])
@pytest.mark.parametrize("length", [32, 100, 224])
def test_no_stretch_is_empty(length, unit) -> None:
    for count in range(1, length + 1):
        edges = cuts(length, count, unit)
        assert (edges[0], edges[-1], len(edges)) == (0, length, count + 1)
        assert (np.diff(edges) > 0).all()


def test_spread_is_even_fuller_rows_first() -> None:
    assert [spread(count, 3) for count in (3, 7, 8)] == [(1, 1, 1), (3, 2, 2), (3, 3, 2)]
