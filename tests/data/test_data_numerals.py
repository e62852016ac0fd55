"""Numbers as people write them; right values are written out by hand."""

import pyarrow as pa
import pytest

from modaxfer.data.cells.numerals import Numerals, find_numerals, parse


def column(cells):
    return pa.chunked_array([pa.array(cells, pa.string())])


def read(cells, **hints):
    found = find_numerals(column(cells), hints)
    assert isinstance(found, Numerals), found
    return parse(column(cells), found).to_pylist()


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "+2.50", "-3e2", ".5", "-Infinity"], [1, 2.5, -300, 0.5, float("-inf")]),
        (["0,134", "2,847"], [0.134, 2.847]),
        (["1,5", "12"], [1.5, 12]),
        (["1,234", "1.234,5"], [1.234, 1234.5]),
        (["1.234.567", "12.000"], [1234567, 12000]),
        (["1,234.5", "12"], [1234.5, 12]),
        (["1,00,000", "12,34,567"], [100000, 1234567]),
        (["$1,200", "-$5,300.50", "($1,200)", "$-20", "12"], [1200, -5300.5, -1200, -20, 12]),
        (["\u20ac 1.200,50", "3,00 \u20ac"], [1200.5, 3]),
        (["1\u202f200,5\u00a0\u20ac", "3,0 \u20ac"], [1200.5, 3]),
        (["USD 1,200", "3 USD"], [1200, 3]),
        (["R$ 1.200,00", "R$ 3,50"], [1200, 3.5]),
        (["45%", "-3 %"], [45, -3]),
        (["(1,200)", "1,500.5", "7-"], [-1200, 1500.5, -7]),
        (["12 kg", "3.5 KG"], [12, 3.5]),
        (["1 year", "2 years"], [1, 2]),
        (["12 \u00b0C", "\u22123 \u00b0C"], [12, -3]),
        (["3 m2", "4.5 m2"], [3, 4.5]),
        (["1'234.50", "1\u2019000"], [1234.5, 1000]),
        (["1.2k", "900", "3M"], [1200, 900, 3e6]),
        (["$1.5M", "$2bn", "-$3 K"], [1.5e6, 2e9, -3000]),
        (["1,5 Mio \u20ac", "2,25 Mio \u20ac"], [1.5e6, 2.25e6]),
        (["10k", "250k"], [10_000, 250_000]),
        (["1,000,000+", "50+"], [1e6, 50]),
        (["10 m", "250 m"], [10, 250]),
        (["300 K", "275.5 K"], [300, 275.5]),
        (["True", "false", "1"], [1, 0, 1]),
    ],
)
def test_cells_of_one_column_are_numbers(cells, values):
    assert read(cells) == values


@pytest.mark.parametrize(
    ("hints", "values"),
    [
        ({"separator": ";"}, [2.134, 2.847]),
        ({"separator": ","}, [2134, 2847]),
        ({"separator": ",", "decimal": ","}, [2.134, 2.847]),
    ],
)
def test_the_rest_of_the_file_tells_a_decimal_comma_from_one_between_thousands(hints, values):
    assert read(["2,134", "2,847"], **hints) == values


def test_a_point_is_a_decimal_point_unless_other_columns_have_commas():
    assert read(["1.234", "2.500", "950"], separator=";") == [1.234, 2.5, 950]
    assert read(["1.234", "2.500", "950"], separator=";", decimal=",") == [1234, 2500, 950]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["2,134", "2,847"], "'2,134' has a decimal comma or a comma between thousands"),
        (["12 kg", "500 g"], "numbers with 'kg', 'g' beside them cannot be put on one scale"),
        (["12 kg", "500"], "numbers with 'kg' and nothing beside them"),
        (["45%", "0.45"], "numbers with '%' and nothing"),
        (["$12", "\u20ac13"], "'$', '\u20ac' beside them"),
        (["<5", "6"], "'<' and nothing"),
        ([*"12345678", "low", "high"], "40 of 50 cells are numbers, too few"),
    ],
)
def test_what_is_not_certain_is_said(cells, why):
    found = find_numerals(column(cells * 5))
    assert isinstance(found, str)
    assert why in found


@pytest.mark.parametrize(
    "cells", [["red", "blue"], ["A12", "A13"], ["1.2.3", "1.0.0"], ["10.0.0.1", "192.168.0.1"], ["1-5", "6-10"],
              ["4:3", "16:9"], ["0x1", "0x2"], ["12 Main St", "1 Oak Av"]]
)  # fmt: skip
def test_what_is_no_number_stays_what_it_is(cells):
    assert find_numerals(column(cells * 10)) is None or isinstance(find_numerals(column(cells * 10)), str)


def test_a_few_odd_cells_do_not_make_a_category():
    cells = [*map(str, range(60)), "n/a?"]
    assert read(cells) == [*range(60), None]
