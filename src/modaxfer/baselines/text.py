"""The simple model of text: weighted word counts and a linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.feature_extraction.text import TfidfVectorizer

from modaxfer.baselines.linear import NUMBERS, linear_candidates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modaxfer.baselines.sample import Outputs, Sample

__all__ = ["NAME", "candidates"]

NAME = "tf-idf of one and two words"
WORD = r"(?u)\w+|[^\w\s]"
"""Punctuation counts as a word: an exclamation mark says something, and no text is left without a word."""
WORDS = 200_000
INVERSE_STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)


def candidates(sample: Sample) -> Iterator[Outputs]:
    """Yield linear models over tf-idf of words and pairs of words, all fields of a row joined."""
    # A model has a number for each word and class.
    most = min(WORDS, NUMBERS // max(1, sample.classes))
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=WORD, max_features=most)
    features = {"train": words.fit_transform(_joined(sample, "train"))}
    features |= {split: words.transform(_joined(sample, split)) for split in sample.columns if split != "train"}
    yield from linear_candidates(features, sample, INVERSE_STRENGTHS)


def _joined(sample: Sample, split: str) -> list[str]:
    columns = sample.columns[split].values()
    return [" ".join("" if value is None else str(value) for value in row) for row in zip(*columns, strict=True)]
