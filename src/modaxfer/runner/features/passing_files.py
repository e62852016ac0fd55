"""Rows that pass by to files of vectors: each file appears whole, is written down, and is not made again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from modaxfer.data.streaming.passing import Ahead, Place
from modaxfer.errors import ConfigError
from modaxfer.result import write_atomically
from modaxfer.runner.features.folder import asked_of, claim_folder
from modaxfer.runner.features.question import Question
from modaxfer.runner.features.sinks import feature_columns, feature_schema, parquet_writer
from modaxfer.runner.progress import Progress

if TYPE_CHECKING:
    from modaxfer.runner.features.passing_rows import PassingRows

__all__ = ["JOURNAL", "PER_FILE", "write_passing"]

JOURNAL = "_shards.json"
"""Which rows each file of vectors is of: by its name, its rows, those without features, where its first row stands in
the source (part, row in the part, what numbers go on from) and where the row behind its last."""

PER_FILE, PER_FILE_DECODED = 100_000, 10_000
"""Rows in a file of vectors: of texts; of pictures and sounds. What a killed process has done for nothing at most."""

BLOCK, BLOCK_DECODED = 2_048, 64
"""Rows that are encoded together: of texts; of pictures and sounds."""


class _Made(NamedTuple):
    """A file of vectors."""

    rows: int
    unread: int
    """How many of them have no features."""
    first: Place
    next: Place | None
    """Where the row behind its last one stands; None where there is none."""


@dataclass(frozen=True)
class _Folder:
    """Files of vectors, and what is known of them."""

    output: Path
    made: dict[str, _Made]

    @classmethod
    def of(cls, output: Path) -> _Folder:
        path = output / JOURNAL
        try:
            stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
            return cls(output, {name: _read_made(*told) for name, told in stored.items()})
        except (ValueError, TypeError, AttributeError) as error:
            raise ConfigError(
                "what tells of the files of vectors cannot be read", got=f"{path}: {error}",
                fix="delete it: all files are made again then; or choose another --output",
            ) from None  # fmt: skip

    def known(self, name: str, place: Place) -> _Made | None:
        """Return what is known of the file `name` if it is there and begins at `place`."""
        made = self.made.get(name)
        return made if made is not None and made.first == place and (self.output / name).is_file() else None

    def note(self, name: str, made: _Made) -> None:
        """Write down what a file holds that is about to appear."""
        self.made[name] = made
        lines = (f"{json.dumps(name)}: {json.dumps(made)}" for name, made in self.made.items())
        write_atomically(self.output / JOURNAL, "{\n" + ",\n".join(lines) + "\n}\n")


def _read_made(rows: int, unread: int, first: list[int], following: list[int] | None) -> _Made:
    return _Made(rows, unread, Place(*first), None if following is None else Place(*following))


def write_passing(question: Question, rows: PassingRows, progress: Progress) -> None:
    """Encode the rows of a stream into files of the folder that `question` names, those that are there left out.

    Memory holds a block of rows, whatever their number, and nothing is kept in the cache.

    Raises:
        ConfigError: The folder holds features of another request, or cannot be written.
        OutputExistsError: It holds something else.
        DataError: Rows cannot be read; files that are written stay.
        RunFailedError: Features are not finite numbers.
    """
    output = Path(str(question.output))
    claim_folder(output, {**asked_of(question, rows.passing.told), "state": rows.passing.state})
    shards = _Shards(question, rows, _Folder.of(output), progress)
    for split in rows.splits:
        shards.write(split)
    shards.tell_losses()


class _Shards:
    """The files of a folder, made one after the other; weights are loaded for the first that is missing."""

    def __init__(self, question: Question, rows: PassingRows, folder: _Folder, progress: Progress) -> None:
        self._question, self._rows, self._folder, self._progress = question, rows, folder, progress
        self._encode: Any = None
        self._per_file = PER_FILE_DECODED if rows.decoded else PER_FILE
        self._block = BLOCK_DECODED if rows.decoded else BLOCK

    def write(self, split: str) -> None:
        """Make the files of `split` that are missing."""
        place: Place | None = Place()
        ahead: Ahead | None = None
        number = there = done = unread = 0
        advance = self._progress.passing(f"encoding {split}")
        while place is not None:
            name = f"{split}-{number:05d}.parquet"
            made = self._folder.known(name, place)
            if made is not None:
                ahead, there = None, there + 1
            else:
                ahead = ahead or Ahead(self._rows.passing.blocks(split, place))
                made = self._written(name, split, ahead, place, advance)
                self._progress.say(f"{name}: {made.rows:,} rows, {done + made.rows:,} of {split} so far")
            place, number, done, unread = made.next, number + 1, done + made.rows, unread + made.unread
        if there:
            self._progress.say(f"{split}: {there} of {number} files were there from before")
        if unread:
            self._progress.say(
                f"warning: {unread:,} of {done:,} rows of {split} have no features; the column reason says why"
            )

    def tell_losses(self) -> None:
        """Say what was lost of the rows that were encoded, such as the ends of long texts."""
        for line in self._encode.losses() if self._encode is not None else ():
            self._progress.say(f"warning: {line}")

    def _written(self, name: str, split: str, ahead: Ahead, place: Place, advance: Callable[[int], None]) -> _Made:
        encode = self._encoder()
        several = len(self._rows.splits) > 1
        schema = feature_schema(encode.width, several=several, told=True)
        count = unread = 0
        with _complaints(self._folder.output / name), parquet_writer(self._folder.output / name, schema) as writer:
            while count < self._per_file and ahead.place is not None:
                block = self._rows.read(ahead.take(min(self._block, self._per_file - count)), split)
                vectors, faults = encode.encoded(block, split)
                writer.write_table(_table(block.ids, vectors, faults, split, schema))
                count, unread = count + len(block.ids), unread + len(faults)
                advance(len(block.ids))
            made = _Made(count, unread, place, ahead.place)
            self._folder.note(name, made)
        return made

    def _encoder(self) -> Any:
        if self._encode is None:
            from modaxfer.runner.features.blocks import BlockEncoder  # Imports torch.

            self._encode = BlockEncoder(self._question, self._rows.resolved)
        return self._encode


def _table(
    ids: Sequence[str], vectors: np.ndarray, faults: Mapping[int, str], split: str, schema: pa.Schema
) -> pa.Table:
    beside = {
        "row_id": pa.array(ids, pa.string()),
        "split": pa.array([split] * len(ids), pa.string()),
        "reason": pa.array([faults.get(row) for row in range(len(ids))], pa.string()),
    }
    return pa.table({**feature_columns(vectors), **beside}).select(schema.names).cast(schema)


@contextmanager
def _complaints(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(
            "the features cannot be written", got=f"{path}: {error.strerror or error}",
            fix="make room; the same command again goes on with this file",
        ) from error  # fmt: skip
