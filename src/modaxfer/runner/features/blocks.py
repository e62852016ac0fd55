"""An encoder for rows that come in blocks, of which none is kept."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.runner.features.question import Question
from modaxfer.runner.features.rows import Asked
from modaxfer.runner.features.stream import open_features
from modaxfer.runner.progress import Progress
from modaxfer.runner.rows.encode import lengths_of
from modaxfer.runner.rows.prepare import examples
from modaxfer.runner.rows.raw import counting, losses
from modaxfer.runner.rows.split import Split
from modaxfer.runner.training.kept import refuse_undefined

if TYPE_CHECKING:
    from modaxfer.runner.request.resolved import ResolvedTask
    from modaxfer.tasks.inputs import InputBlock

__all__ = ["BlockEncoder"]


class BlockEncoder:
    """An encoder that is loaded.

    Args:
        question: What is read of it.
        resolved: Encoder, bridge and options, with rows to try them on.

    Raises:
        CheckpointUnavailableError: The weights cannot be had.
    """

    def __init__(self, question: Question, resolved: ResolvedTask) -> None:
        silent = Progress(enabled=False)  # What is lost of the first rows is told with what is lost of all.
        opened = open_features(question, Asked(resolved=resolved, parts={}), silent)
        self._session = opened.session
        self.width = opened.width
        """Numbers per row."""
        (self._bridge,) = self._session.bridges
        self._processor = counting(self._session.processor)

    def encoded(self, block: InputBlock, split: str) -> tuple[np.ndarray, dict[int, str]]:
        """Return the vectors of all rows of `block`, float32 ``[rows, width]``, NaN for one that has none, and why.

        Raises:
            RunFailedError: Features are not finite numbers.
        """
        filled, faults = np.full((len(block.ids), self.width), np.nan, np.float32), dict(block.faults)
        places = [row for row in range(len(block.ids)) if row not in faults]
        silent, made, kept = self._session.progress, [], []
        chunks = examples(block.rows, self._bridge, self._processor, silent, label="", apart=True)
        for place, one in zip(places, chain.from_iterable(chunks), strict=True):
            if isinstance(one, str):
                faults[place] = one
            else:
                kept.append(place)
                made.append(one)
        if made:
            ids = [block.ids[place] for place in kept]
            some = Split(rows=made, lengths=lengths_of(made, self._processor), known=None, ids=ids)
            vectors = self._session.vectors(some).numpy()
            refuse_undefined(self._session, some, split, {self._session.model.top: vectors})
            filled[kept] = vectors
        return filled, faults

    def losses(self) -> tuple[str, ...]:
        """Return what was lost of the rows so far, one line each."""
        return losses(self._bridge, self._processor)
