from __future__ import annotations

import re
import shutil

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import domain_tasks as tasks
from answers import answers_of
from modaxfer.errors import DataError
from modaxfer.tasks.load import load_task
from modaxfer_reviews import rows, sample
from modaxfer_reviews.amazon import DOMAINS

PLUGIN = "reviews"
MODERATION = "toxic-comments"
TASKS = {name: spec for name, spec in tasks.specs(PLUGIN).items() if name != MODERATION}
README = (tasks.PLUGINS / PLUGIN / "README.md").read_text(encoding="utf-8")

GIVEN = {
    "sst2": (6920, 872, 1821),
    "sst5": (8544, 1101, 2210),
    "rt-polarity": (8530, 1066, 1066),
    "subjectivity": (8000, 1000, 1000),
    "customer-reviews": (3012, 376, 377),
    "vader-products": (2882, 426, 400),
    "vader-products-rating": (2882, 426, 400),
    "amazon-reviews": (18475, 2308, 2311),
    "amazon-books": (4676, 584, 585),
    "amazon-dvd": (4574, 571, 572),
    "amazon-electronics": (4566, 570, 572),
    "amazon-kitchen": (4659, 583, 582),
    "vader-tweets": (3360, 420, 420),
    "vader-tweets-rating": (3360, 420, 420),
}
"""Rows of train, validation and test in the folders."""

DROPPED = {
    "sst2": {"also_in_test": 3, "duplicate": 8},
    "sst5": {"also_in_test": 3, "also_in_validation": 1, "duplicate": 9},
    "vader-products": {"also_in_validation": 2, "duplicate": 7},
    "vader-products-rating": {"also_in_validation": 2},
}

TEST_CLASSES = {
    "sst2": {"negative": 912, "positive": 909},
    "sst5": {"very negative": 279, "negative": 633, "neutral": 389, "positive": 510, "very positive": 399},
    "rt-polarity": {"negative": 533, "positive": 533},
    "subjectivity": {"objective": 500, "subjective": 500},
    "customer-reviews": {"negative": 137, "positive": 240},
    "vader-products": {"negative": 140, "neutral": 72, "positive": 188},
    "amazon-reviews": {"negative": 1129, "positive": 1182},
    "amazon-books": {"negative": 286, "positive": 299},
    "amazon-dvd": {"negative": 277, "positive": 295},
    "amazon-electronics": {"negative": 279, "positive": 293},
    "amazon-kitchen": {"negative": 287, "positive": 295},
    "vader-tweets": {"negative": 108, "neutral": 77, "positive": 235},
}


@pytest.mark.parametrize("check", [tasks.check_announced, tasks.check_described])
def test_the_plugin_is(check):
    check(PLUGIN)


@pytest.mark.parametrize("name", TASKS)
def test_without_data_a_sample_is_read_that_can_be_learnt(name):
    tasks.check_sample_loads(PLUGIN, name)
    data = tasks.load_sample(PLUGIN, name)
    if TASKS[name].target.problem != "regression":
        (rows_a_class,) = set(tasks.class_counts(data, "test").values())
        assert rows_a_class >= 12
    tasks.check_groups_apart(data, ("text",))
    assert 0.4 < tasks.simple_skill(PLUGIN, name) < 0.99


@pytest.mark.parametrize("name", ["sst2", "amazon-books", "vader-products", "vader-tweets", "subjectivity"])
def test_a_sample_is_its_seed(name):
    tasks.check_sample_is_seeded(TASKS[name])
    tables = tasks.sample_tables(TASKS[name])
    assert {split: table.num_rows for split, table in tables.items()} == {"train": 150, "test": 60}


def test_tasks_that_share_phrases_have_samples_of_their_own():
    assert not sample.sst2(0)["train"].equals(sample.rt_polarity(0)["train"])


def test_the_sample_of_the_shop_holds_those_of_its_domains():
    shop = sample.amazon_reviews(0)
    assert shop["test"].filter(pc.equal(shop["test"]["domain"], "dvd")).equals(sample.amazon_dvd(0)["test"])
    assert {split: table.num_rows for split, table in shop.items()} == {"train": 600, "test": 240}


@pytest.mark.parametrize("name", ["vader-products", "vader-tweets"])
def test_ratings_of_the_sample_agree_with_the_classes(name):
    for table in tasks.sample_tables(TASKS[name]).values():
        for row in table.to_pylist():
            expected = "positive" if row["rating"] >= 0.5 else "negative" if row["rating"] <= -0.5 else "neutral"
            assert row["label"] == expected
            assert -4 <= row["rating"] <= 4


def test_the_sample_keeps_a_review_on_one_side():
    tasks.check_groups_apart(tasks.load_sample(PLUGIN, "vader-products"), ("review",))


def write(folder, tables):
    folder.mkdir()
    for split, columns in tables.items():
        pq.write_table(pa.table(columns), folder / f"{split}.parquet")
    return folder


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_is_read_alone(domain, tmp_path):
    columns = {"text": [f"on {name}" for name in DOMAINS], "label": ["positive"] * 4, "domain": list(DOMAINS)}
    folder = write(tmp_path / "amazon-reviews", {"train": columns, "test": columns})
    tables = getattr(rows, f"amazon_{domain}")(folder)
    assert {split: table["text"].to_pylist() for split, table in tables.items()} == {
        "train": [f"on {domain}"],
        "test": [f"on {domain}"],
    }


def test_a_domain_that_a_split_lacks_is_refused(tmp_path):
    columns = {"text": ["good", "bad"], "label": ["positive", "negative"], "domain": ["dvd", "dvd"]}
    folder = write(tmp_path / "amazon-reviews", {"train": columns})
    with pytest.raises(DataError, match=r"split train has no row of this domain.* Got: books\. Allowed: dvd"):
        rows.amazon_books(folder)


def test_rows_without_a_domain_are_refused(tmp_path):
    folder = write(tmp_path / "amazon-reviews", {"train": {"text": ["good"], "label": ["positive"]}})
    with pytest.raises(DataError, match=r"no column 'domain'.* Fix: add it: the domain of each review"):
        rows.amazon_dvd(folder)


def test_the_review_of_a_sentence_is_read_from_its_id(tmp_path):
    folder = write(tmp_path / "vader-products", {"train": {"text": ["a", "b", "c"], "id": ["2_1", "2_10", None]}})
    assert rows.vader_products(folder)["train"]["review"].to_pylist() == ["2", "2", None]


def test_sentences_without_an_id_are_refused(tmp_path):
    folder = write(tmp_path / "vader-products", {"train": {"text": ["a"]}})
    with pytest.raises(DataError, match=r"no column 'id'.* Fix: add it: review and sentence"):
        rows.vader_products(folder)


@pytest.mark.weights
@pytest.mark.parametrize("name", TASKS)
def test_the_real_rows(name):
    spec, data = TASKS[name], tasks.load_real(PLUGIN, name)
    given = tasks.given_rows(PLUGIN, name)
    assert tuple(given[split] for split in ("train", "validation", "test")) == GIVEN[name]
    assert dict(data.dropped) == DROPPED.get(name, {})
    assert len(data.splits["train"]) == GIVEN[name][0] - sum(data.dropped.values())
    tasks.check_groups_apart(data, ("text",))
    if spec.target.problem == "regression":
        assert all(-4 <= value <= 4 for targets in answers_of(data).values() for value in targets)
    else:
        assert tasks.class_counts(data, "test") == TEST_CLASSES[name]


@pytest.mark.weights
@pytest.mark.parametrize("name", ["vader-products", "vader-products-rating"])
def test_a_real_review_is_on_one_side(name):
    data = tasks.load_real(PLUGIN, name)
    tasks.check_groups_apart(data, ("review",))
    assert [len(set(rows["review"])) for rows in data.splits.values()] == [240, 30, 30]


@pytest.mark.weights
def test_reviews_are_carved_whole_where_only_train_is_there(tmp_path):
    folder = tasks.real_folder("vader-products")
    (tmp_path / "vader-products").mkdir()
    shutil.copy(folder / "train.parquet", tmp_path / "vader-products")
    data = load_task(TASKS["vader-products"], data_dir=tmp_path)
    tasks.check_groups_apart(data, ("review",))
    tasks.check_groups_apart(data, ("text",))


@pytest.mark.weights
@pytest.mark.parametrize("domain", DOMAINS)
def test_a_real_domain_holds_its_rows_only(domain):
    data = tasks.load_real(PLUGIN, f"amazon-{domain}")
    assert {name for rows in data.splits.values() for name in rows["domain"]} == {domain}


def texts_of(name):
    folder = tasks.real_folder(name)
    tables = [pq.read_table(path, columns=["text"]) for path in folder.glob("*.parquet")]
    # Data sets write spaces and marks in their own ways: letters and digits are what counts.
    return {re.sub(r"[^a-z0-9]", "", text.casefold()) for table in tables for text in table["text"].to_pylist()} - {""}


@pytest.mark.weights
@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("sst2", "sst5", 9601),
        ("sst2", "rt-polarity", 7528),
        ("sst5", "rt-polarity", 9077),
        ("subjectivity", "rt-polarity", 4179),
        ("subjectivity", "sst2", 2874),
        ("subjectivity", "sst5", 3472),
        ("customer-reviews", "vader-products", 1280),
    ],
)
def test_the_readme_says_how_many_texts_two_data_sets_share(first, second, shared):
    assert len(texts_of(first) & texts_of(second)) == shared
    assert f"| `{first}` | `{second}` | {shared:,} |" in README


@pytest.mark.weights
@pytest.mark.parametrize("name", ["vader-tweets", "amazon-reviews"])
def test_other_data_sets_share_next_to_nothing(name):
    others = ["sst2", "rt-polarity", "subjectivity", "customer-reviews", "vader-products"]
    assert all(len(texts_of(name) & texts_of(other)) <= 1 for other in others)
