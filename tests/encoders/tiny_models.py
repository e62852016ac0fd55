"""Tiny random models of every architecture, saved as a user would have them on disk, and raw inputs for them."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from modaxfer.contracts import PatchStrip, Sound

WIDTH = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48}
WORDS = ("the", "court", "held", "that", "plaintiff", "was", "right", "wrong")
TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *string.ascii_lowercase]
PAIRS = {"vocab_size": len(TOKENS), "max_position_embeddings": 64, "type_vocab_size": 2, "pad_token_id": 0, **WIDTH}
CONVOLUTIONS = {
    "conv_dim": (16, 16, 16),
    "conv_kernel": (10, 3, 2),
    "conv_stride": (5, 2, 2),
    "num_feat_extract_layers": 3,
}
WAVES = {**WIDTH, **CONVOLUTIONS, "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 4}
STABLE = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}

CONFIGS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bert": ("BertConfig", "text", PAIRS),
    "roberta": ("RobertaConfig", "text", {**PAIRS, "type_vocab_size": 1}),
    "xlm-roberta": ("XLMRobertaConfig", "text", {**PAIRS, "type_vocab_size": 1}),
    "camembert": ("CamembertConfig", "text", {**PAIRS, "type_vocab_size": 1}),
    "electra": ("ElectraConfig", "text", {**PAIRS, "embedding_size": 24}),
    "vit": ("ViTConfig", "image", {**WIDTH, "image_size": 32, "patch_size": 8}),
    "dinov2": (
        "Dinov2Config",
        "image",
        {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "image_size": 32, "patch_size": 8},
    ),
    "wav2vec2": ("Wav2Vec2Config", "audio", WAVES),
    "wav2vec2-stable": ("Wav2Vec2Config", "audio", {**WAVES, **STABLE}),
    "hubert": ("HubertConfig", "audio", WAVES),
    "whisper": (
        "WhisperConfig",
        "audio",
        {
            "d_model": 32,
            "encoder_layers": 3,
            "decoder_layers": 1,
            "encoder_attention_heads": 4,
            "decoder_attention_heads": 4,
            "encoder_ffn_dim": 48,
            "decoder_ffn_dim": 48,
            "num_mel_bins": 16,
            "vocab_size": 64,
            "max_source_positions": 100,
            "max_target_positions": 8,
            "pad_token_id": 0,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "decoder_start_token_id": 1,
        },
    ),
}


def kind_of(name: str) -> str:
    """Return the signal kind of an architecture."""
    return CONFIGS[name][1]


def config_of(name: str, **changes: Any) -> Any:
    """Return its tiny config."""
    class_name, _, values = CONFIGS[name]
    return getattr(transformers, class_name)(**{**values, **changes})


def build(name: str, **changes: Any) -> Any:
    """Return a random Transformers model in evaluation mode, its norms and biases not at their trivial start."""
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(config_of(name, **changes)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return model


def save(name: str, folder: Path, **changes: Any) -> Any:
    """Save a random model with its preprocessor files and return it."""
    model = build(name, **changes)
    model.save_pretrained(folder)
    if kind_of(name) == "text":
        tokenizer().save_pretrained(folder)
    elif kind_of(name) == "image":
        transformers.ViTImageProcessorPil(image_mean=[0.4, 0.5, 0.6], image_std=[0.2, 0.3, 0.4]).save_pretrained(folder)
    elif name == "whisper":
        transformers.WhisperFeatureExtractor(feature_size=16, chunk_length=2).save_pretrained(folder)
    else:
        transformers.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    return model


def tokenizer() -> Any:
    """Return a word tokenizer with BERT's pair template; unknown words fall back to [UNK]."""
    backend = Tokenizer(models.WordLevel({token: index for index, token in enumerate(TOKENS)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, model_input_names=["input_ids", "token_type_ids", "attention_mask"], **special
    )


def raws(kind: str, count: int = 3) -> list[Any]:
    """Return raw inputs of different lengths, the shortest first."""
    rng = np.random.default_rng(0)
    if kind == "text":
        return [(" ".join(rng.choice(WORDS, size=3 + 5 * row)), "plaintiff") for row in range(count)]
    if kind == "image":
        return [Image.fromarray(rng.integers(0, 255, (20, 30, 3), dtype=np.uint8)) for _ in range(count)]
    if kind == "patches":
        sizes = [3 + 4 * row for row in range(count)]
        return [PatchStrip(pixels=rng.integers(0, 255, (size, 8, 8, 3), dtype=np.uint8)) for size in sizes]
    sizes = [1600 * (1 + 2 * row) + 37 * row for row in range(count)]
    return [Sound(samples=rng.normal(0, 0.1, size).astype(np.float32), rate=16000) for size in sizes]
