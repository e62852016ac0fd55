"""Encoders without weights: configs of our own, and beside this file a folder with a config for each size."""

from __future__ import annotations

from pathlib import Path

from modaxfer.encoders.designs.configs import CNNConfig, LSTMConfig, TableConfig

__all__ = [
    "CNNConfig",
    "LSTMConfig",
    "TableConfig",
    "cnn_small",
    "lstm_base",
    "lstm_small",
    "table_base",
    "table_small",
    "vit_tiny",
    "wav2vec2_tiny",
]


def table_small() -> Path:
    """Return the folder of ``table:small``."""
    return Path(__file__).parent / "table-small"


def table_base() -> Path:
    """Return the folder of ``table:base``, the default size of Gorishniy et al. (2021)."""
    return Path(__file__).parent / "table-base"


def lstm_small() -> Path:
    """Return the folder of ``lstm:small``."""
    return Path(__file__).parent / "lstm-small"


def vit_tiny() -> Path:
    """Return the folder of ``vit:tiny``: 6 layers, 256 wide, 144 patches of 16 pixels; it is pretrained by users."""
    return Path(__file__).parent / "vit-tiny"


def wav2vec2_tiny() -> Path:
    """Return the folder of ``wav2vec2:tiny``: 5 layers, 256 wide, behind narrow convolutions; 50 frames a second."""
    return Path(__file__).parent / "wav2vec2-tiny"


def lstm_base() -> Path:
    """Return the folder of ``lstm:base``."""
    return Path(__file__).parent / "lstm-base"


def cnn_small() -> Path:
    """Return the folder of ``cnn:small``, as wide as the network for digits of Liang et al. (2020)."""
    return Path(__file__).parent / "cnn-small"
