"""Preparation of raw inputs: what comes out, that it can be saved, and what is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from modaxfer.config import EncoderOptions
from modaxfer.contracts import InputLayout, Origin, PatchStrip, Processor, Sound
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.image import ViTEncoder, sensible_image_size
from modaxfer.encoders.load import load_encoder
from modaxfer.encoders.processors.audio import FrameProcessor, frames_after, samples_of
from modaxfer.encoders.processors.image import ImageProcessor
from modaxfer.encoders.processors.text import TextProcessor
from modaxfer.encoders.text import BertEncoder
from modaxfer.errors import CheckpointUnavailableError, RefusedError
from modaxfer.testing.material import raw_inputs, tiny_models

CASES = [("bert", "text"), ("vit", "image"), ("vit", "patches"), ("wav2vec2", "audio"), ("whisper", "audio")]
RNG = np.random.default_rng(0)


def processor_of(folder, kind, **options):
    encoder = load_encoder(
        resolve(str(folder)), options=EncoderOptions(**options), dropout=0.0, pretrained=False, seed=0
    )
    return encoder.processor(kind)


def noise(seconds, rate=16000):
    return Sound(samples=RNG.normal(0, 0.1, int(seconds * rate)).astype(np.float32), rate=rate)


def assert_equal(left, right):
    assert [sorted(example) for example in left] == [sorted(example) for example in right]
    for one, other in zip(left, right, strict=True):
        for key, value in one.items():
            assert value.dtype == other[key].dtype
            np.testing.assert_array_equal(value, other[key])


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_processor_of_the_same_folder_is_the_same(tmp_path, name, kind):
    tiny_models.save(name, tmp_path / "model")
    processor = processor_of(tmp_path / "model", kind)
    assert isinstance(processor, Processor)
    raws = raw_inputs.raws(kind)
    examples = processor(raws)
    again = processor_of(tmp_path / "model", kind)
    assert again.identity == processor.identity
    assert_equal(again(raws), examples)
    assert [again.length(example) for example in examples] == [processor.length(example) for example in examples]
    assert processor(raws[:0]) == []


def test_the_processor_of_unknown_sound_models_cuts_frames_of_their_width():
    from transformers import Wav2Vec2FeatureExtractor

    processor = FrameProcessor(Wav2Vec2FeatureExtractor(), seconds=2.0, width=768)
    raws = raw_inputs.raws("audio")
    assert [len(example["values"]) for example in processor(raws)] == [
        -(-max(len(raw.samples), 1600) // 768) for raw in raws
    ]


def test_one_row_at_a_time_gives_the_same_as_a_batch(tmp_path):
    for name, kind in CASES:
        tiny_models.save(name, tmp_path / name)
        processor = processor_of(tmp_path / name, kind)
        raws = raw_inputs.raws(kind)
        assert_equal([processor([raw])[0] for raw in raws], processor(raws))


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [("bert", "text", {"max_tokens": 9}), ("vit", "image", {"image_size": 16}), ("whisper", "audio", {"seconds": 0.5})],
)
def test_options_that_change_the_output_change_the_identity(tmp_path, name, kind, options):
    tiny_models.save(name, tmp_path)
    assert processor_of(tmp_path, kind).identity != processor_of(tmp_path, kind, **options).identity
    assert processor_of(tmp_path, kind).identity == processor_of(tmp_path, kind).identity


def test_fields_become_a_pair_or_are_joined():
    tokenizer = tiny_models.tokenizer()
    processor = TextProcessor(tokenizer, 64)
    words = tokenizer.convert_ids_to_tokens
    one, two, three = (processor([raw])[0] for raw in (("the court",), ("the court", "held"), ("the", "court", "held")))
    assert words(one["input_ids"]) == ["[CLS]", "the", "court", "[SEP]"]
    assert words(two["input_ids"]) == ["[CLS]", "the", "court", "[SEP]", "held", "[SEP]"]
    assert two["token_type_ids"].tolist() == [0, 0, 0, 0, 1, 1]
    assert words(three["input_ids"]) == ["[CLS]", "the", "[SEP]", "court", "[SEP]", "held", "[SEP]"]
    tokenizer.sep_token = None
    assert words(TextProcessor(tokenizer, 64)([("the", "held")])[0]["input_ids"]) == ["[CLS]", "the", "held", "[SEP]"]


def test_the_longer_field_is_cut_first():
    processor = TextProcessor(tiny_models.tokenizer(), 8)
    (example,) = processor([("the court held that plaintiff was right", "wrong right")])
    assert processor.tokenizer.convert_ids_to_tokens(example["input_ids"]) == [
        *["[CLS]", "the", "court", "held", "[SEP]", "wrong", "right", "[SEP]"]
    ]


def test_padding_uses_the_models_own_token_and_the_mask_marks_it():
    tokenizer = tiny_models.tokenizer()
    tokenizer.pad_token = "[MASK]"
    processor = TextProcessor(tokenizer, 64)
    batch = processor.collate(processor([("the",), ("the court held",)]))
    assert batch["input_ids"][0].tolist()[3:] == [tokenizer.mask_token_id] * 2
    assert batch["mask"].tolist() == [[True] * 3 + [False] * 2, [True] * 5]
    tokenizer.pad_token = None
    tokenizer.eos_token = "[SEP]"
    assert TextProcessor(tokenizer, 64).tokenizer.pad_token == "[SEP]"


def test_an_earlier_call_leaves_no_trace_in_the_identity(tmp_path):
    processor = TextProcessor(tiny_models.tokenizer(), 8)
    processor([("the court held that plaintiff was right", "wrong right")])
    assert TextProcessor(processor.tokenizer, 8).identity == processor.identity


def test_whole_pictures_of_any_mode_become_square_bytes(tmp_path):
    tiny_models.save("vit", tmp_path)
    processor = processor_of(tmp_path, "image")
    raws = [Image.new(mode, (40, 10), 200) for mode in ("L", "RGB", "P", "RGBA")]
    batch = processor.collate(processor(raws))
    assert (batch["pixel_values"].dtype, tuple(batch["pixel_values"].shape)) == (torch.uint8, (4, 3, 32, 32))
    assert set(batch["pixel_values"][0].flatten().tolist()) == {200}


@pytest.mark.parametrize(
    ("sides", "size"),
    [([28], 112), ([8, 5], 42), ([2], 14), ([56], 224), ([57], 224), ([640], 224), ([], 224), ([29], 126)],
)
def test_small_pictures_are_not_blown_up_much_more_than_four_times(sides, size):
    layout = InputLayout(kind="image", max_tokens=257, patch_size=14, image_size=224)
    assert sensible_image_size(layout, sides) == size


def test_image_sizes_are_those_of_the_config_and_multiples_of_the_patch():
    config = tiny_models.config_of("vit")
    assert ViTEncoder.layout(config, "image", EncoderOptions()).image_size == 32
    assert ViTEncoder.layout(config, "image", EncoderOptions(image_size=48)).max_tokens == 37
    assert ViTEncoder.layout(config, "patches", EncoderOptions(image_size=48)).max_tokens == 17
    dinov2 = tiny_models.config_of("dinov2", image_size=518, patch_size=14)
    assert ViTEncoder.layout(dinov2, "image", EncoderOptions()).image_size == 224
    with pytest.raises(
        RefusedError, match=r"multiple of the patch size, 8\. Got: 50\. Allowed: 48, 56, .*image_size=48"
    ):
        ViTEncoder.layout(config, "image", EncoderOptions(image_size=50))
    with pytest.raises(RefusedError, match="takes images, patches and embeddings"):
        ViTEncoder.layout(config, "audio", EncoderOptions())
    with pytest.raises(RefusedError, match="does not take RGB pictures"):
        ViTEncoder.layout(tiny_models.config_of("vit", num_channels=1), "image", EncoderOptions())
    with pytest.raises(RefusedError, match="the encoder's pictures are not square"):
        ViTEncoder.layout(tiny_models.config_of("vit", image_size=[32, 16]), "image", EncoderOptions())


def test_strips_that_do_not_fit_are_refused(tmp_path):
    tiny_models.save("vit", tmp_path)
    processor = processor_of(tmp_path, "patches")
    for shape in ((17, 8, 8, 3), (0, 8, 8, 3), (4, 14, 14, 3)):
        with pytest.raises(RefusedError, match=r"strip of patches does not fit.*1 to 16 patches of 8 x 8 x 3"):
            processor([PatchStrip(pixels=np.zeros(shape, np.uint8))])


def test_text_layouts_follow_the_position_table():
    assert BertEncoder.layout(tiny_models.config_of("bert"), "text", EncoderOptions()).max_tokens == 64
    assert BertEncoder.layout(tiny_models.config_of("roberta"), "text", EncoderOptions()).max_tokens == 63
    long = tiny_models.config_of("bert", max_position_embeddings=4096)
    assert BertEncoder.layout(long, "text", EncoderOptions()).max_tokens == 512
    assert BertEncoder.layout(long, "text", EncoderOptions(max_tokens=2000)).max_tokens == 2000
    with pytest.raises(
        RefusedError, match=r"max_tokens is more than the position table holds\. Got: 65\. Allowed: 4 to 64"
    ):
        BertEncoder.layout(tiny_models.config_of("bert"), "text", EncoderOptions(max_tokens=65))
    with pytest.raises(RefusedError, match="a bert encoder takes text"):
        BertEncoder.layout(long, "image", EncoderOptions())


def test_sounds_are_resampled_cut_and_filled_up():
    tone = np.sin(2 * np.pi * 500 * np.arange(16000) / 16000).astype(np.float32)
    heard = samples_of(Sound(samples=tone[::2].copy(), rate=8000), 16000, seconds=30, least=1)
    np.testing.assert_allclose(heard[1000:-1000], tone[1000:-1000], atol=1e-3)
    assert len(samples_of(noise(1.0, rate=44100), 16000, seconds=0.3, least=1)) == 4800
    silent = samples_of(Sound(samples=np.zeros(0, np.float32), rate=8000), 16000, seconds=30, least=400)
    assert (len(silent), silent.dtype) == (400, np.float32)


@pytest.mark.parametrize("name", ["wav2vec2", "wav2vec2-stable", "whisper"])
@torch.no_grad()
def test_even_no_sound_at_all_gives_a_token(tmp_path, name):
    tiny_models.save(name, tmp_path)
    encoder = load_encoder(resolve(str(tmp_path)), options=EncoderOptions(), dropout=0.0, pretrained=True, seed=0)
    processor = encoder.processor("audio")
    examples = processor([Sound(samples=np.zeros(3, np.float32), rate=16000), noise(0.4)])
    hidden = encoder.embed(processor.collate(examples))
    assert processor.length(examples[0]) == int(hidden.mask[0].sum()) == 1
    assert torch.isfinite(hidden.tokens[hidden.mask]).all()


def test_the_window_of_whisper_is_the_clip_up_to_its_table(tmp_path):
    tiny_models.save("whisper", tmp_path)
    assert [len(row["input_features"]) for row in processor_of(tmp_path, "audio")([noise(0.5), noise(9.0)])] == [
        50,
        200,
    ]
    assert len(processor_of(tmp_path, "audio", seconds=1.0)([noise(9.0)])[0]["input_features"]) == 100
    with pytest.raises(
        RefusedError, match=r"seconds is more than the position table holds\. Got: 3\.0\. Allowed: up to 2 s"
    ):
        processor_of(tmp_path, "audio", seconds=3.0)
    with pytest.raises(RefusedError, match=r"the encoder takes audio\. Got: text"):
        processor_of(tmp_path, "text")


def test_frames_follow_the_convolutions_of_wav2vec2_base():
    strides = list(zip((10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2), strict=True))
    assert [frames_after(samples, strides) for samples in (400, 719, 720, 16000)] == [1, 1, 2, 49]


@pytest.mark.parametrize(
    ("name", "kind", "lost", "match"),
    [
        ("bert", "text", "tokenizer*", "no usable tokenizer.*its vocabulary is empty"),
        ("vit", "image", "preprocessor_config.json", "no usable preprocessor_config.json.*how pixels are scaled"),
        ("whisper", "audio", "preprocessor_config.json", "no usable preprocessor_config.json.*how sounds are scaled"),
    ],
)
def test_missing_preparation_files_are_refused(tmp_path, name, kind, lost, match):
    tiny_models.save(name, tmp_path)
    for path in tmp_path.glob(lost):
        path.unlink()
    with pytest.raises(CheckpointUnavailableError, match=match):
        processor_of(tmp_path, kind)


def test_an_encoder_from_a_bare_config_has_no_processor():
    encoder = BertEncoder.from_config(tiny_models.config_of("bert"), origin=Origin())
    with pytest.raises(CheckpointUnavailableError, match="built from a bare config"):
        encoder.processor("text")


def test_a_picture_that_is_not_decoded_yet_may_be_given_twice():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8))
    processor = ImageProcessor(32, 2, 5)
    (expected,) = processor([noise])
    for _ in range(5):
        stream = io.BytesIO()
        noise.save(stream, "PNG")
        made = processor([Image.open(stream)] * 4)
        assert all(np.array_equal(one["pixel_values"], expected["pixel_values"]) for one in made)
