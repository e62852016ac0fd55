"""Text fields, or words, into token ids, with the tokenizer that the checkpoint was trained with."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modaxfer.contracts import NO_UNIT, UNITS, UNREAD, WINDOWS, Batch, Example, Words
from modaxfer.encoders.own_code import refuse_own_code
from modaxfer.encoders.processors.cuts import Cuts
from modaxfer.encoders.processors.identity import fingerprint
from modaxfer.encoders.processors.long import HEAD_TAIL, ends
from modaxfer.encoders.processors.long import windows as windows_of
from modaxfer.encoders.processors.padding import pad, pad_mask
from modaxfer.encoders.processors.parted import apart
from modaxfer.encoders.processors.words import first_tokens, padded_places, places_in, unread_line
from modaxfer.encoders.silence import quiet
from modaxfer.errors import CheckpointUnavailableError, RefusedError

__all__ = ["TextProcessor", "read_tokenizer"]

MOST_CHARACTERS = 2_000_000
"""Characters that are tokenised in one call."""


class TextProcessor:
    """Tokenises tuples of strings, or `Words`, many in one call.

    One field is a single sequence. Two become a text pair, where the tokenizer knows pairs; more are joined with the
    separator token (a line break, where there is none). The longest part is cut first. Words are read as one text, with
    a space between them, and their first tokens stand for them.

    Args:
        tokenizer: A Transformers tokenizer.
        max_tokens: Longest sequence in tokens, special ones included.
        long: What is read of a longer text, see `modaxfer.config.EncoderOptions`.
        windows: Most windows of a text, for ``mean_of_windows``.
    """

    def __init__(self, tokenizer: Any, max_tokens: int, long: str = "head", windows: int = 32) -> None:
        self.tokenizer, self.max_tokens, self.long, self.windows = tokenizer, max_tokens, long, windows
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
        self._cuts = Cuts("texts", "tokens", *_limit(max_tokens, long, windows))
        self._words = np.zeros(2, np.int64)
        how = {"head": {}, "head_tail": {"long": long}}.get(long, {"long": long, "windows": windows})
        self.identity = fingerprint("text", {"tokenizer": _state(tokenizer), "max_tokens": max_tokens, **how})

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was cut so far."""
        return (*self._cuts.warnings, *unread_line(*self._words.tolist()))

    def counting(self) -> TextProcessor:
        """Return a processor that does the same and counts from zero."""
        twin = copy.copy(self)
        twin._cuts, twin._words = self._cuts.emptied(), np.zeros(2, np.int64)
        return twin

    def __call__(self, raws: Sequence[tuple[str, ...] | Words]) -> list[Example]:
        """Return ``input_ids`` int32 ``[tokens]``, with ``token_type_ids`` int8 where the model knows them.

        For ``mean_of_windows`` the windows of a text stand one behind the other, and `WINDOWS` int32 ``[windows]``
        holds the tokens of each. `Words` have `UNITS` as well.

        Raises:
            RefusedError: The tokenizer does not say which words its tokens stand for.
        """
        return [example for portion in _portions(raws) for example in self._tokenised(portion)]

    def _tokenised(self, raws: Sequence[tuple[str, ...] | Words]) -> list[Example]:
        words = [raw.words for raw in raws if isinstance(raw, Words)]
        if words and not self.tokenizer.is_fast:
            raise RefusedError(
                "this tokenizer does not say which words its tokens stand for", got=type(self.tokenizer).__name__,
                fix="choose a checkpoint with a tokenizer.json, or another encoder",
            )  # fmt: skip
        first, second = self._sequences([(" ".join(raw.words),) if isinstance(raw, Words) else raw for raw in raws])
        # Cut by hand afterwards: the tokenizer would not say how much it has cut.
        encoded = self.tokenizer(
            first,
            second,
            return_attention_mask=False,
            return_special_tokens_mask=True,
            return_offsets_mapping=bool(words),
            verbose=False,
        )
        special, offsets = encoded.pop("special_tokens_mask"), encoded.pop("offset_mapping", None)
        kinds = [(key, np.int32 if key == "input_ids" else np.int8) for key in encoded]
        return [
            self._read(
                {key: np.asarray(encoded[key][row], dtype=kind) for key, kind in kinds},
                np.asarray(special[row], dtype=bool),
                None if offsets is None else first_tokens(words[row], offsets[row], special[row]),
            )
            for row in range(len(raws))
        ]

    def _read(self, whole: Example, special: np.ndarray, firsts: np.ndarray | None) -> Example:
        """Return of a tokenised text what is read; `firsts` are the places of its words' first tokens."""
        places = self._places(special)
        read = np.concatenate(places)
        self._cuts.count(len(special) - special.sum(), len(np.unique(read)) - special.sum())
        example = {key: values[read] for key, values in whole.items()}
        if firsts is not None:
            example[UNITS] = places_in(read, firsts)
            self._words += (len(firsts), (example[UNITS] == UNREAD).sum())
        if self.long == "mean_of_windows":
            example[WINDOWS] = np.array([len(window) for window in places], dtype=np.int32)
        return example

    def _places(self, special: np.ndarray) -> list[np.ndarray]:
        """Return the places of the tokens that are read, one array per window."""
        if len(special) <= self.max_tokens:
            return [np.arange(len(special))]
        if self.long == "mean_of_windows":
            return windows_of(special, self.max_tokens, self.windows)
        head = HEAD_TAIL if self.long == "head_tail" else float(self.tokenizer.truncation_side == "right")
        return [ends(special, self.max_tokens, head)]

    def _sequences(self, raws: Sequence[tuple[str, ...]]) -> tuple[list[str], list[str] | None]:
        separator = self.tokenizer.sep_token
        if separator is not None and all(len(fields) == 2 for fields in raws):
            return [fields[0] for fields in raws], [fields[1] for fields in raws]
        glue = "\n" if separator is None else f" {separator} "
        return [glue.join(fields) for fields in raws], None

    def length(self, example: Example) -> int:
        """Return the number of tokens, of all windows together."""
        return len(example["input_ids"])

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad to ``input_ids`` int64 ``[batch, tokens]``, the same for ``token_type_ids``, and ``mask`` bool.

        Of texts in windows, each window is a row of these, and `WINDOWS` int64 ``[texts]`` says how many belong to
        each text. Of words, `UNITS` int64 ``[batch, words]`` says which token is each one's.
        """
        counts = [example[WINDOWS] for example in examples if WINDOWS in example]
        rows = [part for example in examples for part in apart(example)]
        fill = {"input_ids": self.tokenizer.pad_token_id}
        batch = {key: pad([row[key] for row in rows], fill.get(key, 0), np.int64) for key in rows[0]}
        batch["mask"] = pad_mask([self.length(row) for row in rows])
        if UNITS in examples[0]:
            longest = batch["mask"].shape[1]
            units = [padded_places(example[UNITS], example.get(WINDOWS), longest) for example in examples]
            batch[UNITS] = pad(units, NO_UNIT, np.int64)
        return batch | ({WINDOWS: torch.tensor([len(count) for count in counts])} if counts else {})


def _portions(raws: Sequence[tuple[str, ...] | Words]) -> Iterator[Sequence[tuple[str, ...] | Words]]:
    """Yield stretches of rows that a tokenizer can hold at once: it keeps some hundred bytes per token."""
    start = size = 0
    for place, fields in enumerate(raws):
        length = sum(map(len, fields.words if isinstance(fields, Words) else fields))
        if size and size + length > MOST_CHARACTERS:
            yield raws[start:place]
            start, size = place, 0
        size += length
    if start < len(raws):
        yield raws[start:]


def _limit(max_tokens: int, long: str, windows: int) -> tuple[str, str]:
    """Return what a text is cut to, and what reads more of it."""
    if long == "mean_of_windows":
        return f"{windows} windows of {max_tokens} tokens", "--set encoder.windows=N reads more"
    others = "mean_of_windows" if long == "head_tail" else "head_tail or mean_of_windows"
    kept = "their first and last " if long == "head_tail" else ""
    return f"{kept}{max_tokens} tokens", f"--set encoder.long={others} reads more of them"


def read_tokenizer(folder: Path, *, trust_remote_code: bool = False) -> Any:
    """Read the tokenizer below `folder`.

    Raises:
        CheckpointUnavailableError: There is none, or it needs a package that is not installed.
        RefusedError: It needs code of its own, and that is not allowed.
    """
    from transformers import AutoTokenizer

    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=trust_remote_code
            )
        # Without its files, Transformers may build one that knows no word at all.
        if len(tokenizer) <= len(tokenizer.all_special_ids):
            raise ValueError("its vocabulary is empty")
    except (OSError, ValueError, ImportError, KeyError) as error:
        refuse_own_code(folder, "a tokenizer", error, None if trust_remote_code else folder / "tokenizer_config.json")
        raise CheckpointUnavailableError(
            f"no usable tokenizer in {folder}",
            got=" ".join(str(error).split())[:200],
            fix="add the tokenizer files (tokenizer.json) to the folder",
        ) from error
    return tokenizer


def _state(tokenizer: Any) -> str:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return json.dumps([type(tokenizer).__name__, tokenizer.get_vocab(), str(tokenizer.init_kwargs)], sort_keys=True)
    # What an earlier call left behind (cutting, padding) is set again by each call and must not change the identity.
    backend.no_truncation()
    backend.no_padding()
    state: str = backend.to_str()
    return state
