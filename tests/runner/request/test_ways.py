"""Which field goes to which encoder, and over which bridge."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from modaxfer.errors import RefusedError
from modaxfer.plan import Part, Phase
from modaxfer.registry import registry
from modaxfer.runner.request.rates import with_bridge_rate
from modaxfer.runner.request.request import pick_way, pick_ways, source_of
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, EncoderSpec, Field, Signal

TITLE, NOTE = Field(name="title", signal=TEXT), Field(name="note", signal=TEXT)
PHOTO, BACK = Field(name="photo", signal=IMAGE), Field(name="back", signal=IMAGE)
PRICE, CLIP = Field(name="price", signal=TABLE), Field(name="clip", signal=AUDIO)
ECHO = Field(name="echo", signal=AUDIO)
SIZE = Field(name="size", signal=TABLE)


def encoder(name):
    return SimpleNamespace(spec=registry().get("encoder", name).spec)


BERT, VIT, ROWS = encoder("bert"), encoder("vit"), encoder("table")


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ((TITLE,), "text"),
        ((TITLE, NOTE), "text"),
        ((PHOTO, TITLE), "image+text"),
        ((PHOTO, BACK), "image+image"),
        ((BACK, PRICE, PHOTO, TITLE), "image+image+table+text"),
    ],
)
def test_fields_are_described_by_their_kinds(fields, source):
    assert source_of(fields) == source


@pytest.mark.parametrize(
    ("fields", "name", "bridge"),
    [
        ((TITLE,), "bert", "native-text"),
        ((TITLE,), "vit", "render"),
        ((TITLE,), "whisper", "embed"),
        ((PHOTO,), "vit", "native-image"),
        ((PHOTO,), "bert", "embed"),
        ((PHOTO, BACK), "vit", "montage"),
        ((PHOTO, TITLE), "vit", "montage"),
        ((PHOTO, TITLE), "bert", "embed"),
        ((CLIP,), "wav2vec2", "native-audio"),
        ((CLIP,), "vit", "spectrogram"),
        ((CLIP,), "bert", "embed"),
        ((CLIP, ECHO), "wav2vec2", "embed"),
        ((CLIP, ECHO), "vit", "montage"),
        ((PRICE,), "bert", "serialise"),
        ((PRICE, TITLE), "bert", "serialise"),
        ((PRICE,), "vit", "grid"),
        ((PRICE, PHOTO), "vit", "montage"),
        ((PRICE,), "wav2vec2", "embed"),
    ],
)
def test_every_kind_has_a_way_to_every_encoder(fields, name, bridge):
    assert pick_way(fields, encoder(name), None).name == bridge


def test_a_picture_model_without_patches_reads_a_page_of_text():
    convolutions = SimpleNamespace(spec=EncoderSpec(name="resnet", target="a:B", inputs=(IMAGE,)))
    assert pick_way((TITLE,), convolutions, None).name == "montage"


def test_an_unknown_kind_is_refused():
    with pytest.raises(RefusedError, match="no bridge leads from smell to what the encoder bert takes"):
        pick_way((Field(name="nose", signal=Signal(kind="smell")),), BERT, None)


def shares(fields, *encoders):
    return [([field.name for field in share], bridge.name) for share, bridge in pick_ways(fields, encoders, None)]


def test_each_field_goes_to_the_encoder_of_its_kind():
    assert shares((PHOTO, TITLE), VIT, BERT) == [(["photo"], "native-image"), (["title"], "native-text")]


def test_a_field_of_no_encoders_kind_goes_to_one_with_nothing_else_to_read():
    assert shares((PHOTO, BACK, PRICE), VIT, BERT) == [(["photo", "back"], "montage"), (["price"], "serialise")]


def test_fields_of_a_kind_that_is_no_encoders_stay_together():
    made = [(["photo"], "native-image"), (["title"], "native-text"), (["price", "size"], "embed")]
    assert shares((PRICE, PHOTO, SIZE, TITLE), VIT, BERT, ROWS) == made
    assert shares((PHOTO, PRICE, SIZE), VIT, ROWS) == [made[0], made[2]]
    assert shares((PRICE, PHOTO, SIZE, TITLE), ROWS, BERT, VIT) == [made[2], made[1], made[0]]


def test_a_field_of_no_encoders_kind_joins_others_where_all_are_busy():
    assert shares((PHOTO, TITLE, PRICE), VIT, BERT) == [(["photo", "price"], "montage"), (["title"], "native-text")]


def test_an_encoder_left_with_nothing_reads_everything():
    assert shares((TITLE,), BERT, VIT) == [(["title"], "native-text"), (["title"], "render")]


def test_two_encoders_of_one_kind_read_the_same():
    assert shares((TITLE,), BERT, BERT) == [(["title"], "native-text")] * 2


def test_a_trained_bridge_has_a_learning_rate_of_its_own():
    rates = {Part.HEAD: 1e-3, Part.BRIDGE: 1e-3, Part.BODY: 1e-4}
    phase = Phase(trainable=frozenset(rates), learning_rates=rates)
    changed = with_bridge_rate(phase, 5.0)
    assert changed.learning_rates == rates | {Part.BRIDGE: pytest.approx(5e-3)}
    bare = Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1e-3})
    assert with_bridge_rate(bare, 5.0) is bare
