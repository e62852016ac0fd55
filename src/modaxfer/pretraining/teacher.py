"""What a frozen encoder says of rows and of their words, kept on disk in half precision."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modaxfer.bridges.word_cells import words_in
from modaxfer.contracts import NO_UNIT, UNITS, Batch, Hidden, Reading, Row, pool

__all__ = ["Kept", "Teacher", "Told", "even_places", "states_of", "word_rows", "word_states"]

GIGABYTE = 1 << 30

ENTRY = np.dtype([("key", "S20"), ("start", "<i8"), ("rows", "<i8")])


def word_states(hidden: Hidden, places: torch.Tensor) -> torch.Tensor:
    """Average the states of each word's tokens: from its first one to the next word's.

    Args:
        hidden: States ``[batch, tokens, hidden]`` and their mask.
        places: int64 ``[batch, words]``, first token of each word in rising order; negative where it was not read, or
            where there is no word.

    Returns:
        float32 ``[words, hidden]``, words that were read, row by row. What stands behind the last word (a separator)
        counts as part of it; what stands before the first does not.
    """
    tokens, mask = hidden.tokens.float(), hidden.mask
    begins = torch.zeros(mask.shape, dtype=torch.long, device=mask.device)
    rows = torch.arange(len(mask), device=mask.device)[:, None].expand_as(places)[places >= 0]
    begins[rows, places[places >= 0]] = 1
    owner = begins.flatten().cumsum(0).reshape(mask.shape) - 1
    inside = mask & (begins.cumsum(1) > 0)
    count = int(begins.sum())
    sums = tokens.new_zeros(count, tokens.shape[-1]).index_add(0, owner[inside], tokens[inside])
    return sums / torch.bincount(owner[inside], minlength=count).clamp(min=1)[:, None]


def even_places(mask: torch.Tensor, parts: int) -> torch.Tensor:
    """Return where equal parts of each row begin, int64 ``[batch, parts]``; -1 throughout where it has fewer tokens.

    Two encoders of other frame rates cut the same sound at the same times, give or take a frame.

    Args:
        mask: bool ``[batch, tokens]``, real tokens first.
        parts: Of each row.
    """
    counts = mask.sum(1, keepdim=True)
    places = counts * torch.arange(parts, device=mask.device) // parts
    return torch.where(counts >= parts, places, -1)


def states_of(reading: Reading, batch: Batch) -> Hidden:
    """Return the final states of a batch."""
    encoder = reading.encoder
    return encoder.finish(encoder.run(encoder.embed(batch), 0, encoder.depth))


def word_rows(rows: Sequence[Row], field: str) -> list[Row]:
    """Return rows of texts as rows of words; one without words has a full stop."""
    return [{field: words_in(str(row[field])) or ["."]} for row in rows]


class Told:
    """What a teacher says of a row: its vector float16 ``[width]``, and states of words ``[words, width]``.

    A word that was not read has zeros.
    """

    def __init__(self, values: np.ndarray) -> None:
        self.vector, self.states = values[0], values[1:]


class Kept:
    """Arrays ``[rows, width]`` by key, appended to a file; what was half written as a process died is written again.

    Args:
        folder: Where the files go.
        width: Of the arrays.
        gigabytes: What does not fit is not kept.
    """

    def __init__(self, folder: Path, width: int, gigabytes: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._values, self._index = folder / "values.bin", folder / "index.bin"
        self._width, self._most = width, int(gigabytes * GIGABYTE / (2 * width))
        for path in (self._values, self._index):
            path.touch()
        there = self._values.stat().st_size // (2 * width)
        told = np.frombuffer(
            self._index.read_bytes()[: self._index.stat().st_size // ENTRY.itemsize * ENTRY.itemsize], ENTRY
        )
        whole = told[told["start"] + told["rows"] <= there]
        self._index.write_bytes(whole.tobytes())
        self._places = {bytes(key): (int(start), int(rows)) for key, start, rows in whole}
        self._end = there
        with self._values.open("r+b") as file:
            file.truncate(there * 2 * width)

    def get(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """Return the arrays that are kept."""
        found = {key: self._places[key] for key in keys if key in self._places}
        if not found:
            return {}
        values = np.memmap(self._values, np.float16, "r", shape=(self._end, self._width))
        return {key: np.array(values[start : start + rows]) for key, (start, rows) in found.items()}

    def put(self, made: Mapping[bytes, np.ndarray]) -> None:
        """Keep arrays, float16 ``[rows, width]``."""
        entries = []
        with self._values.open("ab") as file:
            for key, array in made.items():
                if key in self._places or self._end + len(array) > self._most:
                    continue
                file.write(np.ascontiguousarray(array, np.float16).tobytes())
                self._places[key] = (self._end, len(array))
                entries.append((key, self._end, len(array)))
                self._end += len(array)
        with self._index.open("ab") as file:
            file.write(np.array(entries, ENTRY).tobytes())


class Teacher:
    """A frozen encoder.

    Args:
        reading: Encoder and what makes batches for it.
        field: Name of the rows' one field.
        by_word: Whether states of words are wanted.
        parts: Into how many equal parts each row is cut, whose states are wanted in place of words'; 0 = none.
        alone: Whether each word is shown by itself.
        whole: Whether vectors of rows are wanted; where not, and words are shown alone, they are zeros.
        kept: Where it is kept; None = nowhere.
        autocast: In which it is asked.
    """

    def __init__(
        self,
        reading: Reading,
        field: str,
        *,
        by_word: bool,
        parts: int = 0,
        alone: bool,
        whole: bool,
        kept: Kept | None,
        autocast: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.reading, self._field, self._by_word, self._alone, self._kept = reading, field, by_word, alone, kept
        self._parts, self._whole, self._autocast = parts, whole, autocast

    def question(self, rows: Sequence[Row]) -> Mapping[str, Any]:
        """Return what it is asked of rows: the rows themselves where answers are kept, or else a batch of them.

        No model is called, so that other processes can do it.
        """
        if self._kept is not None or self._alone:
            return {"rows": rows}
        if not self._by_word:
            return {"batch": self.reading.batch(rows)}
        assert self.reading.words is not None, "asked before"
        return {"batch": self.reading.words(word_rows(rows, self._field))}

    @torch.no_grad()
    def answer(self, question: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return vectors ``[rows, width]``, states of all words ``[words, width]``, and which of them were read."""
        if "rows" in question:
            return _tensors(self(question["rows"]))
        hidden = self._states(question["batch"])
        vectors, device = pool(hidden, "mean").float(), hidden.mask.device
        if self._by_word:
            places = question["batch"][UNITS].to(device)
        elif self._parts:
            places = even_places(hidden.mask, self._parts)
        else:
            return vectors, vectors[:0], torch.zeros(0, dtype=torch.bool, device=device)
        read = places[places > NO_UNIT] >= 0
        states = vectors.new_zeros(len(read), vectors.shape[1])
        states[read] = word_states(hidden, places).to(states.dtype)
        return vectors, states, read

    def __call__(self, rows: Sequence[Row]) -> list[Told]:
        """Return what it says of each row."""
        if self._alone and self._by_word and not self._whole:
            # The words are kept, and to put them together costs less than to read rows.
            words = self._words_alone(word_rows(rows, self._field))
            return [Told(np.concatenate([np.zeros_like(own[:1]), own])) for own in words]
        keys = [_key(row[self._field], b"row") for row in rows]
        found = {} if self._kept is None else self._kept.get(keys)
        missing = {key: row for key, row in zip(keys, rows, strict=True) if key not in found}
        made = dict(zip(missing, self._say(list(missing.values())), strict=True)) if missing else {}
        if self._kept is not None:
            self._kept.put(made)
        found |= made
        return [Told(found[key]) for key in keys]

    @torch.no_grad()
    def _say(self, rows: Sequence[Row]) -> list[np.ndarray]:
        """Return arrays ``[1 + words, width]``: the vector of each row, then the states of its words."""
        if not self._by_word:
            hidden = self._states(self.reading.batch(rows))
            vectors = _half(pool(hidden, "mean"))
            if not self._parts:
                return list(vectors[:, None])
            places = even_places(hidden.mask, self._parts)
            return _beside(vectors, list(places.cpu().numpy()), _half(word_states(hidden, places)))
        assert self.reading.words is not None, "asked before"
        words = word_rows(rows, self._field)
        batch = self.reading.words(words)
        hidden = self._states(batch)
        vectors = _half(pool(hidden, "mean"))
        if self._alone:
            return [np.concatenate([vectors[place][None], own]) for place, own in enumerate(self._words_alone(words))]
        counts = [len(row[self._field]) for row in words]
        read = [row[:count] for row, count in zip(batch[UNITS].cpu().numpy(), counts, strict=True)]
        return _beside(vectors, read, _half(word_states(hidden, batch[UNITS].to(hidden.mask.device))))

    def _words_alone(self, rows: Sequence[Row]) -> list[np.ndarray]:
        """Return the vectors of each row's words, each shown by itself; common ones are kept."""
        keys = {word: _key(word, b"word") for row in rows for word in row[self._field]}
        found = {} if self._kept is None else self._kept.get(list(keys.values()))
        missing = sorted((word for word, key in keys.items() if key not in found), key=len)
        if missing:
            vectors = _half(pool(self._states(self.reading.batch([{self._field: word} for word in missing])), "mean"))
            made = {keys[word]: vector[None] for word, vector in zip(missing, vectors, strict=True)}
            if self._kept is not None:
                self._kept.put(made)
            found |= made
        return [np.concatenate([found[keys[word]] for word in row[self._field]]) for row in rows]

    def _states(self, batch: Batch) -> Hidden:
        device = next(self.reading.encoder.parameters()).device  # type: ignore[attr-defined]
        with self._autocast():
            return states_of(self.reading, {name: tensor.to(device) for name, tensor in batch.items()})


def _beside(vectors: np.ndarray, places: Sequence[np.ndarray], states: np.ndarray) -> list[np.ndarray]:
    """Return arrays ``[1 + units, width]``: the vector of each row, then the states of its units, zeros if unread."""
    flat, made = iter(states), []
    for vector, own in zip(vectors, places, strict=True):
        array = np.zeros((1 + len(own), len(vector)), np.float16)
        array[0] = vector
        for number in np.flatnonzero(own >= 0):
            array[1 + number] = next(flat)
        made.append(array)
    return made


def _tensors(told: Sequence[Told]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    vectors = torch.from_numpy(np.stack([each.vector for each in told]).astype(np.float32))
    states = torch.from_numpy(np.concatenate([each.states for each in told]).astype(np.float32))
    return vectors, states, states.abs().sum(1) > 0


def _half(values: torch.Tensor) -> np.ndarray:
    made: np.ndarray = values.float().cpu().numpy().astype(np.float16)
    return made


def _key(value: Any, kind: bytes) -> bytes:
    """Return the digest of a value: a text, a path, encoded bytes."""
    if isinstance(value, Mapping):
        value = value.get("bytes") or value.get("path")
    data = value if isinstance(value, bytes) else repr(value).encode()
    # A digest may end in a zero byte, which NumPy's byte strings would drop.
    return hashlib.sha256(kind + data).digest()[:19] + b"+"
