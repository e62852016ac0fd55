"""Scores of tagged rows: spans found, by seqeval's rules, and words that have the right tag.

Every function takes two object arrays ``[rows]``, whose items are the tags of a row, as many on both sides; a third
one, probabilities, none of them reads. Spans are counted over all rows together (micro): one is right where
its kind, its first and its last word are. As in seqeval, a share of nothing is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.metrics.spans import Span, scheme_of, spans, strict_spans
from modaxfer.metrics.weighted import divide

if TYPE_CHECKING:
    from modaxfer.metrics.weighted import Finish

__all__ = [
    "Tagged",
    "span_f1",
    "span_f1_strict",
    "span_precision",
    "span_recall",
    "tag_accuracy",
    "tag_f1_macro",
]


def span_f1(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the harmonic mean of precision and recall of spans, read by the lenient rules of `spans`."""
    return _over_all(span_f1, references, predictions)


def span_precision(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return which share of the predicted spans is right."""
    return _over_all(span_precision, references, predictions)


def span_recall(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return which share of the true spans is found."""
    return _over_all(span_recall, references, predictions)


def span_f1_strict(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return F1 over the spans that are written as the scheme of the references wants; others are none."""
    return _over_all(span_f1_strict, references, predictions)


def tag_accuracy(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the share of words that have the right tag."""
    return _over_all(tag_accuracy, references, predictions)


def tag_f1_macro(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the mean of the tags' F1 over words; a tag on neither side does not count."""
    return _over_all(tag_f1_macro, references, predictions)


class Tagged:
    """What each row adds to these scores, so that a resample is a weighted sum; see `modaxfer.metrics.weighted`.

    Sums are ``[resamples, 8 + 3 * tags]``: right, true and predicted spans; the same of well-formed ones; words that
    are right and words; then hits, words and predictions of each tag.
    """

    most = None

    def __init__(self, references: np.ndarray, predictions: np.ndarray) -> None:
        self._references, self._predictions = references, predictions
        self.finish: Finish = {
            span_precision: lambda sums: divide(sums[:, 0], sums[:, 2]),
            span_recall: lambda sums: divide(sums[:, 0], sums[:, 1]),
            span_f1: lambda sums: divide(2 * sums[:, 0], sums[:, 1] + sums[:, 2]),
            span_f1_strict: lambda sums: divide(2 * sums[:, 3], sums[:, 4] + sums[:, 5]),
            tag_accuracy: lambda sums: divide(sums[:, 6], sums[:, 7]),
            tag_f1_macro: _macro,
        }

    @cached_property
    def _columns(self) -> np.ndarray:
        """Whether this family is asked, metrics decide: rows of other problems may hold no tags."""
        both = self._references, self._predictions
        scheme = scheme_of(self._references)
        tags = sorted({tag for rows in both for row in rows for tag in row})
        place = {tag: number for number, tag in enumerate(tags)}
        return np.stack([_counted(true, said, scheme, place) for true, said in zip(*both, strict=True)])

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return the sums of every resample."""
        sums: np.ndarray = weights @ self._columns
        return sums


def _over_all(score: object, references: np.ndarray, predictions: np.ndarray) -> float:
    family = Tagged(references, predictions)
    value: float = family.finish[score](family.sums(np.ones((1, len(references)))))[0]  # type: ignore[index]
    return float(value)


def _counted(true: Sequence[str], said: Sequence[str], scheme: str, place: dict[str, int]) -> np.ndarray:
    """Return what one row adds, float ``[8 + 3 * tags]``."""
    assert len(true) == len(said), "every word has a tag on both sides"
    lenient = _shared(spans(true), spans(said))
    strict = _shared(strict_spans(true, scheme), strict_spans(said, scheme))
    hits, words, claims = np.zeros((3, len(place)))
    for left, right in zip(true, said, strict=True):
        words[place[left]] += 1
        claims[place[right]] += 1
        hits[place[left]] += left == right
    return np.concatenate([lenient, strict, [hits.sum(), len(true)], hits, words, claims])


def _shared(true: list[Span], said: list[Span]) -> tuple[int, int, int]:
    return len(set(true) & set(said)), len(true), len(said)


def _macro(sums: np.ndarray) -> np.ndarray:
    hits, words, claims = np.split(sums[:, 8:], 3, axis=1)
    return divide(divide(2 * hits, words + claims).sum(1), (words + claims > 0).sum(1))
