"""The training rows that an encoder takes for most alike: what a prediction can be held against in any modality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from modaxfer.contracts import Example
from modaxfer.runner.explain.rows import Own
from modaxfer.runner.predict.predictor import MAX_TOKENS, Predictor
from modaxfer.runner.progress import Progress
from modaxfer.runner.rows.encode import forward_rows, lengths_of

if TYPE_CHECKING:
    from modaxfer.contracts import Batch

__all__ = ["MOST_TRAINING_ROWS", "Neighbours", "encoded", "nearest", "vectors_of"]

MOST_TRAINING_ROWS = 500
"""Training rows that are looked at, spread evenly over the split."""

AVERAGED = 64
"""Of these, that the mean training picture is made of."""


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Training rows, encoded."""

    numbers: np.ndarray
    """int64 ``[rows]``: of the training split, from 0."""
    vectors: np.ndarray
    """float32 ``[rows, width]``: as the head is given them."""
    labels: list[Any]
    """Of the whole training split."""
    means: dict[str, torch.Tensor]
    """By key of a batch, the mean of its tensor where all rows have it in one shape."""


def encoded(own: Own, predictor: Predictor, progress: Progress, most: int = MOST_TRAINING_ROWS) -> Neighbours:
    """Encode training rows once.

    Args:
        own: The rows that the run was made with.
        predictor: Its model.
        progress: Where to tell how far it is.
        most: Rows at most.

    Raises:
        DataError: None of them can be read.
    """
    train = own.data.splits["train"]
    chosen = np.unique(np.linspace(0, len(train) - 1, min(most, len(train))).round().astype(np.int64))
    read = predictor.read(train.select(chosen).to_list(), own.data.root, progress)
    _, labels = own.labels("train")
    return Neighbours(
        numbers=chosen[read.kept],
        vectors=vectors_of(read.examples, predictor, progress, "encoding training rows"),
        labels=labels,
        means=_means(predictor, read.examples),
    )


def vectors_of(examples: Sequence[Example], predictor: Predictor, progress: Progress, label: str) -> np.ndarray:
    """Return what the head is given of each example, float32 ``[rows, width]``."""
    found: list[np.ndarray] = [np.empty(0)] * len(examples)

    def run(batch: Batch) -> torch.Tensor:
        pooled: torch.Tensor = predictor.model.features(batch).pooled
        return pooled

    with progress.bar(label, len(examples)) as advance:
        for rows, made in forward_rows(
            examples,
            lengths_of(examples, predictor.processor),
            predictor.processor.collate,
            run,
            predictor.computer,
            max_tokens=MAX_TOKENS,
            advance=advance,
        ):
            for row, vector in zip(rows.tolist(), made.float().cpu().numpy(), strict=True):
                found[row] = vector
    return np.stack(found)


def nearest(vector: np.ndarray, known: Neighbours, count: int, but: int | None = None) -> list[tuple[int, float]]:
    """Return places among `known` of the rows nearest to `vector`, the nearest first, with their cosine distance.

    Vectors are taken from their mean: those of many encoders lie in a narrow cone (Ethayarajh 2019), in which all
    cosines are nearly one.

    Args:
        vector: float ``[width]``.
        known: Training rows.
        count: How many are wanted.
        but: Number of a training row that is not to be among them, since it is the row itself.
    """
    centre = known.vectors.mean(0)
    own, others = vector - centre, known.vectors - centre
    lengths = np.linalg.norm(others, axis=1) * np.linalg.norm(own)
    distances = 1 - (others @ own) / np.maximum(lengths, 1e-12)
    order = [int(place) for place in np.argsort(distances, kind="stable") if known.numbers[place] != but]
    return [(place, float(max(0.0, distances[place]))) for place in order[:count]]


def _means(predictor: Predictor, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
    """Return the mean of each tensor of pictures over some rows, where they all have one shape."""
    some = [examples[place] for place in range(0, len(examples), max(1, len(examples) // AVERAGED))][:AVERAGED]
    found = {}
    for key in some[0] if some else ():
        arrays = [np.asarray(example[key]) for example in some]
        if key.rpartition(".")[2] in ("pixel_values", "pixels") and len({each.shape for each in arrays}) == 1:
            found[key] = torch.from_numpy(np.mean([each.astype(np.float32) for each in arrays], axis=0))
    return found
