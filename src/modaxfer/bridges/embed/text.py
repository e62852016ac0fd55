"""Text as word pieces that are learned from the training rows, or as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from modaxfer.bridges.embed.modality import Column, pad
from modaxfer.contracts import Batch, Example

__all__ = ["TextEmbedder", "TextModality"]

PADDING, EMPTY = 0, 1
"""Token numbers in front of the vocabulary; an empty text is one token."""

SPECIAL = ("[PAD]", "[EMPTY]")

INNER = 128
"""Entries of a token before it is projected to the encoder's width (ALBERT, Lan et al. 2020): fewer to learn."""


class TextModality:
    """Text fields, with one vocabulary for all of them, so that a word is the same in each.

    Words are byte-pair encoded (Sennrich et al. 2016) after NFKC and lower-casing; what was never seen falls back to
    bytes, so that nothing is unknown. Digits stand alone.

    Args:
        units: ``words`` or ``bytes`` (UTF-8).
        vocabulary: Most tokens that are learned; at least 258.
    """

    def __init__(self, units: str, vocabulary: int) -> None:
        self._units, self._vocabulary = units, vocabulary
        self._tokens: list[int] = []
        self._tokenizer: Any = None
        self._seen = self._cut = 0

    @property
    def least(self) -> int:
        """One token; what is longer can be cut."""
        return 1

    @property
    def cut(self) -> tuple[int, int]:
        """How many texts were cut so far, and of how many."""
        return self._cut, self._seen

    def read(self, value: Any) -> str:
        """Return a string without blanks around it; a missing value is the empty string."""
        return "" if value is None else str(value).strip()

    def fit(self, columns: Sequence[Column], targets: np.ndarray) -> list[int]:
        """Learn the vocabulary; return the length of each column's longest text."""
        if self._units == "words":
            self._tokenizer = _learned((text for column in columns for text in column), self._vocabulary)
        return [max(map(len, self._encode(list(column)))) for column in columns]

    def settle(self, tokens: Sequence[int]) -> None:
        """Take the most tokens of each field."""
        self._tokens = list(tokens)

    def state(self) -> dict[str, Any]:
        """Return the lengths and, for words, the tokenizer as the `tokenizers` library writes it."""
        return {"tokens": self._tokens, "tokenizer": self._tokenizer.to_str() if self._tokenizer else None}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over another's state."""
        from tokenizers import Tokenizer

        self._tokens = list(state["tokens"])
        self._tokenizer = _literal(Tokenizer.from_str(state["tokenizer"])) if state["tokenizer"] else None

    def prepare(self, run: int, values: Sequence[str]) -> list[Example]:
        """Return ``ids`` int32 ``[tokens]``."""
        most, encoded = self._tokens[run], self._encode(values)
        self._seen += len(encoded)
        self._cut += sum(len(ids) > most for ids in encoded)
        return [{"ids": np.asarray(ids[:most], dtype=np.int32)} for ids in encoded]

    def length(self, example: Example) -> int:
        """Return the number of tokens."""
        return len(example["ids"])

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad to ``ids`` int64 and ``mask`` bool ``[batch, tokens]``."""
        ids, mask = pad([example["ids"] for example in examples], np.int64)
        return {"ids": ids, "mask": mask}

    def embedder(self, width: int) -> nn.Module:
        """Return a `TextEmbedder`."""
        size = self._tokenizer.get_vocab_size() if self._tokenizer else 256 + len(SPECIAL)
        return TextEmbedder(size, width)

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        if self._tokenizer is None:
            return [[byte + len(SPECIAL) for byte in text.encode()] or [EMPTY] for text in texts]
        return [encoding.ids or [EMPTY] for encoding in self._tokenizer.encode_batch(texts)]


class TextEmbedder(nn.Module):
    """Looks tokens up and projects them.

    Args:
        size: Number of different tokens.
        width: Entries of an embedded token.
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        inner = min(INNER, width)
        self.words = nn.Embedding(size, inner, padding_idx=PADDING)
        self.project = nn.Linear(inner, width, bias=False)
        nn.init.normal_(self.words.weight, std=0.02)
        with torch.no_grad():
            self.words.weight[PADDING] = 0

    def forward(self, batch: Batch) -> torch.Tensor:
        """Map ``ids`` ``[batch, tokens]`` to ``[batch, tokens, width]``."""
        return cast("torch.Tensor", self.project(self.words(batch["ids"])))


def _learned(texts: Any, size: int) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    # The blank in front makes a word at the start of a text the same as one inside.
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase(), normalizers.Prepend(" ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=list(SPECIAL),
        # In order, since the library hands it over unordered.
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return _literal(tokenizer)


def _literal(tokenizer: Any) -> Any:
    """Make a text that spells a special token plain text; the tokenizer's own file does not keep this."""
    tokenizer.encode_special_tokens = True
    return tokenizer
