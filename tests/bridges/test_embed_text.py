from __future__ import annotations

import numpy as np
import pytest
import torch
from embed_made import batch_of, embedded, fields, fitted, prepared, unfitted

from modaxfer.bridges.embed.text import TextModality

TEXT = fields(text="text")
ROWS = [
    {"text": text}
    for text in ("The court held", "the COURT was wrong", "Held by the court in 1998", "wrong, the court held") * 3
]


def ids(bridge, text: str | None) -> list[int]:
    return prepared(bridge, [{"text": text}])[0]["0.ids"].tolist()


def test_words_of_the_training_rows_are_one_token() -> None:
    bridge = fitted(ROWS, TEXT)
    assert len(ids(bridge, "the court held")) == 3
    assert len(ids(bridge, "zebra")) == len(" zebra")


def test_case_compatibility_forms_and_place_do_not_matter() -> None:
    bridge = fitted(ROWS, TEXT)
    assert ids(bridge, "Court \uff48\uff45\uff4c\uff44") == ids(bridge, "COURT held") == ids(bridge, "  court held\n")
    assert ids(bridge, "the court")[1:] == ids(bridge, "court")


def test_digits_stand_alone() -> None:
    bridge = fitted([{"text": "1998 1998 1998"}] * 20, TEXT)
    assert len(ids(bridge, "98")) == 3
    assert ids(bridge, "98")[1:] == ids(bridge, "1998")[-2:]


def test_nothing_is_unknown() -> None:
    bridge = fitted(ROWS, TEXT)
    assert len({tuple(ids(bridge, text)) for text in ("漢", "字", "é", "?", "[PAD]")}) == 5
    assert ids(bridge, "[EMPTY]") != ids(bridge, "")
    assert min(min(ids(bridge, text)) for text in ("漢字", "[PAD] [EMPTY]")) > 1


@pytest.mark.parametrize("units", ["words", "bytes"])
def test_a_restored_vocabulary_reads_the_same(units) -> None:
    bridge, other = fitted(ROWS, TEXT, units=units), unfitted(TEXT, units=units)
    other.restore(bridge.state())
    for text in ("the court", "[PAD] held", "1998", ""):
        assert ids(other, text) == ids(bridge, text)


@pytest.mark.parametrize("units", ["words", "bytes"])
@pytest.mark.parametrize("text", ["", "  ", None])
def test_an_empty_text_is_one_token_of_its_own(units, text) -> None:
    assert ids(fitted(ROWS, TEXT, units=units), text) == [1]


def test_the_vocabulary_is_no_larger_than_asked_for() -> None:
    letters = np.random.default_rng(0).choice(list("abcdefghij"), (400, 6))
    rows = [{"text": " ".join(["".join(word)] * 2)} for word in letters]
    sizes = [
        fitted(rows, TEXT, vocabulary=size).embedder(8).embedders["text"].words.num_embeddings for size in (300, 400)
    ]
    assert sizes == [300, 400]


def test_learning_is_repeatable() -> None:
    rng = np.random.default_rng(1)
    rows = [{"text": " ".join("".join(rng.choice(list("abcdé"), 3)) for _ in range(5))} for _ in range(200)]
    assert len({str(fitted(rows, TEXT, vocabulary=500).state()) for _ in range(3)}) == 1


def test_bytes_are_utf8() -> None:
    assert ids(fitted(ROWS, TEXT, units="bytes"), "Aé") == [2 + byte for byte in b"A\xc3\xa9"]


@pytest.mark.parametrize("units", ["words", "bytes"])
def test_strings_of_bits_stay_apart_token_by_token(units) -> None:
    bridge = fitted([{"text": "0101 1010"}, {"text": "1111 0000"}] * 4, TEXT, units=units)
    one, two = ids(bridge, "0101 1010"), ids(bridge, "0101 1011")
    assert len(one) == len(two) >= 9
    assert [a == b for a, b in zip(one, two, strict=True)] == [True] * (len(one) - 1) + [False]


def test_text_is_cut_to_its_share_and_counted() -> None:
    bridge = fitted(ROWS, TEXT, tokens=5, units="bytes")
    assert ids(bridge, "abcdefgh") == [2 + byte for byte in b"abcde"]
    assert ids(bridge, "abcde") == [2 + byte for byte in b"abcde"]
    assert bridge.warnings == ("embed: 1 of 2 text values were cut to the tokens that the encoder's body holds",)


def test_longer_texts_than_in_training_are_kept_while_there_is_room() -> None:
    bridge = fitted([{"text": "abc"}], TEXT, units="bytes", tokens=6)
    assert [len(ids(bridge, text)) for text in ("abcd", "abcdef", "abcdefgh")] == [4, 6, 6]


def test_padding_is_zero_and_learns_nothing() -> None:
    bridge = fitted(ROWS, TEXT)
    embedder = bridge.embedder(8)
    batch = batch_of(bridge, [{"text": "the"}, {"text": "the court held"}])
    hidden = embedder(batch)
    assert not hidden.tokens[0, 1:].any()
    hidden.tokens.sum().backward()
    words = embedder.embedders["text"].words.weight
    assert not words.grad[0].any()
    assert not words[0].any()


def test_words_start_at_a_deviation_of_a_fiftieth() -> None:
    torch.manual_seed(0)
    modality = TextModality("bytes", 300)
    assert modality.embedder(256).words.weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_equal_words_are_equal_tokens() -> None:
    hidden = embedded(fitted(ROWS, TEXT), [{"text": "court court"}])
    torch.testing.assert_close(hidden.tokens[0, 0], hidden.tokens[0, 1])
