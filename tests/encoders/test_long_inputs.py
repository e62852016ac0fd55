"""Texts and sounds longer than an encoder holds: which part is read, and that the rest is counted."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from modaxfer.config import EncoderOptions
from modaxfer.contracts import WINDOWS, CountingProcessor, Sound
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.encoders.processors.audio import MelProcessor
from modaxfer.encoders.processors.long import HEAD_TAIL, ends, stretches, windows
from modaxfer.encoders.processors.text import TextProcessor
from modaxfer.testing.material import tiny_models


def marks(*lengths):
    """Return the special tokens of a text of these parts: one in front, one behind each part."""
    return np.array([True, *(mark for length in lengths for mark in [False] * length + [True])])


def words(count, word="court"):
    return " ".join([word] * count)


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_models.tokenizer()


def test_head_is_what_the_tokenizer_itself_cuts_to(tokenizer):
    draw = random.Random(0)
    for _ in range(100):
        fields = draw.choice([1, 2, 3])
        raws = [
            tuple(" ".join(draw.choices(tiny_models.WORDS, k=draw.choice([0, 1, 3, 10, 40]))) for _ in range(fields))
            for _ in range(3)
        ]
        most = draw.randint(5, 30)
        given = (
            ([raw[0] for raw in raws], [raw[1] for raw in raws])
            if fields == 2
            else ([" [SEP] ".join(raw) for raw in raws],)
        )
        expected = tokenizer(*given, truncation="longest_first" if fields == 2 else True, max_length=most)
        for row, example in enumerate(TextProcessor(tokenizer, most)(raws)):
            assert example["input_ids"].tolist() == expected["input_ids"][row]
            assert example["token_type_ids"].tolist() == expected["token_type_ids"][row]


def test_head_and_tail_are_shared_as_sun_and_others_did():
    # 510 tokens of content in BERT: 128 of the head, 382 of the tail.
    places = ends(marks(2000), 512, HEAD_TAIL)
    assert places.tolist() == [0, *range(1, 129), *range(2001 - 382, 2001), 2001]
    assert ends(marks(510), 512, HEAD_TAIL).tolist() == list(range(512))


def test_of_a_pair_the_longer_part_gives_way():
    # 20 tokens, 3 special: the part of 4 stays whole, 13 are left for the part of 40, 3 of them in front.
    places = ends(marks(40, 4), 20, HEAD_TAIL)
    assert places.tolist() == [0, 1, 2, 3, *range(31, 41), 41, 42, 43, 44, 45, 46]


def test_windows_read_every_token_and_are_equally_long():
    found = windows(marks(25), 12, at_most=32)
    assert [len(window) for window in found] == [12, 12, 12]
    assert [window[1:-1].tolist() for window in found] == [list(range(1 + at, 11 + at)) for at in (0, 8, 15)]
    assert all(window[0] == 0 and window[-1] == 26 for window in found)


def test_a_short_partner_stands_in_every_window():
    found = windows(marks(4, 40), 20, at_most=32)
    assert {tuple(window[1:5]) for window in found} == {(1, 2, 3, 4)}
    assert set(np.concatenate(found).tolist()) == set(range(47))


def test_more_windows_than_allowed_are_spread_from_the_first_token_to_the_last():
    found = windows(marks(100), 12, at_most=3)
    assert [window[1] for window in found] == [1, 46, 91]


@pytest.mark.parametrize(
    ("long", "told"),
    [
        (
            "head",
            "1 of 2 texts were cut to 12 tokens: 67 % of all tokens were not read "
            "(--set encoder.long=head_tail or mean_of_windows reads more of them)",
        ),
        (
            "head_tail",
            "1 of 2 texts were cut to their first and last 12 tokens: 67 % of all tokens were not read "
            "(--set encoder.long=mean_of_windows reads more of them)",
        ),
        (
            "mean_of_windows",
            "1 of 2 texts were cut to 2 windows of 12 tokens: 44 % of all tokens were not read "
            "(--set encoder.windows=N reads more)",
        ),
    ],
)
def test_what_is_cut_is_counted(tokenizer, long, told):
    # 5 and 40 words: 30 of 45 are lost where 10 of a text are read, 20 where two windows of 10 are.
    raws = [(words(5),), (words(40),)]
    processor = TextProcessor(tokenizer, 12, long, 2)
    counted = processor.counting()
    assert isinstance(processor, CountingProcessor)
    counted(raws)
    assert counted.warnings == (told,)
    assert processor.warnings == () == counted.counting().warnings


def test_nothing_is_said_where_nothing_is_cut(tokenizer):
    processor = TextProcessor(tokenizer, 12)
    processor([(words(10),), ("",)])
    assert processor.warnings == ()


def test_windows_are_named(tokenizer):
    processor = TextProcessor(tokenizer, 12, "mean_of_windows", 3)
    assert TextProcessor(tokenizer, 12, "mean_of_windows", 3).identity == processor.identity
    assert TextProcessor(tokenizer, 12, "mean_of_windows", 4).identity != processor.identity
    assert len({TextProcessor(tokenizer, 12, *how).identity for how in ((), ("head_tail",), ("mean_of_windows",))}) == 3
    assert processor([(words(40),)])[0][WINDOWS].tolist() == [12, 12, 12]


def test_long_texts_are_tokenised_in_portions(tokenizer, monkeypatch):
    raws = [(words(count),) for count in (3, 50, 50, 2, 1)]
    whole = TextProcessor(tokenizer, 12)(raws)
    monkeypatch.setattr("modaxfer.encoders.processors.text.MOST_CHARACTERS", 60)
    apart = TextProcessor(tokenizer, 12)(raws)
    assert [row["input_ids"].tolist() for row in apart] == [row["input_ids"].tolist() for row in whole]


@pytest.mark.parametrize("pooling", ["cls", "mean", "mean_std"])
def test_the_vector_of_a_long_text_is_the_mean_of_its_windows_vectors(tiny, monkeypatch, pooling):
    from modaxfer.contracts import Readout
    from modaxfer.runner.model import tower as room

    options = EncoderOptions(max_tokens=12, long="mean_of_windows")
    encoder = load_encoder(resolve(str(tiny("bert"))), options=options).eval()
    tower = room.Tower(encoder, Readout(layers=(3,), pooling=pooling))
    processor = encoder.processor("text")
    texts = [" ".join(tiny_models.WORDS), " ".join(tiny_models.WORDS * 3)]
    batch = processor.collate(processor([(text,) for text in texts]))
    assert batch[WINDOWS].tolist() == [1, 3]
    # Ten words a window, beginning at 0, 7 and 14 of 24: each encoded as a text of its own.
    split = (tiny_models.WORDS * 3)[0:10], (tiny_models.WORDS * 3)[7:17], (tiny_models.WORDS * 3)[14:24]
    plain = TextProcessor(processor.tokenizer, 12)
    alone = tower.features(plain.collate(plain([(texts[0],), *((" ".join(part),) for part in split)]))).pooled
    expected = torch.stack([alone[0], alone[1:].mean(0)])
    torch.testing.assert_close(tower.features(batch).pooled, expected, atol=1e-5, rtol=1e-4)
    states = tower.prefix(batch, 2)
    kept = {room.LAYER_STATES: states.tokens, "mask": states.mask, WINDOWS: batch[WINDOWS]}
    torch.testing.assert_close(tower.features(kept, 2).pooled, expected, atol=1e-5, rtol=1e-4)
    shown = room.read_out(tower.layer_pools(batch), tower.readout)
    torch.testing.assert_close(shown, expected, atol=1e-5, rtol=1e-4)
    # In stretches of two windows, whose gradients are computed in two passes.
    gradient = {size: _gradient(tower, batch, size, monkeypatch) for size in (10**6, 24)}
    torch.testing.assert_close(gradient[24], gradient[10**6], atol=1e-5, rtol=1e-4)


def test_tokens_of_a_long_text_are_those_of_its_windows_behind_each_other(tiny):
    from modaxfer.contracts import Readout
    from modaxfer.runner.model.tower import Tower

    options = EncoderOptions(max_tokens=12, long="mean_of_windows")
    encoder = load_encoder(resolve(str(tiny("bert"))), options=options).eval()
    tower, processor = Tower(encoder, Readout(layers=(3,))), encoder.processor("text")
    texts = [" ".join(tiny_models.WORDS[:4]), " ".join(tiny_models.WORDS * 3)]
    batch = processor.collate(processor([(text,) for text in texts]))
    with torch.no_grad():
        vectors, made = tower.features(batch), tower.features(batch, tokens=True)
        windows = encoder.finish(encoder.run(encoder.embed({k: v for k, v in batch.items() if k != WINDOWS}), 0, 3))
    assert vectors.by_tower == ()
    torch.testing.assert_close(made.pooled, vectors.pooled)
    assert made.mask.sum(1).tolist() == [6, 36]
    torch.testing.assert_close(made.tokens[1], windows.tokens[1:].flatten(0, 1))
    torch.testing.assert_close(made.tokens[0][made.mask[0]], windows.tokens[0][windows.mask[0]])


def _gradient(tower, batch, size, monkeypatch):
    monkeypatch.setattr("modaxfer.runner.model.tower.STRETCH", size)
    tower.zero_grad()
    tower.features(batch).pooled.square().sum().backward()
    return tower.encoder.layers[0].attention.self.query.weight.grad.clone()


@pytest.mark.parametrize("name", ["wav2vec2", "whisper"])
def test_sounds_longer_than_the_window_are_counted(tiny, name):
    options = EncoderOptions(seconds=0.5)
    processor = load_encoder(resolve(str(tiny(name))), options=options).processor("audio").counting()
    quiet = np.zeros(16000, np.float32)
    processor([Sound(samples=quiet[:4000], rate=16000), Sound(samples=quiet, rate=16000)])
    # 0.25 and 1 s: half a second of 1.25 s is lost.
    assert processor.warnings == (
        "1 of 2 sounds were cut to 0.5 s: 40 % of all seconds were not read "
        "(--set encoder.seconds=N, up to what the encoder holds, or encoder.long=mean_of_windows hears more)",
    )


def test_windows_of_a_sound_begin_with_it_end_with_it_and_are_equally_long():
    assert stretches(7, 10) == [(0, 7)]
    assert stretches(20, 10) == [(0, 10), (10, 20)]
    assert stretches(25, 10) == [(0, 10), (8, 18), (15, 25)]


@pytest.mark.parametrize("name", ["wav2vec2", "whisper"])
def test_a_sound_of_two_equal_windows_pools_to_the_features_of_one(tiny, name, monkeypatch):
    from modaxfer.contracts import Readout
    from modaxfer.runner.model import tower as room

    encoder = load_encoder(
        resolve(str(tiny(name))), options=EncoderOptions(seconds=0.25, long="mean_of_windows", windows=3)
    ).eval()
    draw = np.random.default_rng(0)
    one, other = draw.normal(0, 0.1, (2, 4000)).astype(np.float32)
    sounds = [one, np.tile(one, 2), np.tile(one, 3), other, np.concatenate([one, other]), one[:1600]]
    processor = encoder.processor("audio").counting()
    batch = processor.collate(processor([Sound(samples=samples, rate=16000) for samples in sounds]))
    assert batch[WINDOWS].tolist() == [1, 2, 3, 1, 2, 1]
    assert processor.warnings == ()
    tower = room.Tower(encoder, Readout(layers=(encoder.depth,), pooling="mean_std"))
    for size in (10**6, 1):  # All windows at once, and one by one.
        monkeypatch.setattr(room, "STRETCH", size)
        with torch.no_grad():
            first, twice, thrice, second, both, short = tower.features(batch).pooled
            states, pools = tower.prefix(batch, 1), tower.layer_pools(batch)
            kept = {room.LAYER_STATES: states.tokens, "mask": states.mask, WINDOWS: batch[WINDOWS]}
            cached = tower.features(kept, 1).pooled
        torch.testing.assert_close(torch.stack([twice, thrice]), first.expand(2, -1), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(both, (first + second) / 2, atol=1e-5, rtol=1e-4)
        assert (short - first).abs().max() > 1e-3
        torch.testing.assert_close(cached[:4], torch.stack([first, twice, thrice, second]), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(room.read_out(pools, tower.readout)[4], both, atol=1e-5, rtol=1e-4)


def test_what_more_windows_than_allowed_leave_unheard_is_counted_and_few_long_sounds_are_decoded_at_once(tiny):
    options = EncoderOptions(seconds=0.5, long="mean_of_windows", windows=2)
    processor = load_encoder(resolve(str(tiny("whisper"))), options=options).processor("audio").counting()
    # Of a recording of 4 s somebody has read 1.2 s.
    processor([Sound(samples=np.zeros(19200, np.float32), rate=16000, whole=4.0)])
    assert processor.warnings == (
        "1 of 1 sounds were cut to 2 windows of 0.5 s: 75 % of all seconds were not read "
        "(--set encoder.windows=N hears more)",
    )
    assert processor.rows_at_once == 1920
    assert MelProcessor(processor.extractor, 30.0).rows_at_once == 64
    assert MelProcessor(processor.extractor, 30.0, 32).rows_at_once == 2
