"""Each encoder against the Transformers model that its weights belong to (the reference), on inputs without padding."""

from __future__ import annotations

import pytest
import torch
import transformers

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Sound
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.testing.material import tiny_models
from modaxfer.testing.material.raw_inputs import raws

TOLERANCE = {"rtol": 0, "atol": 1e-5}


def load(folder, **options):
    return load_encoder(resolve(str(folder)), options=EncoderOptions(**options), dropout=0.0, pretrained=True, seed=0)


def states(encoder, batch):
    return encoder.finish(encoder.run(encoder.embed(batch), 0, encoder.depth)).tokens


@pytest.mark.parametrize("name", [name for name in tiny_models.CONFIGS if tiny_models.kind_of(name) == "text"])
@torch.no_grad()
def test_text_equals_automodel(tmp_path, name):
    model = tiny_models.save(name, tmp_path)
    encoder = load(tmp_path)
    processor = encoder.processor("text")
    for raw in raws("text"):
        inputs = tiny_models.tokenizer()(*raw, return_tensors="pt")
        if model.config.type_vocab_size == 1:
            inputs["token_type_ids"] *= 0
        torch.testing.assert_close(
            states(encoder, processor.collate(processor([raw]))), model(**inputs).last_hidden_state, **TOLERANCE
        )


@pytest.mark.parametrize("name", ["vit", "dinov2"])
@pytest.mark.parametrize("size", [32, 48, 16])
@torch.no_grad()
def test_images_equal_automodel_and_its_image_processor(tmp_path, name, size):
    model = tiny_models.save(name, tmp_path)
    encoder = load(tmp_path, image_size=size)
    processor = encoder.processor("image")
    images = raws("image")
    reference = transformers.AutoImageProcessor.from_pretrained(tmp_path, size={"height": size, "width": size})
    pixels = reference(images, return_tensors="pt")["pixel_values"]
    extra = {"interpolate_pos_encoding": True} if name == "vit" else {}
    torch.testing.assert_close(
        states(encoder, processor.collate(processor(images))),
        model(pixel_values=pixels, **extra).last_hidden_state,
        **TOLERANCE,
    )


@pytest.mark.parametrize("name", ["vit", "dinov2"])
@torch.no_grad()
def test_a_full_strip_of_patches_equals_the_picture_it_folds_to(tmp_path, name):
    tiny_models.save(name, tmp_path)
    encoder = load(tmp_path)
    pixels = torch.randint(0, 255, (2, 3, 32, 32), dtype=torch.uint8)
    patches = pixels.reshape(2, 3, 4, 8, 4, 8).permute(0, 2, 4, 3, 5, 1).reshape(2, 16, 8, 8, 3)
    strip = {"patches": patches, "mask": torch.ones(2, 16, dtype=torch.bool)}
    torch.testing.assert_close(states(encoder, strip), states(encoder, {"pixel_values": pixels}), **TOLERANCE)


@pytest.mark.parametrize("name", ["wav2vec2", "wav2vec2-stable", "hubert"])
@torch.no_grad()
def test_waveforms_equal_automodel(tmp_path, name):
    model = tiny_models.save(name, tmp_path)
    encoder = load(tmp_path)
    processor = encoder.processor("audio")
    extractor = transformers.AutoFeatureExtractor.from_pretrained(tmp_path)
    for sound in raws("audio"):
        inputs = extractor(sound.samples, sampling_rate=16000, return_tensors="pt")
        torch.testing.assert_close(
            states(encoder, processor.collate(processor([sound]))),
            model(inputs["input_values"]).last_hidden_state,
            **TOLERANCE,
        )


@pytest.mark.parametrize("prefix", ["", "model."])
@torch.no_grad()
def test_whisper_equals_automodel_where_the_window_is_the_clip(tmp_path, prefix):
    if prefix:
        torch.manual_seed(0)
        generator = transformers.WhisperForConditionalGeneration(tiny_models.config_of("whisper")).eval()
        tiny_models.save("whisper", tmp_path)
        generator.save_pretrained(tmp_path)
        model = generator.model
    else:
        model = tiny_models.save("whisper", tmp_path)
    encoder = load(tmp_path)
    processor = encoder.processor("audio")
    generator = torch.Generator().manual_seed(0)
    samples = torch.randn(2 * 16000, generator=generator).numpy() / 10  # 2 s fill the tiny position table of 100 tokens
    extractor = transformers.AutoFeatureExtractor.from_pretrained(tmp_path)
    features = extractor(samples, sampling_rate=16000, return_tensors="pt")["input_features"]
    ours = processor.collate(processor([Sound(samples=samples, rate=16000)]))
    torch.testing.assert_close(ours["input_features"], features, rtol=0, atol=1e-6)
    torch.testing.assert_close(states(encoder, ours), model.encoder(features).last_hidden_state, **TOLERANCE)


@torch.no_grad()
def test_whisper_on_a_short_clip_equals_a_model_with_that_window(tmp_path):
    model = tiny_models.save("whisper", tmp_path)
    encoder = load(tmp_path)
    processor = encoder.processor("audio")
    sound = Sound(samples=raws("audio")[1].samples[:4800], rate=16000)  # 30 frames, 15 tokens
    batch = processor.collate(processor([sound]))
    short = transformers.models.whisper.modeling_whisper.WhisperEncoder(
        tiny_models.config_of("whisper", max_source_positions=15)
    ).eval()
    weights = model.encoder.state_dict()
    short.load_state_dict(weights | {"embed_positions.weight": weights["embed_positions.weight"][:15]})
    torch.testing.assert_close(states(encoder, batch), short(batch["input_features"]).last_hidden_state, **TOLERANCE)
