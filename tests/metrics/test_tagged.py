"""Scores of spans against the examples that seqeval publishes in its README and its tests."""

import numpy as np
import pytest

from modaxfer.contracts import ragged
from modaxfer.metrics import tagged
from modaxfer.metrics.tagged import Tagged

# README of seqeval, and docstrings of seqeval/metrics/sequence_labeling.py.
TRUE = [["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
SAID = [["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("span_f1", 0.5), ("span_precision", 0.5), ("span_recall", 0.5), ("span_f1_strict", 0.5), ("tag_accuracy", 0.8)],
)
def test_readme_of_seqeval(name: str, expected: float) -> None:
    assert getattr(tagged, name)(ragged(TRUE), ragged(SAID)) == pytest.approx(expected)


@pytest.mark.parametrize(("name", "expected"), [("span_f1", 2 / 3), ("span_precision", 2 / 3), ("span_recall", 2 / 3)])
def test_average_scores_of_seqeval(name: str, expected: float) -> None:
    """tests/test_v1.py, test_average_scores: micro 0.67 each."""
    true, said = ragged([["B-A", "B-B", "O", "B-A"]]), ragged([["O", "B-B", "B-C", "B-A"]])
    assert getattr(tagged, name)(true, said) == pytest.approx(expected)


def test_strict_wants_the_first_tag() -> None:
    """README of seqeval: B-NP I-NP O against I-NP I-NP O is found leniently, and not in strict mode."""
    true, said = ragged([["B-NP", "I-NP", "O"]]), ragged([["I-NP", "I-NP", "O"]])
    assert tagged.span_f1(true, said) == 1
    assert tagged.span_f1_strict(true, said) == 0


def test_without_any_span_scores_are_zero_as_in_seqeval() -> None:
    outside = ragged([["O", "O"]])
    assert [tagged.span_f1(outside, outside), tagged.span_precision(outside, outside)] == [0, 0]
    assert tagged.tag_accuracy(outside, outside) == 1


def test_macro_f1_of_tags_by_hand() -> None:
    true, said = ragged([["N", "V", "N"], ["D"]]), ragged([["N", "N", "N"], ["D"]])
    # N: 2 of 2 words found, 3 said: 4 / 5. V: 0. D: 1.
    assert tagged.tag_f1_macro(true, said) == pytest.approx((0.8 + 0 + 1) / 3)


def test_sums_of_a_resample_are_scores_of_its_rows() -> None:
    generator = np.random.default_rng(0)
    tags = np.array(["O", "B-A", "I-A", "B-B", "I-B"])
    lengths = generator.integers(1, 7, 12)
    true, said = (ragged([generator.choice(tags, size) for size in lengths]) for _ in range(2))
    weights = generator.multinomial(12, np.full(12, 1 / 12), size=5).astype(float)
    family = Tagged(true, said)
    for score, finish in family.finish.items():
        drawn = [np.repeat(np.arange(12), row.astype(int)) for row in weights]
        expected = [score(true[rows], said[rows]) for rows in drawn]
        if score is not tagged.span_f1_strict:  # its scheme is that of all rows
            np.testing.assert_allclose(finish(family.sums(weights)), expected)
