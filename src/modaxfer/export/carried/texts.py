"""Texts to token ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer

__all__ = ["Inputs"]


class Inputs:
    """Tokenises rows; one field is a text, two are a pair, more are joined by the separator token."""

    alone = False
    """Rows of one batch may differ in length: they are padded."""

    def __init__(self, told: Mapping[str, Any], folder: Path) -> None:
        self.fields: list[str] = told["fields"]
        self.most, self.head = int(told["max_tokens"]), float(told["head"])
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token or self.tokenizer.unk_token

    def __call__(self, rows: Sequence[Any]) -> list[dict[str, np.ndarray]]:
        """Return ``input_ids`` int64 ``[tokens]``, and ``token_type_ids`` where the model knows them, of each row."""
        texts = [self._texts(row) for row in rows]
        first, second = self._sequences(texts)
        made = self.tokenizer(
            first, second, return_attention_mask=False, return_special_tokens_mask=True, verbose=False
        )
        special = made.pop("special_tokens_mask")
        kept = [self._kept(np.asarray(mask, bool)) for mask in special]
        return [{key: np.asarray(made[key][row], np.int64)[kept[row]] for key in made} for row in range(len(texts))]

    def batch(self, examples: Sequence[Mapping[str, np.ndarray]]) -> dict[str, torch.Tensor]:
        """Pad to int64 ``[batch, tokens]``, with ``attention_mask`` 1 where a token is real."""
        longest = max(len(one["input_ids"]) for one in examples)
        fill = {"input_ids": self.tokenizer.pad_token_id}
        padded = {
            key: np.stack(
                [np.pad(one[key], (0, longest - len(one[key])), constant_values=fill.get(key, 0)) for one in examples]
            )
            for key in examples[0]
        }
        real = [np.arange(longest) < len(one["input_ids"]) for one in examples]
        padded["attention_mask"] = np.stack(real).astype(np.int64)
        return {key: torch.from_numpy(values) for key, values in padded.items()}

    def _texts(self, row: Any) -> tuple[str, ...]:
        values = [row] if isinstance(row, str) else [row[name] for name in self.fields]
        return tuple("" if value is None else str(value).strip() for value in values)

    def _sequences(self, texts: Sequence[tuple[str, ...]]) -> tuple[list[str], list[str] | None]:
        separator = self.tokenizer.sep_token
        if separator is not None and all(len(fields) == 2 for fields in texts):
            return [fields[0] for fields in texts], [fields[1] for fields in texts]
        glue = "\n" if separator is None else f" {separator} "
        return [glue.join(fields) for fields in texts], None

    def _kept(self, special: np.ndarray) -> np.ndarray:
        """Return the places of the tokens that are read: of a long text the first, or some of both ends."""
        if len(special) <= self.most:
            return np.arange(len(special))
        head = self.head if self.head < 1 else float(self.tokenizer.truncation_side == "right")
        keep = special.copy()
        edges = np.flatnonzero(np.diff(np.concatenate([[True], special, [True]]).astype(int)))
        runs = list(zip(edges[::2], edges[1::2], strict=True))
        budget = self.most - int(special.sum())
        shares = dict.fromkeys(range(len(runs)), 0)
        order = sorted(shares, key=lambda place: int(runs[place][1] - runs[place][0]))
        for done, place in enumerate(order):  # The longest part is cut first.
            start, stop = runs[place]
            shares[place] = min(int(stop - start), budget // (len(runs) - done))
            budget -= shares[place]
        for place, (start, stop) in enumerate(runs):
            first = round(head * shares[place])
            keep[start : start + first] = True
            keep[stop - (shares[place] - first) : stop] = True
        return np.flatnonzero(keep)
