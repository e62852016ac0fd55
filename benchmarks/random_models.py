"""Small random models for architectures whose pretrained weights no package carries: they show the way, not a score."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["MODELS", "save"]


def save(name: str, folder: Path) -> Path:
    """Save the random model `name` with its preprocessor into `folder`, once, and return the folder."""
    if not (folder / "config.json").is_file():
        import torch

        torch.manual_seed(0)
        model, processor = MODELS[name]()
        model.eval().save_pretrained(folder)
        processor.save_pretrained(folder)
    return folder


def _resnet() -> tuple[Any, Any]:
    """A ResNet of one basic block per stage (He et al. 2016)."""
    from transformers import ResNetConfig, ResNetModel, ViTImageProcessorPil

    config = ResNetConfig(embedding_size=32, hidden_sizes=[32, 64, 96, 128], depths=[1, 1, 1, 1], layer_type="basic")
    return ResNetModel(config), ViTImageProcessorPil(size={"height": 64, "width": 64})


def _wav2vec2() -> tuple[Any, Any]:
    """A wav2vec 2.0 of four narrow layers behind the usual seven convolutions (Baevski et al. 2020)."""
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    config = Wav2Vec2Config(
        hidden_size=96,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=192,
        conv_dim=(64,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )
    return Wav2Vec2Model(config), Wav2Vec2FeatureExtractor()


MODELS: dict[str, Callable[[], tuple[Any, Any]]] = {"resnet-random": _resnet, "wav2vec2-random": _wav2vec2}
