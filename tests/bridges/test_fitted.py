"""Every bridge that learns keeps the contract, and what it draws is what an encoder gets."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import soundfile
from PIL import Image

from modaxfer.bridges.learned import fitted, state_name, taken_over
from modaxfer.config import EncoderOptions
from modaxfer.contracts import Bridge, FittedBridge
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.errors import ConfigError, ModaxferError
from modaxfer.registry import load_target, registry
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, Field
from modaxfer.testing.material import tiny_models


def encoded(write) -> bytes:
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


WAV = encoded(lambda stream: soundfile.write(stream, np.sin(np.arange(4000)), 8000, format="WAV"))
PNG = encoded(lambda stream: Image.new("RGB", (9, 6), "green").save(stream, format="PNG"))
ROWS = [
    {"photo": PNG, "clip": WAV, "note": f"row {index}", "age": float(index), "job": "ab"[index % 2]}
    for index in range(12)
]
FIELDS = {
    "photo": Field(name="photo", signal=IMAGE),
    "clip": Field(name="clip", signal=AUDIO),
    "note": Field(name="note", signal=TEXT),
    "age": Field(name="age", signal=TABLE, unit="years"),
    "job": Field(name="job", signal=TABLE),
}
CASES = {
    "spectrogram": ("clip",), "grid": ("age", "job"), "montage": tuple(FIELDS), "serialise": ("age", "note", "job"),
}  # fmt: skip


def built(name, layout):
    spec = registry().get("bridge", f"modaxfer/{name}").spec
    fields = tuple(FIELDS[column] for column in CASES[name])
    assert {field.signal.kind for field in fields} <= spec.sources
    return load_target(spec.target)(load_target(spec.options)(), fields, layout, None)


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    """Return a tiny encoder by architecture, with its resolution."""
    found = {}
    for name, changes in (("vit", {"image_size": 64}), ("bert", {})):
        folder = tmp_path_factory.mktemp(name)
        tiny_models.save(name, folder, **changes)
        resolved = resolve(str(folder))
        found[name] = resolved, load_encoder(resolved, options=EncoderOptions(), dropout=0.0, pretrained=True, seed=0)
    return found


@pytest.mark.parametrize("name", ["spectrogram", "grid", "montage"])
def test_what_is_drawn_is_what_the_encoder_gets(encoders, name) -> None:
    resolved, encoder = encoders["vit"]
    bridge = built(name, resolved.layout("image", EncoderOptions()))
    bridge.fit(ROWS, np.zeros(len(ROWS)))
    (picture,) = bridge(ROWS[3:4])
    (example,) = encoder.processor("image")([picture])
    np.testing.assert_array_equal(example["pixel_values"], np.asarray(picture).transpose(2, 0, 1))


@pytest.mark.parametrize("name", ["spectrogram", "grid", "montage"])
def test_a_bridge_that_learns_keeps_the_contract(encoders, name) -> None:
    layout = encoders["vit"][0].layout("image", EncoderOptions())
    bridge, restored = built(name, layout), built(name, layout)
    assert isinstance(bridge, FittedBridge)
    with pytest.raises(ModaxferError, match="has not been fitted"):
        bridge(ROWS)
    before = bridge.identity
    bridge.fit(ROWS, np.zeros(len(ROWS)))
    assert bridge.identity != before
    restored.restore(json.loads(json.dumps(bridge.state())))
    assert restored.identity == bridge.identity
    alone = [restored([row])[0] for row in ROWS]
    for one, other in zip(bridge(ROWS), alone, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_a_table_beside_a_text_is_a_text_pair(encoders) -> None:
    resolved, encoder = encoders["bert"]
    bridge = built("serialise", resolved.layout("text", EncoderOptions()))
    assert isinstance(bridge, Bridge)
    assert not isinstance(bridge, FittedBridge)
    (raw,) = bridge(ROWS[:1])
    assert raw == ("age is 0 years; job is a.", "row 0")
    (example,) = encoder.processor("text")([raw])
    assert set(example["token_type_ids"].tolist()) == {0, 1}


def test_names_of_states_tell_them_apart() -> None:
    names = {state_name(None), state_name({}), state_name({"rate": 8000}), state_name({"rate": 8001})}
    assert len(names) == 4
    assert state_name({"a": 1, "b": 2}) == state_name({"b": 2, "a": 1})


def test_what_was_learned_is_handed_out_and_nothing_else_is_taken() -> None:
    assert fitted(3, "grid") == 3
    assert taken_over({"a": 1}, ("a",), "grid") == {"a": 1}
    with pytest.raises(ConfigError, match=r"Got: a, b. Allowed: a. Fix: restore it with the bridge and the version"):
        taken_over({"a": 1, "b": 2}, ("a",), "grid")
