"""Tiny random models of architectures that no encoder lists, saved as a user would have them on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tiny_models
import torch
import transformers

WORDS = {"vocab_size": len(tiny_models.TOKENS), "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
MAP = {"image_size": 64, "num_channels": 3}
TOWER = {**tiny_models.WIDTH, "image_size": 32, "patch_size": 8, "projection_dim": 16}
SEATS = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
PAIR = {"d_model": 32, "encoder_layers": 2, "decoder_layers": 1, "encoder_attention_heads": 4}
HALVES = {**PAIR, "decoder_attention_heads": 4, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48}

CASES = {
    "distilbert": ("text", {**WORDS, "dim": 32, "hidden_dim": 48, "n_layers": 2, "n_heads": 4}),
    "albert": ("text", {**WORDS, **SEATS, "embedding_size": 24}),
    "gpt2": ("text", {**WORDS, "n_embd": 32, "n_layer": 2, "n_head": 4}),
    "t5": ("text", {**WORDS, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4}),
    "bart": ("text", {**WORDS, **HALVES, "decoder_start_token_id": 2}),
    "modernbert": ("text", {**WORDS, **SEATS, "cls_token_id": 2, "sep_token_id": 3}),
    "mpnet": ("text", {**WORDS, **SEATS}),
    "deberta-v2": ("text", {**WORDS, **SEATS, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]}),
    "resnet": ("image", {"embedding_size": 8, "hidden_sizes": [8, 24], "depths": [1, 1], "layer_type": "basic"}),
    "convnext": ("image", {**MAP, "hidden_sizes": [8, 24], "depths": [1, 1], "num_stages": 2}),
    "mobilenet_v2": ("image", {**MAP, "depth_multiplier": 0.35}),
    "swin": ("image", {**MAP, "embed_dim": 8, "depths": [1, 1], "num_heads": [2, 2], "window_size": 4}),
    "deit": ("image", {**SEATS, **MAP, "patch_size": 16}),
    "clip": ("image", {"vision_config": TOWER, "text_config": {**SEATS, "vocab_size": 64}, "projection_dim": 16}),
    "wavlm": ("audio", tiny_models.WAVES),
    "unispeech-sat": ("audio", tiny_models.WAVES),
    "data2vec-audio": ("audio", {**tiny_models.WAVES, "num_conv_pos_embeddings": 2, "conv_pos_kernel_size": 3}),
    "audio-spectrogram-transformer": ("audio", {**SEATS, "hidden_size": 64, "max_length": 64, "num_mel_bins": 32}),
    "wav2vec2-bert": ("audio", {**SEATS, "hidden_size": 192, "conv_depthwise_kernel_size": 3}),
}
EXTRACTORS = {
    "audio-spectrogram-transformer": lambda: transformers.ASTFeatureExtractor(max_length=64, num_mel_bins=32),
    "wav2vec2-bert": lambda: transformers.SeamlessM4TFeatureExtractor(),
}


def save(name: str, folder: Path) -> Any:
    """Save a random model with its preprocessor files and return it."""
    kind, values = CASES[name]
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(transformers.CONFIG_MAPPING[name](**values)).eval()
    model.save_pretrained(folder)
    files = {
        "text": tiny_models.tokenizer,
        "image": transformers.ViTImageProcessorPil,
        "audio": EXTRACTORS.get(name, transformers.Wav2Vec2FeatureExtractor),
    }
    files[kind]().save_pretrained(folder)
    return model
