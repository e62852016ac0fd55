"""Tiny random models of any architecture, saved as a user would have them on disk; nothing is downloaded."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from modaxfer.encoders.silence import quiet

__all__ = [
    "CONFIGS",
    "OTHERS",
    "TOKENS",
    "WAVES",
    "WIDTH",
    "WORDS",
    "Tiny",
    "build",
    "config_of",
    "kind_of",
    "save",
    "tokenizer",
]

WIDTH = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48}
WORDS = ("the", "court", "held", "that", "plaintiff", "was", "right", "wrong")
TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *string.ascii_lowercase]
_PAIRS = {"vocab_size": len(TOKENS), "max_position_embeddings": 64, "type_vocab_size": 2, "pad_token_id": 0, **WIDTH}
_CONVOLUTIONS = {
    "conv_dim": (16, 16, 16),
    "conv_kernel": (10, 3, 2),
    "conv_stride": (5, 2, 2),
    "num_feat_extract_layers": 3,
}
WAVES = {**WIDTH, **_CONVOLUTIONS, "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 4}
_STABLE = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
_WHISPER = {
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
}
_READ = {"vocab_size": len(TOKENS), "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
_SEEN = {"image_size": 64, "num_channels": 3}
_TWO = {**WIDTH, "num_hidden_layers": 2}
_TOWER = {**WIDTH, "image_size": 32, "patch_size": 8, "projection_dim": 16}
_HALVES = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 1,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 48,
}


@dataclass(frozen=True, kw_only=True)
class Tiny:
    """How an architecture is made small."""

    kind: str
    """Signal kind that it reads."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Keys of its config that differ from their defaults."""
    model_type: str = ""
    """As in its config; empty = the name under which it stands."""


CONFIGS: dict[str, Tiny] = {
    "bert": Tiny(kind="text", values=_PAIRS),
    "roberta": Tiny(kind="text", values={**_PAIRS, "type_vocab_size": 1}),
    "xlm-roberta": Tiny(kind="text", values={**_PAIRS, "type_vocab_size": 1}),
    "camembert": Tiny(kind="text", values={**_PAIRS, "type_vocab_size": 1}),
    "electra": Tiny(kind="text", values={**_PAIRS, "embedding_size": 24}),
    "vit": Tiny(kind="image", values={**WIDTH, "image_size": 32, "patch_size": 8}),
    "dinov2": Tiny(
        kind="image",
        values={
            "hidden_size": 32,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "image_size": 32,
            "patch_size": 8,
        },
    ),
    "wav2vec2": Tiny(kind="audio", values=WAVES),
    "wav2vec2-stable": Tiny(kind="audio", values={**WAVES, **_STABLE}, model_type="wav2vec2"),
    "hubert": Tiny(kind="audio", values=WAVES),
    "whisper": Tiny(kind="audio", values=_WHISPER),
}
"""Of which an encoder knows the layers."""

OTHERS: dict[str, Tiny] = {
    "distilbert": Tiny(kind="text", values={**_READ, "dim": 32, "hidden_dim": 48, "n_layers": 2, "n_heads": 4}),
    "albert": Tiny(kind="text", values={**_READ, **_TWO, "embedding_size": 24}),
    "gpt2": Tiny(kind="text", values={**_READ, "n_embd": 32, "n_layer": 2, "n_head": 4}),
    "t5": Tiny(kind="text", values={**_READ, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4}),
    "bart": Tiny(kind="text", values={**_READ, **_HALVES, "decoder_start_token_id": 2}),
    "modernbert": Tiny(kind="text", values={**_READ, **_TWO, "cls_token_id": 2, "sep_token_id": 3}),
    "mpnet": Tiny(kind="text", values={**_READ, **_TWO}),
    "deberta-v2": Tiny(
        kind="text", values={**_READ, **_TWO, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]}
    ),
    "resnet": Tiny(
        kind="image",
        values={"embedding_size": 8, "hidden_sizes": [8, 24], "depths": [1, 1], "layer_type": "basic"},
    ),
    "convnext": Tiny(kind="image", values={**_SEEN, "hidden_sizes": [8, 24], "depths": [1, 1], "num_stages": 2}),
    "mobilenet_v2": Tiny(kind="image", values={**_SEEN, "depth_multiplier": 0.35}),
    "swin": Tiny(
        kind="image", values={**_SEEN, "embed_dim": 8, "depths": [1, 1], "num_heads": [2, 2], "window_size": 4}
    ),
    "deit": Tiny(kind="image", values={**_TWO, **_SEEN, "patch_size": 16}),
    "clip": Tiny(
        kind="image",
        values={"vision_config": _TOWER, "text_config": {**_TWO, "vocab_size": 64}, "projection_dim": 16},
    ),
    "wavlm": Tiny(kind="audio", values=WAVES),
    "unispeech-sat": Tiny(kind="audio", values=WAVES),
    "data2vec-audio": Tiny(kind="audio", values={**WAVES, "num_conv_pos_embeddings": 2, "conv_pos_kernel_size": 3}),
    "audio-spectrogram-transformer": Tiny(
        kind="audio", values={**_TWO, "hidden_size": 64, "max_length": 64, "num_mel_bins": 32}
    ),
    "wav2vec2-bert": Tiny(kind="audio", values={**_TWO, "hidden_size": 192, "conv_depthwise_kernel_size": 3}),
}
"""Which ``AutoModel`` loads, and no encoder takes apart."""


def kind_of(name: str) -> str:
    """Return the signal kind of an architecture."""
    return _tiny(name).kind


def config_of(name: str, **changes: Any) -> Any:
    """Return its tiny config, `changes` made to it."""
    tiny = _tiny(name)
    return transformers.CONFIG_MAPPING[tiny.model_type or name](**{**tiny.values, **changes})


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
    with quiet():
        model.save_pretrained(folder)
    kind = kind_of(name)
    preparation = _EXTRACTORS.get(name, _PREPARATIONS[kind]) if kind == "audio" else _PREPARATIONS[kind]
    preparation().save_pretrained(folder)
    return model


def tokenizer() -> Any:
    """Return a word tokenizer with BERT's pair template; unknown words fall back to [UNK]."""
    backend = Tokenizer(models.WordLevel({token: index for index, token in enumerate(TOKENS)}, unk_token="[UNK]"))  # noqa: S106
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, model_input_names=["input_ids", "token_type_ids", "attention_mask"], **special
    )


def _tiny(name: str) -> Tiny:
    return CONFIGS[name] if name in CONFIGS else OTHERS[name]


_PREPARATIONS: dict[str, Callable[[], Any]] = {
    "text": tokenizer,
    "image": lambda: transformers.ViTImageProcessorPil(image_mean=[0.4, 0.5, 0.6], image_std=[0.2, 0.3, 0.4]),
    "audio": lambda: transformers.Wav2Vec2FeatureExtractor(do_normalize=True),
}
_EXTRACTORS: dict[str, Callable[[], Any]] = {
    "whisper": lambda: transformers.WhisperFeatureExtractor(feature_size=16, chunk_length=2),
    "audio-spectrogram-transformer": lambda: transformers.ASTFeatureExtractor(max_length=64, num_mel_bins=32),
    "wav2vec2-bert": transformers.SeamlessM4TFeatureExtractor,
}
"""Of those that read spectra, not waves."""
