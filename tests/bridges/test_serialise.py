from __future__ import annotations

import math

import pytest

from modaxfer.bridges.serialise import SerialiseBridge, SerialiseOptions
from modaxfer.config import build
from modaxfer.contracts import Bridge, InputLayout
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.spec import AUDIO, TABLE, TEXT, Field

LAYOUT = InputLayout(kind="text", max_tokens=128)
AGE = Field(name="age", signal=TABLE, unit="years")
AMOUNT = Field(name="credit_amount", signal=TABLE)
JOB = Field(name="job", signal=TABLE)
NOTE, REPLY = Field(name="note", signal=TEXT), Field(name="reply", signal=TEXT)
ROW = {"age": 42.0, "credit_amount": 1169.5, "job": "skilled", "note": " pays late\n", "reply": None}


def write(row, *fields, **options):
    (texts,) = SerialiseBridge(SerialiseOptions(**options), fields or (AGE, AMOUNT, JOB), LAYOUT, None)([row])
    return texts


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("sentence", "age is 42 years; credit amount is 1169.5; job is skilled."),
        ("list", "age: 42 years\ncredit amount: 1169.5\njob: skilled"),
        ("values", "42 years; 1169.5; skilled"),
    ],
)
def test_names_values_and_units_are_written_out(style, text) -> None:
    assert write(ROW, style=style) == (text,)


@pytest.mark.parametrize("gap", [None, math.nan, "", "  "])
@pytest.mark.parametrize("style", ["sentence", "list", "values"])
def test_a_missing_value_is_said_never_dropped(gap, style) -> None:
    (text,) = write(ROW | {"age": gap}, style=style)
    assert "missing" in text
    assert "years" not in text
    (other,) = write(ROW | {"age": gap}, style=style, missing="not known")
    assert other == text.replace("missing", "not known")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0000001, "3"), (-0.0, "0"), (7, "7"), (True, "1"), (0.1 + 0.2, "0.3"), (1234567.89, "1234568"),
        (12345.678, "12345.7"), (-2.50, "-2.5"), (0.000123456789, "0.000123457"), (1e-9, "1e-09"),
        (9.99999999, "10"), (100.0, "100"), (1e14, "100000000000000"), (1e20, "1e+20"), (math.inf, "inf"),
        (-math.inf, "-inf"), (0.099999999, "0.1"),
    ],
)  # fmt: skip
def test_numbers_are_written_shortly(value, text) -> None:
    assert write({"credit_amount": value}, AMOUNT, style="values") == (text,)


def test_digits_say_how_much_of_a_fraction_is_written() -> None:
    assert write({"credit_amount": 3.14159265}, AMOUNT, style="values", digits=3) == ("3.14",)
    assert write({"credit_amount": 31415.9265}, AMOUNT, style="values", digits=2) == ("31416",)


def test_categories_stay_as_they_are() -> None:
    assert write({"job": " un-skilled (day_worker) "}, JOB, style="values") == ("un-skilled (day_worker)",)


def test_a_text_field_is_a_text_of_its_own_at_its_place() -> None:
    assert write(ROW, NOTE, AGE, JOB) == ("pays late", "age is 42 years; job is skilled.")
    assert write(ROW, AGE, NOTE, JOB, REPLY) == ("age is 42 years; job is skilled.", "pays late", "")


def test_columns_may_be_written_first_so_that_a_cut_takes_others() -> None:
    assert write(ROW, style="values", first=("job", "age")) == ("skilled; 42 years; 1169.5",)
    with pytest.raises(ConfigError, match=r"bridge\.first names no table column. Got: jop.*Fix: did you mean job\?"):
        write(ROW, first=("jop",))


def test_identity_names_everything_that_changes_the_output() -> None:
    def identity(*fields, **options):
        return SerialiseBridge(SerialiseOptions(**options), fields, LAYOUT, None).identity

    bare = Field(name="age", signal=TABLE)
    made = [
        identity(AGE, JOB), identity(JOB, AGE), identity(bare, JOB), identity(AGE, JOB, NOTE), identity(NOTE, AGE, JOB),
        identity(AGE, JOB, style="list"), identity(AGE, JOB, missing="?"), identity(AGE, JOB, digits=2),
    ]  # fmt: skip
    assert len(set(made)) == len(made)
    assert isinstance(SerialiseBridge(SerialiseOptions(), (AGE,), LAYOUT, None), Bridge)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((), "writes out table columns, beside text fields. Got: no field"),
        ((NOTE,), r"note \(text\).*text alone goes to a text encoder as it is"),
        ((AGE, Field(name="clip", signal=AUDIO)), r"clip \(audio\).*--bridge montage"),
    ],
)
def test_what_cannot_be_written_is_refused_at_construction(fields, message) -> None:
    with pytest.raises(RefusedError, match=message):
        SerialiseBridge(SerialiseOptions(), fields, LAYOUT, None)


def test_options_are_read_from_text() -> None:
    assert build(SerialiseOptions, {"first": "job,age"}).first == ("job", "age")
    with pytest.raises(ConfigError, match=r"style: got 'lists', allowed sentence, list, values"):
        build(SerialiseOptions, {"style": "lists"})
