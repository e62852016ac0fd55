from __future__ import annotations

import itertools
import string

import numpy as np
import pytest
from PIL import ImageFont

from modaxfer.bridges.repertoire import Repertoire
from modaxfer.bridges.typeface import Typeface
from modaxfer.errors import ConfigError

# The characters of Pillow's cut of Aileron Regular beyond ASCII, read from its cmap table with fontTools 4.68.
BEYOND_ASCII = "".join(map(chr, (*b"\xa9\xab\xb0\xb1\xb4\xb7\xbb", *range(0x2018, 0x201A), *range(0x201C, 0x201E)))) + (
    "\u2026\u2039\u203a\u2044\u2122\ufb01\ufb02"
)


def bundled(path: str | None = None, **changes) -> Typeface:
    return Typeface(**{"path": path, "height": 14, "size": None, "squeeze": 1.0, **changes})


@pytest.fixture
def repertoire() -> Repertoire:
    return Repertoire(ImageFont.load_default(56))


@pytest.fixture
def font_file(tmp_path) -> str:
    path = tmp_path / "own.ttf"
    path.write_bytes(ImageFont.load_default(16).path.getvalue())
    return str(path)


def test_ascii_and_what_the_font_has_is_drawn_as_it_is(repertoire) -> None:
    text = "".join(sorted(set(string.printable) - set(string.whitespace))) + BEYOND_ASCII
    assert repertoire.drawable(text) == text
    assert not repertoire.missing
    assert not repertoire.approximated


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a\u00a0b\tc\nd", "a b c d"),
        ("soft\u00adhyphen zero\u200bwidth \ufeff", "softhyphen zerowidth "),
        ("Caf\u00e9 \u00bd \u2013 Stra\u00dfe \u0141", "Cafe 1\u20442 - Strasse L"),
        ("\u00a7 \u20ac \u65e5", "\ufffd \ufffd \ufffd"),
    ],
)
def test_what_stands_in_for_a_character_that_the_font_lacks(repertoire, text, drawn) -> None:
    assert repertoire.drawable(text) == drawn


def test_replacements_are_counted_every_time(repertoire) -> None:
    for _ in range(2):
        repertoire.drawable("\u00a7\u00a7 \u00e9 \u200b\u00a0")
    assert repertoire.missing == {"\u00a7": 4}
    assert repertoire.approximated == {"\u00e9": 2}


def test_every_ascii_letter_fits_the_line() -> None:
    for height in (8, 14, 16, 32):
        face = bundled(height=height)
        # Ink that was cut off at an edge would be missing from the taller line.
        tall = bundled(height=4 * height, size=face.size)
        for character in "|[](){}@gjpqyQ_/\\$^":
            ink = (255 - face.draw(character, 100).astype(int)).sum()
            whole = (255 - tall.draw(character, 100).astype(int)).sum()
            assert ink == pytest.approx(whole, rel=0.03), (height, character)


def test_a_line_of_words_is_as_wide_as_pillow_says() -> None:
    text = "The officials searched the house"
    wide = bundled().draw(text, 1000).shape[1]
    assert wide == pytest.approx(ImageFont.load_default(1380).getlength(text) / 100, abs=2)


def test_a_line_ends_with_ink_and_never_passes_its_limit() -> None:
    line = bundled().draw("word " * 50, 77)
    assert line.shape == (14, 77)
    short = bundled().draw("word   ", 77)
    assert (short[:, -1] < 255).any()


def test_a_font_file_of_the_users_is_drawn_the_same_way(font_file) -> None:
    own, inside = bundled(font_file), bundled()
    assert own.name == inside.name == "Aileron Regular"
    assert own.draw("word", 100).shape[0] == 14
    assert (own.draw("word", 100) < 128).any()


def test_a_font_that_draws_nothing_for_a_missing_glyph_gets_a_question_mark() -> None:
    class Blank:
        def __init__(self) -> None:
            self._font = ImageFont.load_default(20)

        def getlength(self, text: str) -> float:
            return 0.0 if text == "\ufffd" or ord(text[0]) > 127 else self._font.getlength(text)

        def getmask(self, text: str) -> bytes:
            return b"" if text == "\ufffd" or ord(text[0]) > 127 else bytes(self._font.getmask(text))

    assert Repertoire(Blank()).drawable("\u65e5") == "?"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": "no/such.ttf"}, "cannot read the font file no/such.ttf. Got: No such file"),
        ({"path": __file__}, "is not a font file.*Allowed: TrueType or OpenType"),
        (
            {"size": 40.0},
            "too large for the encoder's patches. Got: font_size 40 for patches of 14 px. Allowed: at most",
        ),
    ],
)
def test_an_unusable_font_is_an_error(changes, message) -> None:
    with pytest.raises(ConfigError, match=message):
        bundled(**changes)


def test_drawing_is_pure(font_file) -> None:
    face = bundled()
    first = face.draw("the house", 100).copy()
    face.draw("another text", 100)
    np.testing.assert_array_equal(first, face.draw("the house", 100))


LONG = "The court held that the motion to vacate the sentence had been filed too late. "


@pytest.mark.parametrize("squeeze", [0.5, 0.85, 1.0])
def test_lines_are_as_full_as_they_can_be_and_lose_no_word(squeeze) -> None:
    face = bundled(height=16, squeeze=squeeze)
    lines = list(face.wrap(LONG * 3, 220))
    assert " ".join(lines) == " ".join((LONG * 3).split())
    assert all(face.draw(line, 1000).shape[1] <= 220 for line in lines)
    for line, following in itertools.pairwise(lines):
        assert face.draw(f"{line} {following.split()[0]}", 1000).shape[1] > 217


def test_a_word_wider_than_a_line_is_broken() -> None:
    face = bundled()
    lines = list(face.wrap("a " + "w" * 200 + " b", 100))
    assert "".join(lines).replace(" ", "") == "a" + "w" * 200 + "b"
    assert all(face.draw(line, 1000).shape[1] <= 100 for line in lines)
    assert len(lines) > 5
    assert next(face.wrap("i" * 100, 1)) == "i"


def test_a_text_without_visible_characters_has_no_line() -> None:
    assert list(bundled().wrap(" \n\u200b ", 100)) == []


def test_drawing_wrapped_lines_counts_a_replaced_character_once() -> None:
    face = bundled()
    for line in face.wrap("\u00a7 12, Caf\u00e9", 200):
        face.draw(line, 200)
    assert face.repertoire.missing == {"\u00a7": 1}
    assert face.repertoire.approximated == {"\u00e9": 1}


@pytest.mark.parametrize("text", ["i", "th", "WW", "a ", "  "])
def test_a_cell_has_its_size_whatever_stands_in_it(text) -> None:
    cell = bundled().cell(text, 14)
    assert cell.shape == (14, 14)
    assert cell.dtype == np.uint8
    assert (cell < 255).any() == bool(text.strip())
