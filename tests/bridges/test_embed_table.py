from __future__ import annotations

import numpy as np
import pytest
import torch
from embed_made import embedded, fields, fitted, prepared, unfitted

from modaxfer.errors import DataError

COLUMNS = fields(age="table", city="table")
ROWS = [
    {"age": float(age) if age % 4 else None, "city": city}
    for age, city in enumerate(["Rome"] * 6 + ["Oslo"] * 5 + ["Bonn", None])
]


def example(bridge, **row: object) -> dict[str, np.ndarray]:
    return {key.removeprefix("0."): array for key, array in prepared(bridge, [row])[0].items()}


def test_numbers_are_standardised_and_gaps_told() -> None:
    bridge = fitted(ROWS, COLUMNS)
    known = np.array([row["age"] for row in ROWS if row["age"] is not None])
    row = example(bridge, age=3.0, city="Rome")
    np.testing.assert_allclose(row["numbers"], [[(3 - known.mean()) / known.std()]], rtol=1e-6)
    assert row["missing"].tolist() == [False]
    gap = example(bridge, age=None, city="Rome")
    assert (gap["numbers"].tolist(), gap["missing"].tolist()) == ([[0.0]], [True])


def test_infinite_numbers_count_as_missing() -> None:
    assert example(fitted(ROWS, COLUMNS), age=float("inf"), city="Rome")["missing"].tolist() == [True]


def test_categories_rare_unseen_and_missing() -> None:
    bridge = fitted(ROWS, COLUMNS)
    codes = {
        city: example(bridge, age=1.0, city=city)["codes"].tolist() for city in ("Oslo", "Rome", "Bonn", "Paris", None)
    }
    assert codes == {"Oslo": [2], "Rome": [3], "Bonn": [0], "Paris": [0], None: [1]}


@pytest.mark.parametrize(("rare", "values"), [(1, ["Bonn", "Oslo", "Rome"]), (5, ["Oslo", "Rome"]), (6, ["Rome"])])
def test_rare_is_an_option(rare, values) -> None:
    assert fitted(ROWS, COLUMNS, rare=rare).state()["table"]["categories"][0]["values"] == values


def test_quantile_scaling_is_an_option() -> None:
    values = np.exp(np.linspace(0, 8, 101))
    bridge = fitted([{"age": float(value)} for value in values], fields(age="table"), scaling="quantile")
    assert example(bridge, age=float(values[50]))["numbers"][0, 0] == pytest.approx(0, abs=1e-6)
    assert example(bridge, age=1e9)["numbers"][0, 0] == pytest.approx(5.2, abs=0.1)


def test_bins_are_an_option() -> None:
    rows = [{"age": float(age), "flag": float(age % 2)} for age in range(101)]
    bridge = fitted(rows, fields(age="table", flag="table"), expand="bins", bins=4)
    row = example(bridge, age=60.0, flag=1.0)
    np.testing.assert_allclose(row["numbers"][0], [1, 1, 0.4, 0], atol=1e-6)
    assert row["numbers"].shape == (2, 4)
    # A column of two values has one bin; zeros stand behind it.
    assert not row["numbers"][1, 1:].any()
    gap = example(bridge, age=None, flag=0.0)
    assert (gap["numbers"][0].tolist(), gap["missing"].tolist()) == ([0.0] * 4, [True, False])
    usual = fitted(rows, fields(age="table", flag="table"), expand="bins").embedder(8)
    assert usual.embedders["table"].weight.shape == (2, 16, 8)


@pytest.mark.parametrize("options", [{}, {"expand": "bins"}, {"scaling": "quantile"}, {"combine": "products"}])
def test_an_absurd_number_is_held_back(options) -> None:
    rows = [{"age": float(age), "height": float(age % 5)} for age in range(40)]
    bridge = fitted(rows, fields(age="table", height="table"), **options)
    assert np.abs(example(bridge, age=1e300, height=-1e300)["numbers"]).max() <= 1e4
    assert embedded(bridge, [{"age": 1e300, "height": -1e300}]).tokens.isfinite().all()


def noise(count: int = 300) -> tuple[np.random.Generator, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng, rng.normal(size=(count, 5))


@pytest.mark.parametrize("problem", ["classes", "regression", "multilabel"])
def test_select_keeps_the_columns_that_say_most(problem) -> None:
    _, table = noise()
    signal = table[:, 1] + table[:, 3]
    targets = {
        "classes": (signal > 0).astype(np.int64),
        "regression": signal.astype(np.float32),
        "multilabel": np.stack([table[:, 1] > 0, table[:, 3] > 0], 1).astype(np.float32),
    }[problem]
    rows = [{f"c{place}": float(value) for place, value in enumerate(row)} for row in table]
    columns = fields(**{f"c{place}": "table" for place in range(5)})
    bridge = fitted(rows, columns, targets=targets, select=2)
    assert [item["parents"] for item in bridge.state()["table"]["numbers"]] == [["c1"], ["c3"]]
    assert embedded(bridge, rows[:3]).tokens.shape[1] == 2


def test_products_find_what_no_column_says_alone() -> None:
    _, table = noise()
    targets = (table[:, 0] * table[:, 4] > 0).astype(np.int64)
    rows = [{f"c{place}": float(value) for place, value in enumerate(row)} for row in table]
    columns = fields(**{f"c{place}": "table" for place in range(5)})
    bridge = fitted(rows, columns, targets=targets, combine="products", combinations=1)
    features = bridge.state()["table"]["numbers"]
    assert [item["parents"] for item in features][5:] == [["c0", "c4"]]
    # A product is of standardised numbers, and standardised again.
    row = example(bridge, **rows[7])
    centred = (table - table.mean(0)) / table.std(0)
    product = centred[:, 0] * centred[:, 4]
    assert row["numbers"][5, 0] == pytest.approx((product[7] - product.mean()) / product.std(), rel=1e-5)


def test_crosses_find_what_no_category_says_alone() -> None:
    rng = np.random.default_rng(0)
    values = rng.choice(["x", "y"], (200, 3))
    targets = (values[:, 0] == values[:, 2]).astype(np.int64)
    rows = [dict(zip("abc", map(str, row), strict=True)) for row in values]
    bridge = fitted(rows, fields(a="table", b="table", c="table"), targets=targets, combine="products", combinations=1)
    cross = bridge.state()["table"]["categories"][3]
    assert cross["parents"] == ["a", "c"]
    assert len(cross["values"]) == 4
    same, gap = example(bridge, a="x", b="y", c="x"), example(bridge, a="x", b="y", c=None)
    assert same["codes"][3] == 2 + cross["values"].index("x\x1fx")
    assert gap["codes"][3] == 1


def test_selection_and_combination_survive_the_state() -> None:
    rng, table = noise(60)
    rows = [
        {"a": float(a), "b": float(b), "k": str(k), "m": str(m)}
        for (a, b), k, m in zip(table[:, :2], rng.integers(0, 2, 60), rng.integers(0, 3, 60), strict=True)
    ]
    given = fields(a="table", b="table", k="table", m="table")
    options = {"combine": "products", "combinations": 2, "select": 5, "expand": "bins", "scaling": "quantile"}
    bridge = fitted(rows, given, targets=table[:, 0].astype(np.float32), **options)
    other = unfitted(given, **options)
    other.restore(bridge.state())
    assert other.identity == bridge.identity
    for mine, theirs in zip(prepared(bridge, rows), prepared(other, rows), strict=True):
        assert all(np.array_equal(mine[key], theirs[key]) for key in mine)


def test_tokens_are_value_times_weight_plus_bias() -> None:
    bridge = fitted(ROWS, COLUMNS)
    embedder = bridge.embedder(16).embedders["table"]
    batch = {
        "numbers": torch.tensor([[[2.0]], [[0.0]]]),
        "missing": torch.tensor([[False], [True]]),
        "codes": torch.tensor([[3], [1]]),
    }
    with torch.no_grad():
        tokens = embedder(batch)
        torch.testing.assert_close(tokens[0, 0], 2 * embedder.weight[0, 0] + embedder.bias[0, 0])
        torch.testing.assert_close(tokens[1, 0], embedder.bias[0, 1])
        torch.testing.assert_close(tokens[0, 1], embedder.codes.weight[3] + embedder.category_bias[0])


def test_each_category_column_has_codes_of_its_own() -> None:
    rows = [{"k": "x", "l": "x"}] * 5
    hidden = embedded(fitted(rows, fields(k="table", l="table")), rows[:1])
    assert not torch.allclose(hidden.tokens[0, 0], hidden.tokens[0, 1])


@pytest.mark.parametrize("expand", ["none", "bins"])
@pytest.mark.parametrize("scaling", ["standard", "quantile"])
def test_constant_and_empty_columns_are_harmless(expand, scaling) -> None:
    rows = [{"same": 3.0, "empty": None, "word": "x", "age": float(age)} for age in range(9)]
    columns = fields(same="table", empty="table", word="table", age="table")
    bridge = fitted(rows, columns, expand=expand, scaling=scaling, select=4, combine="products")
    assert embedded(bridge, rows).tokens.isfinite().all()


def test_words_in_a_column_of_numbers_are_an_error() -> None:
    with pytest.raises(DataError, match=r"a column of numbers holds something else.*'age'.*'old'"):
        example(fitted(ROWS, COLUMNS), age="old", city="Rome")


def test_few_rows_are_enough_to_fit() -> None:
    bridge = fitted(ROWS[:1], COLUMNS, select=1)
    assert [item["parents"] for item in bridge.state()["table"]["categories"]] == []
