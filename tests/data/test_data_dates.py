"""Dates against Python's own calendar."""

from datetime import date, datetime

import pyarrow as pa
import pytest

from modaxfer.data.cells.dates import ISO, PARTS, find_format, first_of, instants, part_of


def column(cells, kind=None):
    return pa.chunked_array([pa.array(cells, kind or pa.string())])


@pytest.mark.parametrize(
    ("cells", "written", "first"),
    [
        (["2024-01-31", "2024-07-03"], ISO, date(2024, 1, 31)),
        (["2024-01-31T10:00:00Z", "2024-07-03T10:00:00+02:00"], ISO, date(2024, 1, 31)),
        (["31/01/2024", "03/07/2024"], "%d/%m/%Y", date(2024, 1, 31)),
        (["01/31/2024", "07/03/2024"], "%m/%d/%Y", date(2024, 1, 31)),
        (["1.2.2024", "3.7.2024"], "%d.%m.%Y", date(2024, 2, 1)),
        (["31.01.2024 14:30", "03.07.2024 09:15"], "%d.%m.%Y %H:%M", date(2024, 1, 31)),
        (["January 31, 2024", "Sept. 3, 2024", "Jul 3, 2024"], "%b %d, %Y", date(2024, 1, 31)),
        (["31 Jan 2024", "3 March 2024"], "%d %b %Y", date(2024, 1, 31)),
        (["31-Jan-24", "3-Jul-24"], "%d-%b-%y", date(2024, 1, 31)),
        (["2024-01-31 10:00:00 UTC", "2024-07-03 10:00:00 GMT"], ISO, date(2024, 1, 31)),
        (
            ["Wed, 31 Jan 2024 10:00:00 +0000", "Wed, 03 Jul 2024 1:00:00 +0200"],
            "%d %b %Y %H:%M:%S %z",
            date(2024, 1, 31),
        ),
        (["Wednesday, 31 January 2024", "Wed 3 Jul 2024"], "%d %b %Y", date(2024, 1, 31)),
        (["1/31/2024 3:30 PM", "7/3/2024 11:05 AM"], "%m/%d/%Y %I:%M %p", date(2024, 1, 31)),
    ],
)
def test_formats(cells, written, first):
    assert find_format(column(cells * 10)) == written
    assert first_of(instants(column(cells), written)) == first.isoformat()


def test_day_and_month_that_cannot_be_told_apart():
    assert find_format(column(["01/02/2024", "03/07/2024"])) == ""
    assert find_format(column(["02/02/2024", "07/07/2024"])) in ("%d/%m/%Y", "%m/%d/%Y")


@pytest.mark.parametrize(
    "cells", [["monthly 31/01/2024"], ["red", "blue"], ["1.2.3", "1.0.0"], ["555-12-3456"], ["12 Main St 5"], ["2024"]]
)
def test_what_is_no_date(cells):
    assert find_format(column(cells)) is None


def test_parts_are_those_of_the_calendar():
    moments = [datetime(2024, 2, 29, 18, 45), datetime(1066, 10, 14), datetime(9999, 12, 31, 6)]
    written = column([moment.isoformat(" ") for moment in moments])
    typed = column(moments, pa.timestamp("us"))
    for dates in (instants(written, ISO), instants(typed, "typed")):
        origin = first_of(dates)
        assert origin == "1066-10-14"
        found = {part: part_of(dates, part, origin).to_pylist() for part in PARTS}
        assert found["year"] == [2024, 1066, 9999]
        assert found["month"] == [2, 10, 12]
        assert found["day"] == [29, 14, 31]
        assert found["weekday"] == [moment.weekday() for moment in moments]
        assert found["hour"] == [18.75, 0, 6]
        assert found["elapsed days"] == [(moment - moments[1]).total_seconds() / 86400 for moment in moments]


def test_an_odd_cell_is_a_gap():
    cells = ["2024-01-31"] * 30 + ["soon"]
    assert find_format(column(cells)) == ISO
    assert instants(column(cells), ISO).null_count == 1
