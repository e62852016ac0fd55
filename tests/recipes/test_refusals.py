"""What cannot work is refused before a weight is read, and what was lost is said each time."""

from __future__ import annotations

import csv

import pytest
import transformers

import modaxfer
from modaxfer.errors import RefusedError
from modaxfer.testing.material import tiny_models

pytestmark = pytest.mark.recipe


def train(tiny, strategy, rows, folder, **settings):
    return modaxfer.train(
        encoder=str(tiny), strategy=strategy, output=str(folder), device="cpu", precision="fp32", quiet=True,
        **rows, **settings,
    )  # fmt: skip


@pytest.mark.usefixtures("no_weights")
def test_two_images_in_one_row_over_a_bridge_that_takes_one(tiny, own_rows, tmp_path):
    rows = own_rows("image+image+table", 24)
    del rows["number"]
    with pytest.raises(RefusedError, match="an encoder takes one image per row"):
        train(tiny("vit"), "frozen", rows, tmp_path / "run", bridge="native-image")
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("no_weights")
@pytest.mark.parametrize("kind", ["text", "image", "table", "image+text"])
def test_a_network_of_sound_that_can_only_be_entered_in_front(kind, own_rows, tmp_path):
    transformers.WavLMConfig(**tiny_models.WAVES).save_pretrained(tmp_path / "wavlm")
    (tmp_path / "wavlm" / "model.safetensors").touch()
    source = kind.replace("+", r"\+")
    message = rf"no bridge leads from {source} to what the encoder auto takes\. Got: {source} task, encoder of audio\."
    with pytest.raises(RefusedError, match=message):
        train(tmp_path / "wavlm", "full", own_rows(kind), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("no_weights")
def test_an_adapter_that_attaches_nowhere(tiny, own_rows, tmp_path):
    with pytest.raises(RefusedError, match=r"attaches nowhere.*query"):
        train(tiny("bert"), "lora", own_rows("text"), tmp_path / "run", set={"targets": "qkv"})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", [name for name in tiny_models.CONFIGS if name not in ("roberta", "camembert")])
def test_an_outline_has_the_modules_of_the_real_one(name, tiny):
    from modaxfer.config import EncoderOptions
    from modaxfer.encoders.checkpoints import resolve
    from modaxfer.encoders.load import load_encoder, outline

    resolved = resolve(str(tiny(name)))
    bare, real = outline(resolved), load_encoder(resolved, options=EncoderOptions())
    assert [n for n, _ in bare.named_modules()] == [n for n, _ in real.named_modules()]
    assert all(parameter.is_meta for parameter in bare.parameters())


def test_lost_characters_are_said_from_the_cache_too(tiny, tmp_path):
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        # A private character, which no font draws: few enough of them to go on.
        writer.writerows([f"\U000f1234 {chr(97 + row)} of the court", "yes" if row % 2 else "no"] for row in range(24))
    rows = {"data": str(path), "text": ("text",)}
    first, second = (train(tiny("vit"), "frozen", rows, tmp_path / name).result.warnings for name in ("a", "b"))
    assert any("drawn as a box" in warning and warning.startswith("train: ") for warning in first)
    assert first == second


@pytest.mark.usefixtures("no_weights")
@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"encoder.layer": 99}, r"no such layer to read. Got: encoder.layer=99. Allowed: 0 to \d"),
        ({"train.dropout": 2.0}, r"dropout: got 2.0, must be at most 0.99"),
        ({"train.label_smoothing": 5.0}, r"label_smoothing: got 5.0, must be at most 1.0"),
        ({"train.warmup": 7.0}, r"warmup: got 7.0, must be at most 1.0"),
    ],
)
def test_options_out_of_range(option, message, tiny, own_rows, tmp_path):
    with pytest.raises(modaxfer.ModaxferError, match=message):
        train(tiny("bert"), "full", own_rows("text", 24), tmp_path / "run", set=option)
    assert not (tmp_path / "run").exists()
