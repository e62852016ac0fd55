from datetime import time, timedelta

import numpy as np
import pyarrow as pa
import pytest

from modaxfer.data.cells.columns import conform
from modaxfer.data.cells.interpret import interpret, row_counters, strange_cells
from modaxfer.data.origin import stamp
from modaxfer.spec import TABLE, Field


def csv(separator=",", **columns):
    return stamp(pa.table(columns), file="t.csv", typed=False, separator=separator)


def meaning(table):
    return interpret(table, [Field(name=name, signal=TABLE) for name in table.column_names])


def test_each_conversion_is_said_in_a_line():
    found = meaning(
        csv(
            price=["$1,200", "$35"] * 20,
            share=["45%", "5%"] * 20,
            member=["True", "False"] * 20,
            when=["2024-01-31", "2024-02-03"] * 20,
            plain=["1", "2.5"] * 20,
            colour=["red", "blue"] * 20,
        )
    )
    assert found.notes == (
        "column 'price': read as numbers, '$1,200' as 1200",
        "column 'share': read as numbers, '45%' as 45",
        "column 'member': true and false are read as 1 and 0",
        "column 'when': dates (ISO 8601) are read as month, day, weekday, elapsed days",
    )
    kinds = {name: reading.kind for name, reading in found.types.items()}
    assert kinds == {"price": "number", "share": "number", "member": "number", "when month": "date",
                     "when day": "date", "when weekday": "date", "when elapsed days": "date", "plain": "number",
                     "colour": "category"}  # fmt: skip
    assert {field.name: field.unit for field in found.fields if field.unit} == {
        "price": "$", "share": "%", "when elapsed days": "days",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        (
            ["12 kg", "500 g"] * 20,
            "column 'c': numbers with 'kg', 'g' beside them cannot be put on one scale; it stays",
        ),
        (["01/02/2024", "03/04/2024"] * 20, "column 'c': dates that do not say which number is the day"),
        ([f"x{n}" for n in range(40)], "column 'c': every cell is different"),
        ([f"a rather long remark about thing {n}" for n in range(40)], "as text it is read with --text 'c'"),
    ],
)
def test_what_stays_a_category_though_it_looks_like_more_is_said(cells, note):
    found = meaning(csv(c=cells))
    assert found.types["c"].kind == "category"
    assert any(note in line for line in found.notes)


def test_typed_columns_are_what_they_say_but_text_may_hold_dates_and_amounts():
    table = stamp(
        pa.table(
            {
                "digits": ["1", "2"] * 20,
                "zip": ["00123", "99999"] * 20,
                "price": ["$1,200", "$35"] * 20,
                "spoilt": [*map(str, range(39)), "n/a?"],
                "when": ["2024-01-31", "2025-02-03"] * 20,
                "day": pa.array([19753, 20122] * 20, pa.date32()),
                "yes": [True, False] * 20,
            }
        ),
        file="t.parquet",
    )
    found = meaning(table)
    kinds = {name: reading.kind for name, reading in found.types.items()}
    assert kinds["digits"] == kinds["zip"] == "category"
    assert kinds["price"] == kinds["yes"] == kinds["spoilt"] == "number"
    assert kinds["when year"] == kinds["day year"] == "date"
    (digits,) = [note for note in found.notes if "digits" in note]
    assert "store them as numbers" in digits
    assert not [note for note in found.notes if "zip" in note]


def test_times_compact_dates_and_identifiers():
    table = csv(
        at=["12:30", "07:15:36"] * 20,
        day=[f"202401{n:02d}" for n in range(1, 21)] * 2,
        user_id=[str(n * 17) for n in range(40)],
        zip=["00123", "99999"] * 20,
    )
    found = meaning(table)
    read = conform(table, found.fields, found.types)
    assert read["at"].to_pylist()[:2] == [12.5, 7.26]
    assert read["day elapsed days"].to_pylist()[:3] == [0, 1, 2]
    assert found.notes == (
        "column 'at': read as hours, '07:15:36' as 7.26",
        "column 'day': dates (%Y%m%d) are read as day, weekday, elapsed days",
        "column 'user_id': a number of its own in every row; if it only names the row, leave it out",
        "column 'zip': read as numbers, '00123' as 123; digits that are codes belong into a file with types",
    )
    typed = pa.table({"at": [time(12, 30), None] * 20, "long": [timedelta(minutes=90), timedelta(0)] * 20})
    found = meaning(typed)
    read = conform(typed, found.fields, found.types).to_pydict()
    assert read["at"][:2] == [12.5, None]
    assert read["long"][:2] == [1.5, 0]


def test_a_decimal_comma_in_one_column_tells_how_another_is_written():
    found = meaning(csv(separator=";", a=["0,5", "12,25"] * 20, b=["1.234", "2.500"] * 20))
    assert found.types["b"].numerals.thousands == "."


def test_truth_values_are_equal_from_every_kind_of_file():
    types = meaning(csv(m=["True", "False"] * 20)).types
    fields = [Field(name="m", signal=TABLE)]
    for cells in (["true", "false"], ["TRUE", "FALSE"], ["1", "0"], [True, False], [1, 0], [1.0, 0.0]):
        assert conform(pa.table({"m": cells}), fields, types)["m"].to_pylist() == [1, 0]
    types = meaning(pa.table({"m": [1, 0] * 20})).types
    assert conform(pa.table({"m": ["True", "false"]}), fields, types)["m"].to_pylist() == [1, 0]


def test_categories_with_truth_values_among_them_are_found_again():
    types = meaning(csv(m=["True", "False", "maybe"] * 20)).types
    types = {"m": types["m"].with_levels(["True", "False", "maybe"])}
    assert not strange_cells(pa.table({"m": [True, False]}), types)


def test_strange_cells_are_counted_and_named():
    numbers, days = [*map(str, range(40)), "n/a?"], ["2024-01-31"] * 20 + ["2024-02-01"] * 21
    types = meaning(csv(n=numbers, d=days, c=[*"ab" * 20, "a"])).types
    types["c"] = types["c"].with_levels(["a", "b"])
    new = csv(n=["1", "lots", "NA", None, "few", "lots"], d=["soon", *["2024-01-01"] * 5], c=["a", "z", *["b"] * 4])
    lines = [str(one) for one in strange_cells(new, {name: reading.to_dict() for name, reading in types.items()})]
    assert lines == [
        "column 'n': 3 cells are no number ('lots', 'few')",
        "column 'd': 1 cell is no date ('soon')",
        "column 'c': 1 cell is no category of the training rows ('z')",
    ]
    assert strange_cells(new, types)[0].rows == (1, 4, 5)


def test_columns_that_only_number_the_rows():
    count = list(range(20))
    table = pa.table(
        {
            "a": count,
            "b": [n + 1 for n in count],
            "c": [n + 5 for n in count],
            "Unnamed: 0": count[::-1],
            "d": [str(n) for n in count],
            "e": count[::-1],
            "f": [1.5] * 20,
        }
    )
    assert row_counters(table, table.column_names) == ("a", "b", "Unnamed: 0", "d")
    assert row_counters(table.slice(0, 5), ["a", "f"]) == ()
    drawn = np.array([3, 4, 7, 8, 9, 11, 12, 15, 17, 19])
    part = stamp(table.take(pa.array(drawn)), file="t.csv", numbers=drawn + 1)
    assert row_counters(part, ["a", "b", "c"]) == ("a", "b")


def test_gaps_of_people_and_spreadsheets_are_gaps_among_numbers_and_counted():
    cells = ["1.5", "\u2014", "2", ".", "#DIV/0!", "n.a.", "3", "Missing"] * 5
    days = ["2024-01-31", "0000-00-00", "2024-02-03", "2024-02-04"] * 10
    table = csv(size=cells, when=days, kind=["missing", "n.a."] * 20)
    found = meaning(table)
    assert found.types["size"].read(table.column("size")).to_pylist()[:8] == [1.5, None, 2, None, None, None, 3, None]
    assert found.types["when day"].read(table.column("when")).to_pylist()[:3] == [31, None, 3]
    assert found.types["kind"].kind == "category"
    assert "column 'size': 25 cells were taken for gaps ('\u2014', '.', '#DIV/0!')" in found.notes
    assert "column 'when': 10 cells were taken for gaps ('0000-00-00')" in found.notes


@pytest.mark.parametrize("cells", [["(1.5)", "2", "3.5"], ["1.5-", "2", "3.5"], ["\u22121.5", "2", "3.5"]])
def test_a_minus_that_is_no_hyphen_in_front_is_said(cells):
    table = csv(size=cells * 5)
    found = meaning(table)
    assert found.types["size"].read(table.column("size")).to_pylist()[:3] == [-1.5, 2, 3.5]
    assert found.notes == (f"column 'size': read as numbers, {cells[0]!r} as -1.5",)


@pytest.mark.parametrize(
    "cells",
    [
        [f"{day:02d}.03.2024" if day % 2 else f"2024-03-{day:02d}" for day in range(1, 29)],
        [f"{day}. M\u00e4rz 2024" for day in range(1, 29)],
        [f"{month:02d}/2024" for month in range(1, 13)],
        [f"{year}-Q1" for year in range(2000, 2012)],
        [f"Jan-{year}" for year in range(10, 24)],
    ],
)
def test_dates_that_stay_categories_are_said(cells):
    found = meaning(csv(when=cells))
    assert found.types["when"].kind == "category"
    assert found.notes == (
        "column 'when': these look like dates, but not all in one format that is known; it stays a category",
    )


def test_what_stands_on_both_sides_of_an_amount_is_taken_away():
    table = csv(price=["$5 each", "$1,200 each"] * 10)
    assert meaning(table).types["price"].read(table.column("price")).to_pylist()[:2] == [5, 1200]


def test_a_saved_index_of_shuffled_rows_is_none_of_the_data():
    numbers = [str(n * 37 % 60) for n in range(60)]
    table = csv(index=numbers, amount=numbers)
    assert row_counters(table, table.column_names) == ("index",)
