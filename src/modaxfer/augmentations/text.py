"""Augmentations of text: words left out, words in other places (Wei & Zou 2019)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["drop_words", "swap_words", "words_of"]

_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
"""Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""

_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")


def drop_words(text: str, strength: float, generator: Generator) -> str:
    """Leave each word out with probability `strength`; one word at least stays."""
    words = words_of(text)
    if not words:
        return text
    kept = generator.random(len(words)) >= strength
    if not kept.any():
        kept[generator.integers(len(words))] = True
    return _without(text, [word for word, stays in zip(words, kept, strict=True) if not stays])


def swap_words(text: str, strength: float, generator: Generator) -> str:
    """Let two words change places, as many times as `strength` times the number of words, rounded."""
    words = words_of(text)
    order = np.arange(len(words))
    for _ in range(round(strength * len(words)) if len(words) > 1 else 0):
        one, other = generator.choice(len(words), 2, replace=False)
        order[[one, other]] = order[[other, one]]
    return _with(text, words, [words[place].group() for place in order])


def words_of(text: str) -> list[re.Match[str]]:
    """Return the words of `text` with their places; of scripts that write no spaces, each character."""
    return list(_WORD.finditer(text))


def _with(text: str, places: list[re.Match[str]], words: list[str]) -> str:
    """Return `text` with other `words` in its `places`; what stands between them stays."""
    parts, end = [], 0
    for place, word in zip(places, words, strict=True):
        parts += [text[end : place.start()], word]
        end = place.end()
    return "".join([*parts, text[end:]])


def _without(text: str, gone: list[re.Match[str]]) -> str:
    """Return `text` without some words and the space before each."""
    left = _with(text, gone, ["\0"] * len(gone))
    return re.sub(r"\s*\0", "", left).lstrip() if gone else text
