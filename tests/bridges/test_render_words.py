"""Words as patches: each from a patch of its own on, which stands for it."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.bridges.render import RenderBridge, RenderOptions
from modaxfer.bridges.render_words import RenderWordsBridge
from modaxfer.contracts import NO_UNIT, UNITS, UNREAD, InputLayout
from modaxfer.encoders.processors.image import PatchProcessor
from modaxfer.errors import RefusedError
from modaxfer.spec import TEXT, WORDS, Field

FIELD = Field(name="words", signal=WORDS)
ROW = {"words": ["a", "constitutional", "right"]}


def layout(patches):
    return InputLayout(kind="patches", max_tokens=patches + 1, patch_size=16, image_size=224)


def bridge(patches=100, **options):
    made = RenderWordsBridge(RenderOptions(**options), (FIELD,), layout(patches), None)
    made.fit([ROW], np.zeros(1))
    return made


def alone(word):
    """Return the patches of `word` drawn by itself."""
    made = RenderBridge(RenderOptions(), (Field(name="t", signal=TEXT),), layout(100), None)
    made.fit([{"t": word}], np.zeros(1))
    return made([{"t": word}])[0].pixels


def test_each_word_is_drawn_as_alone_from_its_own_patch_on():
    (strip,) = bridge()([ROW])
    stops = [*strip.words[1:], len(strip.pixels)]
    for word, start, stop in zip(ROW["words"], strip.words, stops, strict=True):
        assert np.array_equal(strip.pixels[start:stop], alone(word))


def test_words_behind_the_last_patch_are_unread_and_said():
    made = bridge(3)
    (strip,) = made([ROW])
    assert len(strip.pixels) == 3
    assert strip.words.tolist() == [0, 1, UNREAD]
    assert any("1 of 1 rows were cut to 3 patches" in line for line in made.warnings)
    assert made.warnings[-1] == "render: 1 of 3 words were not drawn, and are tagged as outside of spans"


def test_a_blank_word_has_a_patch():
    (strip,) = bridge()([{"words": ["a", "", "b"]}])
    assert strip.words.tolist() == [0, 1, 2]


def test_units_stand_behind_the_class_token():
    processor = PatchProcessor(side=16, most=100)
    examples = processor(bridge()([ROW, {"words": ["a"]}]))
    assert examples[1][UNITS].tolist() == [1]
    batch = processor.collate(examples)
    assert batch[UNITS][:, :1].tolist() == [[1], [1]]
    assert batch[UNITS][1].tolist() == [1, NO_UNIT, NO_UNIT]


def test_a_text_is_no_list_of_words():
    with pytest.raises(RefusedError, match="the words of one column are tagged"):
        RenderWordsBridge(RenderOptions(), (Field(name="t", signal=TEXT),), layout(9), None)
