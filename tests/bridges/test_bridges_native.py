from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from modaxfer.bridges.native import AudioBridge, ImageBridge, TextBridge
from modaxfer.contracts import Bridge, InputLayout
from modaxfer.errors import DataError, RefusedError
from modaxfer.registry import load_target, registry
from modaxfer.spec import AUDIO, IMAGE, TEXT, Field

LAYOUT = InputLayout(kind="text", max_tokens=128)
SENTENCE, PARTY = Field(name="sentence", signal=TEXT), Field(name="party", signal=TEXT)
PHOTO, CLIP = Field(name="photo", signal=IMAGE), Field(name="clip", signal=AUDIO)


def png(colour: tuple[int, int, int]) -> dict[str, object]:
    stream = io.BytesIO()
    Image.new("RGB", (5, 4), colour).save(stream, format="PNG")
    return {"bytes": stream.getvalue(), "path": None}


def wav(rate: int) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, np.linspace(-0.5, 0.5, 40), rate, format="WAV")
    return stream.getvalue()


def test_text_keeps_field_order_and_strips() -> None:
    bridge = TextBridge(None, (SENTENCE, PARTY), LAYOUT, None)
    rows = [{"party": " Lee ", "sentence": "He won.\n"}, {"party": None, "sentence": 12}]
    assert bridge(rows) == [("He won.", "Lee"), ("12", "")]


def test_text_identity_tells_fields_and_their_order_apart() -> None:
    identities = {
        TextBridge(None, fields, LAYOUT, None).identity
        for fields in ((SENTENCE,), (PARTY,), (SENTENCE, PARTY), (PARTY, SENTENCE))
    }
    assert len(identities) == 4


def test_image_is_decoded_to_rgb_from_bytes_and_from_a_path(tmp_path) -> None:
    (tmp_path / "a.png").write_bytes(png((0, 0, 255))["bytes"])
    bridge = ImageBridge(None, (PHOTO,), LAYOUT, tmp_path)
    images = bridge([{"photo": png((255, 0, 0))}, {"photo": "a.png"}])
    assert [image.mode for image in images] == ["RGB", "RGB"]
    assert [image.getpixel((1, 1)) for image in images] == [(255, 0, 0), (0, 0, 255)]


def test_image_path_may_not_leave_the_folder(tmp_path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "a.png").write_bytes(png((0, 0, 255))["bytes"])
    with pytest.raises(DataError, match="leads out of the data folder"):
        ImageBridge(None, (PHOTO,), LAYOUT, tmp_path / "inside")([{"photo": "../a.png"}])


def test_sound_keeps_its_own_rate() -> None:
    (sound,) = AudioBridge(None, (CLIP,), InputLayout(kind="audio", max_tokens=1500, rate=16000), None)(
        [{"clip": wav(8000)}]
    )
    assert sound.rate == 8000
    assert sound.samples.dtype == np.float32
    np.testing.assert_allclose(sound.samples, np.linspace(-0.5, 0.5, 40), atol=1e-4)


def test_a_sound_is_read_little_further_than_the_encoder_hears() -> None:
    stream = io.BytesIO()
    soundfile.write(stream, np.zeros(8000 * 60), 8000, format="FLAC")
    layout = InputLayout(kind="audio", max_tokens=1500, rate=16000, seconds=2.0)
    (sound,) = AudioBridge(None, (CLIP,), layout, None)([{"clip": stream.getvalue()}])
    assert 16000 <= len(sound.samples) <= 17000
    assert sound.whole == 60


def test_two_images_are_sent_to_the_montage() -> None:
    with pytest.raises(RefusedError, match=r"Fix: name one image column, or leave --bridge out: montage draws them"):
        ImageBridge(None, (PHOTO, Field(name="second", signal=IMAGE)), LAYOUT, None)


@pytest.mark.parametrize(("bridge", "field", "kind"), [(ImageBridge, PHOTO, "image"), (AudioBridge, CLIP, "audio")])
def test_two_media_fields_are_refused_at_construction(bridge, field, kind) -> None:
    with pytest.raises(RefusedError, match=f"one {kind} per row; more need fusion of several passes or a montage"):
        bridge(None, (field, Field(name="second", signal=field.signal)), LAYOUT, None)


@pytest.mark.parametrize(
    ("bridge", "fields", "message"),
    [
        (TextBridge, (SENTENCE, PHOTO), r"native text bridge takes text fields only.*photo \(image\)"),
        (TextBridge, (), "native text bridge takes text fields only.*no field"),
        (ImageBridge, (SENTENCE,), "native image bridge takes image fields only"),
        (AudioBridge, (), "native audio bridge takes audio fields only"),
    ],
)
def test_fields_of_another_kind_are_refused(bridge, fields, message) -> None:
    with pytest.raises(RefusedError, match=message):
        bridge(None, fields, LAYOUT, None)


@pytest.mark.parametrize(("kind", "field"), [("text", SENTENCE), ("image", PHOTO), ("audio", CLIP)])
def test_the_registry_picks_a_native_bridge_that_keeps_the_contract(kind, field) -> None:
    entry = registry().pick_bridge(kind, kind)
    bridge = load_target(entry.spec.target)(None, (field,), LAYOUT, None)
    assert isinstance(bridge, Bridge)
    assert bridge.identity.startswith(f"native-{kind}")
