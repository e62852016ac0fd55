"""Words left out and words in other places."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from modaxfer.augmentations.text import drop_words, swap_words, words_of

TEXT = "The court,  in its wisdom, denied\nthe motion to dismiss."


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("change", [drop_words, swap_words])
@pytest.mark.parametrize("text", [TEXT, "", "   ", "one"])
def test_no_strength_changes_nothing(change, text):
    assert change(text, 0.0, generator()) == text


def test_the_words_left_are_words_of_the_text_in_their_order():
    made = drop_words(TEXT, 0.5, generator(1))
    rest = iter(TEXT.split())
    assert 0 < len(made.split()) < len(TEXT.split())
    assert all(word in rest for word in made.split())


def test_words_are_left_out_as_often_as_asked():
    text, chance = " ".join(map(str, range(1000))), generator()
    left = [len(drop_words(text, 0.2, chance).split()) for _ in range(20)]
    assert np.mean(left) == pytest.approx(800, abs=15)


def test_one_word_stays_whatever_is_drawn():
    assert {len(drop_words("never ever", 0.999999, generator(seed)).split()) for seed in range(30)} == {1}


def test_swapped_words_are_the_same_words_between_the_same_gaps():
    made = swap_words(TEXT, 0.5, generator(3))
    assert made != TEXT
    assert Counter(made.split()) == Counter(TEXT.split())
    assert [letter for letter in made if letter.isspace()] == [letter for letter in TEXT if letter.isspace()]


def test_a_swap_is_one_exchange_of_two():
    made = swap_words("a b c d e f g h i j", 0.1, generator(5)).split()
    assert sum(own != other for own, other in zip("abcdefghij", made, strict=True)) == 2


def test_scripts_without_spaces_are_cut_into_characters():
    assert [word.group() for word in words_of("我喜欢 NLP 很多")] == ["我", "喜", "欢", "NLP", "很", "多"]
    assert sorted(swap_words("我喜欢你", 1.0, generator(2))) == sorted("我喜欢你")
    assert 0 < len(drop_words("我喜欢你" * 10, 0.5, generator(2))) < 40
