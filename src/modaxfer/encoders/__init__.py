"""Pretrained backbones: tensors in, token states out, cut between any two layers. One file per signal.

What stands in ``__all__`` is for encoders of plugins, as it is for ours: classes that have most of an encoder ready,
what prepares texts, pictures and sounds for one, how long inputs are by default, how weight files are read. Each name
is imported when it is first used: torch comes with most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.lazy_names import lazily

if TYPE_CHECKING:
    from modaxfer.encoders.body import LayeredEncoder, attention_mask
    from modaxfer.encoders.checkpoints import ResolvedEncoder, resolve
    from modaxfer.encoders.designed import DesignedEncoder, EmbeddedEncoder
    from modaxfer.encoders.designs.configs import Design
    from modaxfer.encoders.lengths import MOST_PIXELS, MOST_SECONDS, MOST_TOKENS, RATE
    from modaxfer.encoders.load import load_encoder
    from modaxfer.encoders.pixels import ImageSettings, PixelScale, read_image_settings
    from modaxfer.encoders.positions import stretched
    from modaxfer.encoders.pretraining_record import RECORD, PretrainingRecord, read_record
    from modaxfer.encoders.processors.audio import (
        FrameProcessor,
        MelProcessor,
        WaveformProcessor,
        frames_after,
        read_feature_extractor,
        samples_of,
    )
    from modaxfer.encoders.processors.cuts import Cuts
    from modaxfer.encoders.processors.identity import fingerprint
    from modaxfer.encoders.processors.image import ImageProcessor, PatchProcessor
    from modaxfer.encoders.processors.padding import pad, pad_mask
    from modaxfer.encoders.processors.text import TextProcessor, read_tokenizer
    from modaxfer.encoders.text import text_layout, text_processor
    from modaxfer.encoders.weight_files import has_weights, hash_weights
    from modaxfer.encoders.weights import random_model, read_model, read_tensors

__all__ = [
    "MOST_PIXELS",
    "MOST_SECONDS",
    "MOST_TOKENS",
    "RATE",
    "RECORD",
    "Cuts",
    "Design",
    "DesignedEncoder",
    "EmbeddedEncoder",
    "FrameProcessor",
    "ImageProcessor",
    "ImageSettings",
    "LayeredEncoder",
    "MelProcessor",
    "PatchProcessor",
    "PixelScale",
    "PretrainingRecord",
    "ResolvedEncoder",
    "TextProcessor",
    "WaveformProcessor",
    "attention_mask",
    "fingerprint",
    "frames_after",
    "has_weights",
    "hash_weights",
    "load_encoder",
    "pad",
    "pad_mask",
    "random_model",
    "read_feature_extractor",
    "read_image_settings",
    "read_model",
    "read_record",
    "read_tensors",
    "read_tokenizer",
    "resolve",
    "samples_of",
    "stretched",
    "text_layout",
    "text_processor",
]

_LAZY = {
    "body": ("LayeredEncoder", "attention_mask"),
    "checkpoints": ("ResolvedEncoder", "resolve"),
    "designed": ("DesignedEncoder", "EmbeddedEncoder"),
    "designs.configs": ("Design",),
    "lengths": ("MOST_PIXELS", "MOST_SECONDS", "MOST_TOKENS", "RATE"),
    "load": ("load_encoder",),
    "pixels": ("ImageSettings", "PixelScale", "read_image_settings"),
    "positions": ("stretched",),
    "pretraining_record": ("RECORD", "PretrainingRecord", "read_record"),
    "processors.audio": (
        "FrameProcessor",
        "MelProcessor",
        "WaveformProcessor",
        "frames_after",
        "read_feature_extractor",
        "samples_of",
    ),
    "processors.cuts": ("Cuts",),
    "processors.identity": ("fingerprint",),
    "processors.image": ("ImageProcessor", "PatchProcessor"),
    "processors.padding": ("pad", "pad_mask"),
    "processors.text": ("TextProcessor", "read_tokenizer"),
    "text": ("text_layout", "text_processor"),
    "weight_files": ("has_weights", "hash_weights"),
    "weights": ("random_model", "read_model", "read_tensors"),
}
__getattr__, __dir__ = lazily(__name__, globals(), _LAZY)
