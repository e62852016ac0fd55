"""Text fields into token ids, with the tokenizer that the checkpoint was trained with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modaxfer.contracts import Batch, Example
from modaxfer.encoders.processors.files import fingerprint, pad, pad_mask, read_settings, write_settings
from modaxfer.encoders.silence import quiet
from modaxfer.errors import CheckpointUnavailableError

__all__ = ["TextProcessor", "read_tokenizer"]


class TextProcessor:
    """Tokenises tuples of strings in one call per batch.

    One field is a single sequence. Two become a text pair, where the tokenizer knows pairs; more are joined with the
    separator token (a line break, where there is none). The longest part is cut first.

    Args:
        tokenizer: A Transformers tokenizer.
        max_tokens: Longest sequence in tokens, special ones included.
    """

    def __init__(self, tokenizer: Any, max_tokens: int) -> None:
        self.tokenizer, self.max_tokens = tokenizer, max_tokens
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
        self.identity = fingerprint("text", {"tokenizer": _state(tokenizer), "max_tokens": max_tokens})

    def __call__(self, raws: Sequence[tuple[str, ...]]) -> list[Example]:
        """Return ``input_ids`` int32 ``[tokens]``, with ``token_type_ids`` int8 where the model knows them."""
        if not raws:
            return []
        first, second = self._sequences(raws)
        encoded = self.tokenizer(
            first,
            second,
            truncation="longest_first" if second is not None else True,
            max_length=self.max_tokens,
            return_attention_mask=False,
        )
        kinds = [(key, np.int32 if key == "input_ids" else np.int8) for key in encoded]
        return [{key: np.asarray(encoded[key][row], dtype=kind) for key, kind in kinds} for row in range(len(raws))]

    def _sequences(self, raws: Sequence[tuple[str, ...]]) -> tuple[list[str], list[str] | None]:
        separator = self.tokenizer.sep_token
        if separator is not None and all(len(fields) == 2 for fields in raws):
            return [fields[0] for fields in raws], [fields[1] for fields in raws]
        glue = "\n" if separator is None else f" {separator} "
        return [glue.join(fields) for fields in raws], None

    def length(self, example: Example) -> int:
        """Return the number of tokens."""
        return len(example["input_ids"])

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad to ``input_ids`` int64 ``[batch, tokens]``, the same for ``token_type_ids``, and ``mask`` bool."""
        fill = {"input_ids": self.tokenizer.pad_token_id}
        batch = {key: pad([example[key] for example in examples], fill.get(key, 0), np.int64) for key in examples[0]}
        return batch | {"mask": pad_mask([self.length(example) for example in examples])}

    def save(self, folder: Path) -> None:
        """Write the tokenizer and ``processor.json`` below `folder`."""
        write_settings(folder, "text", max_tokens=self.max_tokens)
        self.tokenizer.save_pretrained(folder)

    @classmethod
    def load(cls, folder: Path) -> TextProcessor:
        """Read back what `save` wrote."""
        return cls(read_tokenizer(folder), **read_settings(folder))


def read_tokenizer(folder: Path, *, trust_remote_code: bool = False) -> Any:
    """Read the tokenizer below `folder`.

    Raises:
        CheckpointUnavailableError: There is none, or it needs a package that is not installed.
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
    # What an earlier call left behind (cutting, padding) is set anew by each call and must not change the identity.
    backend.no_truncation()
    backend.no_padding()
    state: str = backend.to_str()
    return state
