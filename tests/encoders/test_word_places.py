"""Which tokens stand for which words, of texts that fit, that are cut and that are read in windows."""

from __future__ import annotations

import numpy as np
import pytest
import transformers

from modaxfer.contracts import NO_UNIT, UNITS, UNREAD, WINDOWS, Words
from modaxfer.encoders.processors.text import TextProcessor
from modaxfer.encoders.processors.words import first_tokens, padded_places, places_in
from modaxfer.errors import RefusedError
from modaxfer.testing.material import tiny_models

NAMES = Words(words=("plaintiff", "was", "o'hara", "right"))


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_models.tokenizer()


def read_at(processor, example):
    """Return the token that stands for each word."""
    ids = [0 if place == UNREAD else example["input_ids"][place] for place in example[UNITS]]
    return processor.tokenizer.convert_ids_to_tokens(ids)


def test_the_first_subword_stands_for_the_word():
    # "New Yorkers": [CLS] New York ##ers [SEP]
    offsets = [(0, 0), (0, 3), (4, 8), (8, 11), (0, 0)]
    assert first_tokens(["New", "Yorkers"], offsets, [1, 0, 0, 0, 1]).tolist() == [1, 2]


def test_a_token_that_takes_the_space_in_front_is_of_the_word_behind_it():
    # Byte-level tokenizers: the second token begins at the space.
    assert first_tokens(["cat", "sat"], [(0, 3), (3, 7)], [0, 0]).tolist() == [0, 1]


def test_a_word_that_no_token_holds_is_unread():
    # One joiner of zero width, and nothing at all.
    assert first_tokens(["a", "\u200d", "b", ""], [(0, 1), (4, 5)], [0, 0]).tolist() == [0, UNREAD, 1, UNREAD]
    assert first_tokens(["a"], [], []).tolist() == [UNREAD]


def test_of_a_token_in_two_windows_the_first_counts():
    read = np.array([0, 1, 2, 5, 0, 2, 3, 5])
    assert places_in(read, np.array([1, 2, 3, 4, UNREAD])).tolist() == [1, 2, 6, UNREAD, UNREAD]


def test_places_once_windows_are_padded():
    assert padded_places(np.array([1, 2, 4, UNREAD]), np.array([3, 2]), 5).tolist() == [1, 2, 6, UNREAD]
    assert padded_places(np.array([1, UNREAD]), None, 5).tolist() == [1, UNREAD]


def test_words_are_the_tokens_of_their_text(tokenizer):
    processor = TextProcessor(tokenizer, 64)
    (example,), (text,) = processor([NAMES]), processor([(" ".join(NAMES.words),)])
    assert example["input_ids"].tolist() == text["input_ids"].tolist()
    # Of o'hara it makes three tokens.
    assert example[UNITS].tolist() == [1, 2, 3, 6]
    assert read_at(processor, example) == ["plaintiff", "was", "o", "right"]


def test_a_batch_pads_words_apart_from_tokens(tokenizer):
    processor = TextProcessor(tokenizer, 64)
    batch = processor.collate(processor([NAMES, Words(words=("held",))]))
    assert batch["input_ids"].shape == (2, 8)
    assert batch[UNITS].tolist() == [[1, 2, 3, 6], [1, NO_UNIT, NO_UNIT, NO_UNIT]]


def test_words_that_are_cut_off_are_counted(tokenizer):
    processor = TextProcessor(tokenizer, 5).counting()
    (example,) = processor([NAMES])
    assert example[UNITS].tolist() == [1, 2, 3, UNREAD]
    assert processor.warnings[-1].startswith("1 of 4 words were not read")
    assert processor.counting().warnings == ()


def test_windows_read_every_word(tokenizer):
    processor = TextProcessor(tokenizer, 5, "mean_of_windows")
    long = Words(words=("the", "court", "held", "that", "plaintiff"))
    examples = processor([long, Words(words=("wrong",))])
    assert read_at(processor, examples[0]) == list(long.words)
    batch = processor.collate(examples)
    assert batch[WINDOWS].tolist() == [2, 1]
    flat = batch["input_ids"][:2].flatten()
    assert processor.tokenizer.convert_ids_to_tokens(flat[batch[UNITS][0]]) == list(long.words)
    assert batch[UNITS][1].tolist() == [1, *[NO_UNIT] * 4]
    assert processor.warnings == ()


def test_a_tokenizer_without_offsets_is_refused(tmp_path):
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n")
    slow = transformers.BertJapaneseTokenizer(
        str(tmp_path / "vocab.txt"), word_tokenizer_type="basic", subword_tokenizer_type="wordpiece"
    )
    with pytest.raises(RefusedError, match="does not say which words its tokens stand for"):
        TextProcessor(slow, 16)([NAMES])
