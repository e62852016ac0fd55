from __future__ import annotations

import time

import numpy as np
import pytest

from modaxfer.bridges.render import RenderBridge, RenderOptions
from modaxfer.config import build
from modaxfer.contracts import Bridge, InputLayout
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.spec import IMAGE, TEXT, Field

SENTENCE, PARTY = Field(name="sentence", signal=TEXT), Field(name="party", signal=TEXT)
LONG = "The court held that the motion to vacate the sentence had been filed too late. " * 8


def layout(patch_size: int | None = 14, patches: int = 256) -> InputLayout:
    return InputLayout(kind="patches", max_tokens=patches + 1, patch_size=patch_size, image_size=224)


def render(*texts: str, patches: int = 256, **options) -> np.ndarray:
    fields = (SENTENCE, PARTY)[: len(texts)]
    bridge = RenderBridge(RenderOptions(**options), fields, layout(patches=patches), None)
    (strip,) = bridge([dict(zip(("sentence", "party"), texts, strict=False))])
    return strip.pixels


def separators(pixels: np.ndarray) -> list[int]:
    return np.flatnonzero((pixels == 0).all((1, 2, 3))).tolist()


def test_a_strip_is_a_sequence_of_square_rgb_patches_dark_on_white() -> None:
    pixels = render("He won.")
    assert pixels.dtype == np.uint8
    assert pixels.shape[1:] == (14, 14, 3)
    assert pixels.max() == 255
    assert pixels.min() < 60
    assert (pixels[..., 0] == pixels[..., 1]).all()
    assert (pixels[..., 0] == pixels[..., 2]).all()


def test_letters_are_antialiased_and_keep_clear_of_the_line_above() -> None:
    pixels = render("gjpqy |[]")
    assert len(np.unique(pixels)) > 20


@pytest.mark.parametrize("patch_size", [8, 14, 16, 32])
def test_the_patch_side_is_the_encoders(patch_size) -> None:
    bridge = RenderBridge(RenderOptions(), (SENTENCE,), layout(patch_size), None)
    (strip,) = bridge([{"sentence": "He won."}])
    assert strip.pixels.shape[1:3] == (patch_size, patch_size)


def test_a_strip_is_as_long_as_its_text() -> None:
    lengths = [len(render(text)) for text in ("a", "a b c d e f", LONG[:80], LONG[:160])]
    assert lengths == sorted(lengths)
    assert lengths[0] == 1
    assert 1.8 < lengths[3] / lengths[2] < 2.2


def test_a_patch_holds_between_two_and_three_and_a_half_characters() -> None:
    assert 2.0 < 160 / len(render(LONG[:160])) < 3.5


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u200b"])
def test_a_row_without_visible_text_is_one_white_patch(text) -> None:
    pixels = render(text)
    assert pixels.shape[0] == 1
    assert (pixels == 255).all()


def test_the_last_patch_of_a_strip_has_ink() -> None:
    for length in range(1, 60):
        assert (render(LONG[:length])[-1] < 255).any(), length


def test_blank_space_around_and_within_a_text_changes_nothing() -> None:
    np.testing.assert_array_equal(render("  He\n\twon.   \n"), render("He won."))


def test_one_black_patch_separates_two_fields() -> None:
    sentence, party = render("He won."), render("Lee")
    both = render("He won.", "Lee")
    assert separators(both) == [len(sentence)]
    np.testing.assert_array_equal(both[: len(sentence)], sentence)
    np.testing.assert_array_equal(both[len(sentence) + 1 :], party)


def test_an_empty_field_still_has_its_separator() -> None:
    assert separators(render("", "Lee")) == [0]
    assert separators(render("He won.", "")) == [len(render("He won."))]


def test_truncation_takes_from_the_longest_field_so_that_the_party_survives() -> None:
    party = render("Government")
    pixels = render(LONG, "Government", patches=40)
    assert len(pixels) == 40
    assert separators(pixels) == [40 - len(party) - 1]
    np.testing.assert_array_equal(pixels[-len(party) :], party)
    np.testing.assert_array_equal(pixels[: 40 - len(party) - 1], render(LONG)[: 40 - len(party) - 1])


def test_two_long_fields_share_what_there_is() -> None:
    pixels = render(LONG, LONG, patches=41)
    assert len(pixels) == 41
    assert separators(pixels) == [20]


def test_the_class_token_keeps_its_position() -> None:
    assert len(render(LONG, patches=16)) == 16


def test_a_text_without_spaces_of_a_megabyte_is_cut_at_once() -> None:
    start = time.perf_counter()
    assert len(render("w" * 1_000_000, patches=32)) == 32
    assert time.perf_counter() - start < 2


def test_cut_rows_are_reported() -> None:
    bridge = RenderBridge(RenderOptions(), (SENTENCE,), layout(patches=16), None)
    assert bridge.warnings == ()
    bridge([{"sentence": LONG}, {"sentence": "He won."}])
    whole = len(render(LONG, patches=1000))
    lost = 100 * (whole - 16) / (whole + len(render("He won.")))
    (told,) = bridge.warnings
    assert told.startswith(f"render: 1 of 2 rows were cut to 16 patches: {lost:.2g} % of all patches were not drawn")


def test_the_same_text_gives_the_same_pixels_in_any_bridge_and_order() -> None:
    rows = [{"sentence": LONG[start : start + 50]} for start in range(0, 200, 20)]
    first = RenderBridge(RenderOptions(), (SENTENCE,), layout(), None)(rows)
    second = RenderBridge(RenderOptions(), (SENTENCE,), layout(), None)(rows[::-1])[::-1]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)


def test_squeeze_makes_a_strip_denser() -> None:
    wide, narrow = len(render(LONG[:160], squeeze=1.0)), len(render(LONG[:160], squeeze=0.5))
    assert narrow == pytest.approx(wide / 2, abs=1)


def test_a_smaller_font_makes_a_strip_denser() -> None:
    assert len(render(LONG[:160], font_size=9.0)) < 0.75 * len(render(LONG[:160]))


def test_a_character_without_a_glyph_is_drawn_as_a_box_and_reported() -> None:
    bridge = RenderBridge(RenderOptions(), (SENTENCE,), layout(), None)
    with_sign, without = bridge([{"sentence": "see \u00a7 12, \u00a7 13"}, {"sentence": "see 12, 13"}])
    assert len(with_sign.pixels) > len(without.pixels)
    (warning,) = bridge.warnings
    assert "2 characters are not in the font Aileron Regular and were drawn as a box (\u00a7 2x)" in warning


def test_a_letter_with_a_mark_is_drawn_without_it_and_reported() -> None:
    bridge = RenderBridge(RenderOptions(), (SENTENCE,), layout(), None)
    marked, plain = bridge([{"sentence": "Caf\u00e9 \u2014 na\u00efve"}, {"sentence": "Cafe - naive"}])
    np.testing.assert_array_equal(marked.pixels, plain.pixels)
    (warning,) = bridge.warnings
    assert "3 characters are not in the font Aileron Regular and were drawn in their closest form" in warning


@pytest.mark.parametrize("length", range(1, 12))
def test_a_bigram_is_two_characters_to_a_patch(length) -> None:
    text = "He won it.."[:length].strip()
    assert len(render(text, unit="bigrams")) == -(-len(text) // 2)


def test_the_same_bigram_is_the_same_patch_wherever_it_stands() -> None:
    pixels = render("the other then", unit="bigrams")
    # "th" "e " "ot" "he" "r " "th" "en"
    np.testing.assert_array_equal(pixels[0], pixels[5])
    assert len(np.unique(pixels.reshape(7, -1), axis=0)) == 6


def test_bigrams_are_fewer_different_patches_than_stretches_of_a_line() -> None:
    different = [len(np.unique(render(LONG, unit=unit).reshape(-1, 588), axis=0)) for unit in ("bigrams", "continuous")]
    assert different[0] < different[1] / 1.5


@pytest.mark.parametrize("pair", ["th", "ii", "WW", "mM", "gj"])
def test_a_bigram_stands_in_the_middle_of_its_patch_with_both_characters(pair) -> None:
    (patch,) = render(pair, unit="bigrams")
    inked = np.flatnonzero((patch[..., 0] < 255).any(0))
    assert abs(inked[0] - (13 - inked[-1])) <= 2
    (first,) = render(pair[0], unit="bigrams")
    assert len(inked) > (first[..., 0] < 255).any(0).sum()


def test_a_space_takes_its_half_of_a_bigram() -> None:
    first, second = render("a b", unit="bigrams")
    (alone,) = render("a", unit="bigrams")
    middles = [np.flatnonzero((patch[..., 0] < 255).any(0)).mean() for patch in (first, alone)]
    assert 1 <= middles[1] - middles[0] <= 3
    np.testing.assert_array_equal(second, render("b", unit="bigrams")[0])


@pytest.mark.parametrize("text", ["", "   ", "\u200b"])
def test_a_row_without_text_is_one_white_patch_of_bigrams_too(text) -> None:
    pixels = render(text, unit="bigrams")
    assert pixels.shape[0] == 1
    assert (pixels == 255).all()


def test_bigrams_of_two_fields_are_cut_and_separated_like_lines() -> None:
    pixels = render(LONG, "Government", patches=40, unit="bigrams")
    assert len(pixels) == 40
    assert separators(pixels) == [40 - 5 - 1]
    np.testing.assert_array_equal(pixels[-5:], render("Government", unit="bigrams"))
    assert len(render("w" * 1_000_000, patches=32, unit="bigrams")) == 32


def test_a_word_is_the_same_run_of_patches_wherever_it_stands() -> None:
    word = render("plaintiff", unit="words")
    assert len(word) == 5
    pixels = render("The plaintiff, a plaintiff.", unit="words")
    assert len(pixels) == 2 + 5 + 1 + 1 + 5 + 1
    np.testing.assert_array_equal(pixels[2:7], word)
    np.testing.assert_array_equal(pixels[9:14], word)


def test_a_black_column_says_where_a_word_begins() -> None:
    pixels = render("to be, it's 42", unit="words")
    begins = (pixels[:, :, 0] == 0).all((1, 2))
    assert begins.tolist() == [True, True, True, True, False, True]


def test_each_half_of_a_patch_shows_one_character() -> None:
    (both,) = render("ab", unit="words")
    (first,), (other,) = render("ax", unit="words"), render("xb", unit="words")
    np.testing.assert_array_equal(both[:, :7], first[:, :7])
    np.testing.assert_array_equal(both[:, 7:], other[:, 7:])


def test_words_of_a_long_text_are_cut_and_reported() -> None:
    bridge = RenderBridge(RenderOptions(unit="words"), (SENTENCE,), layout(patches=16), None)
    (strip,) = bridge([{"sentence": "court held " * 10}])
    assert len(strip.pixels) == 16
    lost = 100 * (50 - 16) / 50
    assert f"1 of 1 rows were cut to 16 patches: {lost:.2g} % of all patches were not drawn" in bridge.warnings[0]


def test_cut_and_replaced_bigrams_are_reported() -> None:
    bridge = RenderBridge(RenderOptions(unit="bigrams"), (SENTENCE,), layout(patches=16), None)
    bridge([{"sentence": LONG}, {"sentence": "see \u00a7 12"}])
    missing, cut = bridge.warnings
    assert "1 characters are not in the font Aileron Regular and were drawn as a box (\u00a7 1x)" in missing
    # Two characters a patch: 631 of one row, 8 of the other.
    lost = 100 * (316 - 16) / (316 + 4)
    assert cut == f"render: 1 of 2 rows were cut to 16 patches: {lost:.2g} % of all patches were not drawn"


def test_composed_and_decomposed_unicode_look_the_same() -> None:
    np.testing.assert_array_equal(render("Caf\u00e9"), render("Cafe\u0301"))


def test_preview_unfolds_a_strip_into_the_encoders_grid() -> None:
    bridge = RenderBridge(RenderOptions(), (SENTENCE, PARTY), layout(), None)
    row = {"sentence": LONG[:100], "party": "Lee"}
    (strip,) = bridge([row])
    picture = np.asarray(bridge.preview([row]))
    count, columns = len(strip.pixels), 224 // 14
    lines = -(-count // columns)
    assert picture.shape == (lines * 14 + 2, 224, 3)
    for cell in range(count):
        line, column = divmod(cell, columns)
        seen = picture[line * 14 : (line + 1) * 14, column * 14 : (column + 1) * 14]
        np.testing.assert_array_equal(seen, strip.pixels[cell])


def test_identity_names_everything_that_changes_the_output(tmp_path) -> None:
    bridges = [
        RenderBridge(RenderOptions(), (SENTENCE,), layout(), None),
        RenderBridge(RenderOptions(), (SENTENCE, PARTY), layout(), None),
        RenderBridge(RenderOptions(), (SENTENCE,), layout(16), None),
        RenderBridge(RenderOptions(), (SENTENCE,), layout(patches=100), None),
        RenderBridge(RenderOptions(squeeze=0.5), (SENTENCE,), layout(), None),
        RenderBridge(RenderOptions(font_size=10.0), (SENTENCE,), layout(), None),
        RenderBridge(RenderOptions(squeeze=1.0), (SENTENCE,), layout(), None),
        RenderBridge(RenderOptions(unit="bigrams"), (SENTENCE,), layout(), None),
    ]
    assert len({bridge.identity for bridge in bridges}) == len(bridges)
    assert isinstance(bridges[0], Bridge)


def test_options_are_read_from_text() -> None:
    assert build(RenderOptions, {"squeeze": "0.5", "font_size": "11"}) == RenderOptions(squeeze=0.5, font_size=11.0)
    with pytest.raises(ConfigError, match=r"squeeze: got 0\.1, must be at least 0.25"):
        build(RenderOptions, {"squeeze": "0.1"})


@pytest.mark.parametrize(
    ("fields", "shape", "message"),
    [
        ((Field(name="photo", signal=IMAGE),), layout(), r"draws text fields only.*photo \(image\)"),
        ((), layout(), "draws text fields only.*no field"),
        ((SENTENCE,), layout(None), "only for an encoder with square patches.*choose an encoder such as vit"),
        ((SENTENCE, PARTY), layout(patches=3), "too few patches.*3 patches for 2 fields.*at least 4"),
    ],
)
def test_what_cannot_be_drawn_is_refused_at_construction(fields, shape, message) -> None:
    with pytest.raises(RefusedError, match=message):
        RenderBridge(RenderOptions(), fields, shape, None)


def test_squeeze_above_one_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"bridge\.squeeze is out of range\. Got: 1\.5\. Allowed: 0\.25 to 1"):
        RenderBridge(RenderOptions(squeeze=1.5), (SENTENCE,), layout(), None)
