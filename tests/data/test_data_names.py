import pytest

from modaxfer.data.names import normal_form, tidy

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def test_two_ways_to_write_an_accent_are_one_name():
    assert normal_form(DECOMPOSED) == normal_form(COMPOSED) == COMPOSED
    assert normal_form(" x\u200b ") == " x\u200b "


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("\u00a0text\u200b", "text"),
        ("\ufeffte\u200bxt\u2060", "text"),
        ("unit\u00a0price \r\n(EUR)", "unit price (EUR)"),
        ("a\x00b\x1b", "ab"),
        (DECOMPOSED, COMPOSED),
        ("a\u200cb\u200d", "ab"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\u202emetka\u200f", "metka"),
        ("bad \ud800", "bad \ufffd"),
        ("\u200b ", ""),
    ],
)
def test_what_no_reader_sees_is_no_part_of_a_name(written, read):
    assert tidy(written) == read
