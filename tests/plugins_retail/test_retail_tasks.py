import numpy as np
import pytest

import domain_tasks as tasks
from answers import answers_of
from modaxfer.baselines.simple import fit_simple
from modaxfer.data.cells.interpret import interpret
from modaxfer_retail.garments import GARMENTS

PLUGIN = "retail"
SPECS = tasks.specs(PLUGIN)
SEASON_CHANCE = 0.35
"""Share of the most common season."""


@pytest.mark.parametrize("check", [tasks.check_announced, tasks.check_described])
def test_the_plugin_is(check):
    check(PLUGIN)


@pytest.mark.parametrize("name", ["fashion-products", pytest.param("houses", marks=pytest.mark.slow)])
def test_samples_are_seeded(name):
    tasks.check_sample_is_seeded(SPECS[name])


@pytest.mark.parametrize("name", SPECS)
def test_without_data_the_sample_is_read_and_said(name):
    tasks.check_sample_loads(PLUGIN, name)


@pytest.mark.parametrize(("name", "least"), [("fashion-photo", 0.6), ("houses", 0.4)])
def test_samples_can_be_learnt(name, least):
    assert tasks.simple_score(PLUGIN, name) > least


@pytest.mark.parametrize("field", [0, 1])
def test_photo_and_title_each_tell_something_of_the_season(field):
    spec, data = SPECS["fashion-season"], tasks.load_sample(PLUGIN, "fashion-season")
    said = fit_simple(data, fields=spec.fields[field : field + 1]).predictions["test"]
    assert SEASON_CHANCE + 0.08 < (said == answers_of(data)["test"]).mean() < 0.85


SINGLE = {
    "fashion-photo": ("fashion-products", "image"),
    "fashion-title": ("fashion-products", "title"),
    "fashion-season-photo": ("fashion-season", "image"),
    "fashion-season-title": ("fashion-season", "title"),
}
"""Tasks of one field, the task of both, and the field."""


@pytest.mark.parametrize("name", SINGLE)
def test_one_field_alone_is_scored_on_the_same_rows(name):
    both, field = SINGLE[name]
    check_same_rows(tasks.load_sample(PLUGIN, both), tasks.load_sample(PLUGIN, name))
    assert [each.name for each in SPECS[name].fields] == [field]


def check_same_rows(both, one):
    for split in ("validation", "test"):
        assert both.splits[split]["row_id"][:] == one.splits[split]["row_id"][:]
        np.testing.assert_array_equal(answers_of(both)[split], answers_of(one)[split])


def test_every_kind_of_article_is_drawn():
    assert tuple(GARMENTS) == SPECS["fashion-products"].target.classes


def test_no_title_of_the_sample_stands_there_twice():
    titles = [
        t for table in tasks.sample_tables(SPECS["fashion-products"]).values() for t in table["title"].to_pylist()
    ]
    assert len(titles) == len(set(titles)) == 280


def test_price_classes_are_thirds_parted_where_the_spec_says():
    for table in tasks.sample_tables(SPECS["houses"]).values():
        names = np.array(("low", "middle", "high"))
        parted = names[np.searchsorted((385_000, 630_000), table["price"].to_numpy())]
        assert table["label"].to_pylist() == parted.tolist()


@pytest.mark.parametrize("name", ["houses", "houses-price-class"])
def test_neither_price_nor_label_is_an_input(name):
    spec = SPECS[name]
    assert not {"price", "label", "house"} & {field.name for field in spec.fields}
    units = {field.name: field.unit for field in spec.fields if field.signal.kind == "table"}
    assert units == {"bedrooms": "rooms", "bathrooms": "rooms", "area": "square feet", "zipcode": ""}


def test_a_zip_code_is_a_category():
    types = interpret(tasks.sample_tables(SPECS["houses"])["train"], SPECS["houses"].fields).types
    assert {name: reading.kind for name, reading in types.items()} == {
        "bedrooms": "number",
        "bathrooms": "number",
        "area": "number",
        "zipcode": "category",
    }


@pytest.mark.weights
@pytest.mark.parametrize("name", SPECS)
def test_the_real_rows(name):
    tasks.check_real_rows(PLUGIN, name)


@pytest.mark.weights
def test_what_is_dropped_of_the_real_rows():
    titles = {"also_in_test": 207, "also_in_validation": 104}
    assert tasks.load_real(PLUGIN, "fashion-products").dropped == titles | {"duplicate": 2}
    assert tasks.load_real(PLUGIN, "fashion-season").dropped == titles | {"duplicate": 2}
    assert tasks.load_real(PLUGIN, "fashion-photo").dropped == titles | {"duplicate": 3}
    assert tasks.load_real(PLUGIN, "fashion-title").dropped == titles | {"duplicate": 211}
    assert tasks.load_real(PLUGIN, "fashion-season-photo").dropped == titles | {"duplicate": 3}
    assert tasks.load_real(PLUGIN, "fashion-season-title").dropped == titles | {"duplicate": 191}
    assert tasks.load_real(PLUGIN, "houses").dropped == {"duplicate": 1}


@pytest.mark.weights
@pytest.mark.parametrize("name", SINGLE)
def test_one_field_alone_is_scored_on_the_same_real_rows(name):
    check_same_rows(tasks.load_real(PLUGIN, SINGLE[name][0]), tasks.load_real(PLUGIN, name))


@pytest.mark.weights
def test_real_price_classes_follow_from_real_prices():
    prices, classes = (tasks.load_real(PLUGIN, name) for name in ("houses", "houses-price-class"))
    for split in prices.splits:
        np.testing.assert_array_equal(
            np.searchsorted((385_000, 630_000), answers_of(prices)[split]), answers_of(classes)[split]
        )
    assert prices.types["zipcode"]["kind"] == "category"
