"""Text of others on its way out: nothing hidden acts, nothing harmless is changed."""

from __future__ import annotations

import csv
import io
import json

import pytest

# ruff: noqa: RUF001
from modaxfer.escaping import csv_cell, html_text, json_text, lines, markdown, one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, größer, 日本語, नमस्ते", "plain, größer, 日本語, नमस्ते"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("a\nmodaxfer: all is well\r\t", r"a\nmodaxfer: all is well\r\t"),
        ("8-bit \x9b31m", r"8-bit \x9b31m"),
        ("invoice\u202egpj.exe", r"invoice\u202egpj.exe"),
        ("\u2066x\u2069 \u200f \u2028 \ufeff", r"\u2066x\u2069 \u200f \u2028 \ufeff"),
        ("lone \ud800", r"lone \ud800"),
        ("byte \udcff of a file name", r"byte \xff of a file name"),
        ("zero\u200dwidth", r"zero\u200dwidth"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("\U000e0041", r"\U000e0041"),
        (3.5, "3.5"),
    ],
)
def test_what_has_no_glyph_is_shown_as_its_escape(text, shown):
    assert one_line(text) == shown


def test_lines_of_our_own_stay_lines():
    assert lines("one\n\ttwo\x07\r\n") == "one\n\ttwo\\x07\\r\n"


def test_html_text_leaves_markup_of_the_template_and_numbers_alone():
    from markupsafe import Markup

    made = Markup("<b>\x07</b>")
    assert html_text(made) is made
    assert html_text(2) == "2"
    assert html_text("a\x1b\u202e\nb") == "a\\x1b\\u202e\nb"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("a|b`c`*d*_e_[f](g)#~", r"a\|b\`c\`\*d\*\_e\_\[f\](g)\#\~"),
        ("AT&T &lt;", "AT&amp;T &amp;lt;"),
        ("one\n# two\r\n\r\n- three", r"one \# two - three"),
        ("- item", r"\- item"),
        ("---", r"\---"),
        ("===", r"\==="),
        ("1. one", r"1\. one"),
        ("https://evil.example www.evil.example", r"https\://evil.example www\.evil.example"),
        ("\x1b[2J", r"\\x1b\[2J"),
        ("-1.5", "-1.5"),
        ("-0.123 to 0.456", "-0.123 to 0.456"),
        (0.25, "0.25"),
        ("-", "-"),
        ("95 % of 1.5", "95 % of 1.5"),
    ],
)
def test_markdown_is_text_on_one_line(text, shown):
    assert markdown(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+SUM(A1)",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1+1)",
        "\t=1+1",
        "\r=1+1",
        "\n=A1",
        "＝A1",
        "-A1",
        "+1-800-CALL",
    ],
)
def test_a_cell_that_would_be_a_formula_becomes_text(text):
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "value",
    ["-1.5", "+3", "-1e-5", "-1,5", "-.5", "+45%", "-$1,200.00", "-inf", "-1 200", "+", "-", "--", "=>", -1.5, None],
)  # fmt: skip
def test_numbers_signs_and_plain_text_stay_as_they_are(value):
    assert csv_cell(value) is value or csv_cell(value) == value


def test_a_csv_cell_moves_no_cursor_and_keeps_its_lines():
    assert csv_cell("a\x1b[2Jb\nc\td\x9b") == "a\\x1b[2Jb\nc\td\\x9b"
    written = io.StringIO()
    csv.writer(written).writerow([csv_cell("line\nbreak")])
    assert next(csv.reader(io.StringIO(written.getvalue(), newline=""))) == ["line\nbreak"]


@pytest.mark.parametrize("indent", [None, 2])
def test_json_shows_hidden_characters_as_escapes_and_loses_none(indent):
    value = {"größe\x1b": ["\u202etxt", "\x9b", "a\nb", "می\u200cخواهم", "\U000e0041", "\ud800"], "n": -1.5}
    text = json_text(value, indent=indent)
    assert json.loads(text) == value
    assert "größe" in text
    assert not set(text) & set("\x1b\u202e\x9b\U000e0041\ud800")
