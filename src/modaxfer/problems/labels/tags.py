"""A tag per word, or per other part of a row."""

from __future__ import annotations

import math
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from modaxfer.baselines.tagging import PLACES, WORDS, MostFrequentTag
from modaxfer.contracts import Judge, Label, Mistaken, Shortage, Simple, ragged
from modaxfer.data.cells.sequences import sequences_of
from modaxfer.data.names import tidy
from modaxfer.data.origin import file_of
from modaxfer.errors import DataError
from modaxfer.problems.labels.guesses import class_guesses
from modaxfer.problems.labels.names import class_order, indicators
from modaxfer.spec import SPLITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from modaxfer.contracts import TaskData
    from modaxfer.spec import Field, Target

__all__ = ["TagLabels"]


class TagLabels:
    """Tags in the order of a row's parts. Targets and predictions are object arrays ``[rows]`` of arrays of tags.

    They hold the tags themselves, not numbers: what a span is can be read off a tag only. So a tag that train lacks
    stands in them as it is. Scores are object arrays of the probabilities of the tags that are said.
    """

    drawn_by_label = False
    one_class = False
    many_columns = False

    def learn(self, table: pa.Table, target: Target, *, settled: bool = False) -> None:
        """Check that the column may hold lists, or the text of lists: each cell says itself how it is written.

        Raises:
            DataError: It holds something else.
        """
        kind = table.column(target.column).type
        listed = hasattr(kind, "value_type") and not pa.types.is_nested(kind.value_type)
        if not (listed or pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)):
            raise DataError(
                "the tags are not lists", file=file_of(table) or None, column=target.column, got=str(kind),
                allowed="lists of tags, or their text", fix='write a list per row, such as ["O", "B-PER", "I-PER"]',
            )  # fmt: skip

    def refine(self, table: pa.Table, target: Target) -> tuple[Target, str]:
        """Return `target`: there is nothing to find out."""
        return target, ""

    def read(self, table: pa.Table, target: Target, learned: None) -> list[Label]:
        """Return the tags of each row; an empty text stands where one is missing."""
        cells = sequences_of(table.column(target.column))
        return [None if tags is None else tuple(map(tidy, tags)) for tags in cells]

    def notes(self, tables: Sequence[pa.Table], target: Target, learned: None) -> tuple[str, ...]:
        """Return nothing: tags are taken as they are."""
        return ()

    def class_names(self, labels: Iterable[Label], target: Target) -> tuple[str, ...]:
        """Return the tags that occur, by alphabet: a tag of the target that no row has cannot be learned."""
        return class_order(labels)

    def shortage(self, labels: Sequence[Label], classes: Sequence[str], *, parted: bool) -> Shortage | None:
        """Say whether all parts of all rows have the same tag."""
        if len(classes) > 1:
            return None
        got = ", ".join(classes) or "no tag"
        return Shortage(what="the training rows hold a single tag", got=got, fix="add rows with another tag")

    def encode(self, labels: Sequence[Label], classes: Sequence[str]) -> np.ndarray:
        """Return the tags of each row as an array."""
        return ragged([np.array(tags, dtype=object) for tags in labels])

    def references(
        self, targets: np.ndarray, unseen: Mapping[int, tuple[str, ...]], strange: Sequence[str], classes: int
    ) -> np.ndarray:
        """Return `targets`, in which strange tags stand as they are: no model says them."""
        return targets

    def usual(self, labels: Sequence[Label]) -> int:
        """Return how many tags most of these training rows have."""
        found = Counter(len(tags) for tags in labels if isinstance(tags, tuple))
        return found.most_common(1)[0][0] if found else 0

    def strata(self, targets: np.ndarray) -> csr_array:
        """Return one stratum per tag that not every row has, and one for rows without any such tag."""
        shares = Counter(chain.from_iterable(map(set, targets)))
        telling = [tag for tag in sorted(shares) if shares[tag] < len(targets)]
        found = indicators([tuple(tags) for tags in targets], telling)
        return csr_array(np.column_stack([found, ~found.any(axis=1)]))

    def show(
        self, values: np.ndarray, classes: Sequence[str], unseen: Mapping[int, tuple[str, ...]] | None = None
    ) -> list[Any]:
        """Return a list of tags per row."""
        return [[str(tag) for tag in tags] for tags in values]

    def parse(self, shown: Sequence[Any], classes: Sequence[str]) -> np.ndarray:
        """Return an array of tags per row."""
        return self.encode([tuple(tags) for tags in shown], classes)

    def guesses(
        self, references: np.ndarray, train: np.ndarray, classes: int, generator: np.random.Generator
    ) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Yield rounds in which every part says each tag of the training rows once."""
        names = np.array(sorted(set(chain.from_iterable(train))), dtype=object)
        ends = np.cumsum([len(tags) for tags in references])
        for guess in class_guesses(len(names), int(ends[-1]), generator):
            yield ragged(np.split(names[guess], ends[:-1])), None

    def constant(self, references: np.ndarray, train: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Say of every part the most common tag."""
        ((tag, _),) = Counter(chain.from_iterable(train)).most_common(1)
        return ragged([np.full(len(tags), tag, dtype=object) for tags in references]), None

    def simple(self, data: TaskData, fields: Sequence[Field], *, seed: int, judge: Judge | None = None) -> Simple:
        """Say of each word its most frequent tag; of patches and stretches of a sound that of their place in the row.

        It reads how many tags the rows of validation and test have, but where they have words, not even that.
        """
        words = next((field.name for field in fields if field.signal.kind == "words"), None)
        parts = {split: _parts(data, split, words) for split in SPLITS}
        model = MostFrequentTag(parts["train"], data.targets["train"])
        said = {split: [np.array(model(row), dtype=object) for row in parts[split]] for split in ("validation", "test")}
        return Simple(
            name=PLACES if words is None else WORDS,
            predictions={split: ragged(rows) for split, rows in said.items()},
            scores=dict.fromkeys(said),
            train_rows=len(parts["train"]),
        )

    def mistakes(
        self, references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None
    ) -> Iterator[tuple[float, Mistaken]]:
        """Yield rows with a wrong tag; a model is as sure as the highest score of a wrong one."""
        for row, (wanted, said) in enumerate(zip(references, predictions, strict=True)):
            wrong = np.flatnonzero(wanted != said)
            if not len(wrong):
                continue
            known = np.array([]) if scores is None else scores[row][wrong][~np.isnan(scores[row][wrong])]
            score = float(known.max()) if len(known) else math.nan
            yield score, Mistaken(row, score, -1)

    def class_counts(
        self, targets: Sequence[Any], predicted: Sequence[Any], classes: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Count words, or other parts."""
        wanted, said = list(chain.from_iterable(targets)), list(chain.from_iterable(predicted))
        right = Counter(tag for tag, other in zip(wanted, said, strict=True) if tag == other)
        counts = (right, Counter(wanted), Counter(said))
        hits, there, claims = (np.array([count[name] for name in classes], np.int64) for count in counts)
        return hits, there, claims


def _parts(data: TaskData, split: str, words: str | None) -> list[Sequence[Any]]:
    """Return what the parts of each row are: its words, or their places where they have no name."""
    if words is not None:
        return list(data.splits[split][words])
    count = len(data.targets["train"][0])
    return [range(count)] * len(data.splits[split])
