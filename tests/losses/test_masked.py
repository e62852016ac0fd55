"""Masked objectives as losses of a phase: their values in closed form, and that chance is the run's."""

from __future__ import annotations

import math
from contextlib import nullcontext

import pytest
import torch
from torch import nn

from modaxfer.config import EncoderOptions
from modaxfer.contracts import LossContext, Step, StreamBatch, StreamEncoder
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.errors import RefusedError
from modaxfer.losses.masked import Masked
from modaxfer.plan import Reads, Role


def given(encoder, sink, kind, some=None):
    return StreamEncoder(encoder=encoder, sink=sink, kind=kind, first=False, autocast=nullcontext, some=some)


def context(encoder):
    return LossContext(streams={"target": None}, seed=3, start=nn.Identity, encoder=lambda name: encoder)


@pytest.fixture(scope="module")
def bert(tiny):
    encoder = load_encoder(resolve(str(tiny("bert"))), options=EncoderOptions())
    texts = ["a fine film it is", "the court finds", "what a film", "nobody knows why it was made"]
    processor = encoder.processor("text")
    return encoder, processor.collate(list(processor(texts)))


def step(batch, progress=0.0, rows=(0, 1, 2, 3)):
    stream = StreamBatch(name="target", role=Role.TARGET, rows=torch.tensor(rows), made={Reads.INPUTS: batch})
    return Step(streams={"target": stream}, progress=progress)


def test_a_head_that_knows_nothing_is_at_the_logarithm_of_the_vocabulary(bert):
    encoder, batch = bert
    loss = Masked(context(given(encoder, "text", "text")))
    words = encoder.embeddings.word_embeddings.weight
    kept = words.detach().clone()
    with torch.no_grad():
        words.zero_()
        told = loss(step(batch))
        words.copy_(kept)
    torch.testing.assert_close(told.losses, torch.full((4,), math.log(len(words))))
    assert told.numbers["guessed"].shape == (4,)


def test_what_is_hidden_follows_seed_progress_and_rows_and_needs_no_targets(bert):
    encoder, batch = bert
    loss = Masked(context(given(encoder, "text", "text"))).eval()
    with torch.no_grad():
        # `StreamBatch.targets` is None throughout.
        first, again = (loss(step(batch, progress=0.25)).losses for _ in range(2))
        later, other = loss(step(batch, progress=0.5)).losses, loss(step(batch, 0.25, rows=(4, 1, 2, 3))).losses
    assert first[0] == again[0]
    assert len({float(each[0]) for each in (first, later, other)}) == 3


def test_the_encoder_is_trained_and_is_no_part_of_the_loss(bert):
    encoder, batch = bert
    loss = Masked(context(given(encoder, "text", "text")))
    assert not {id(one) for one in encoder.parameters()} & {id(one) for one in loss.parameters()}
    encoder.zero_grad()
    loss(step(batch)).losses.mean().backward()
    assert all(one.grad is not None for one in encoder.layers.parameters())
    encoder.zero_grad()


@pytest.mark.parametrize(
    ("name", "sink", "message"),
    [
        ("bert", "embeddings", r"no masked objective.*Got: .*embeddings"),
        ("whisper", "audio", r"behind its convolutions.*Got: WhisperEncoder.*Allowed: wav2vec2"),
    ],
)
def test_an_encoder_from_which_nothing_can_be_hidden_is_refused(name, sink, message, tiny):
    from modaxfer.encoders.load import outline

    with pytest.raises(RefusedError, match=message):
        Masked(context(given(outline(resolve(str(tiny(name)))), sink, sink)))


@pytest.mark.parametrize("name", ["vit", "wav2vec2"])
def test_parts_of_pictures_and_sounds_are_hidden_as_well(name, tiny):
    encoder = load_encoder(resolve(str(tiny(name))), options=EncoderOptions())
    if name == "vit":
        kind, batch = "image", {"pixel_values": torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)}
    else:
        kind, sounds = "audio", torch.randn(4, 16_000)
        batch = {"input_values": sounds, "lengths": torch.full((4,), 16_000)}
    loss = Masked(context(given(encoder, kind, kind, some=lambda most: batch)))
    told = loss(step(batch))
    assert (told.losses == told.losses[0]).all()
    # Units of hidden frames were found before: all are not one.
    assert name == "vit" or told.numbers["units"][0] > 2
    told.losses.mean().backward()
    assert all(one.grad is not None for one in encoder.layers.parameters())


def test_an_objective_with_a_teacher_or_of_other_inputs_is_refused(bert):
    for name in ("distillation", "masked-image"):
        with pytest.raises(RefusedError, match=rf"given text; .*{name}.*Allowed: masked-language"):
            Masked(context(given(bert[0], "text", "text")), objective=name)
