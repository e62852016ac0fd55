"""Rows with references, as metrics score them: small, balanced, of every problem that ships with the framework."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from modaxfer.contracts import ragged

__all__ = ["ScoredRows", "blurred", "scored_rows"]

ROWS = 60
_TAGS = np.array(["O", "B-court", "I-court", "O", "B-judge"])


@dataclass(frozen=True, kw_only=True)
class ScoredRows:
    """References and what a model says of them."""

    references: np.ndarray
    predictions: np.ndarray
    scores: np.ndarray | None
    """Probabilities ``[rows, classes]``; None where the problem has none."""
    groups: np.ndarray = field(default_factory=lambda: np.array(["north", "south"] * (ROWS // 2), dtype=object))
    """str ``[rows]``: the group of each row."""

    def taken(self, rows: np.ndarray) -> ScoredRows:
        """Return some of the rows, in their order."""
        scores = None if self.scores is None else self.scores[rows]
        return replace(
            self,
            references=self.references[rows],
            predictions=self.predictions[rows],
            scores=scores,
            groups=self.groups[rows],
        )


def scored_rows(problem: str) -> ScoredRows | None:
    """Return rows of which everything said is right; None of a problem that is not the framework's own."""
    rng = np.random.default_rng(0)
    if problem in ("binary", "multiclass"):
        classes = 2 if problem == "binary" else 3
        references = rng.permutation(np.arange(ROWS) % classes)
        return ScoredRows(references=references, predictions=references.copy(), scores=np.eye(classes)[references])
    if problem == "multilabel":
        references = rng.permutation(np.arange(3 * ROWS) % 2).reshape(ROWS, 3)
        return ScoredRows(references=references, predictions=references.copy(), scores=references.astype(float))
    if problem == "regression":
        references = rng.normal(10.0, 2.0, ROWS)
        return ScoredRows(references=references, predictions=references.copy(), scores=None)
    if problem == "tagging":
        references = ragged([np.roll(_TAGS, row % 5) if row % 2 else _TAGS for row in range(ROWS)])
        return ScoredRows(references=references, predictions=ragged(list(references)), scores=None)
    return None


def blurred(right: ScoredRows, share: float, seed: int) -> ScoredRows:
    """Return the rows with what is said of a `share` of them shuffled among these."""
    rng = np.random.default_rng(seed)
    rows = np.arange(len(right.references))
    moved = rng.permutation(rows)[: round(share * len(rows))]
    rows[moved] = rng.permutation(moved)
    if right.references.dtype == object:
        return replace(right, predictions=_retagged(right.predictions, moved, rng))
    scores = None if right.scores is None else right.scores[rows]
    return replace(right, predictions=right.predictions[rows], scores=scores)


def _retagged(tags: np.ndarray, moved: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shuffle the tags within some rows, which keep their lengths."""
    chosen = {*moved.tolist()}
    return ragged([rng.permutation(each) if row in chosen else each for row, each in enumerate(tags)])
