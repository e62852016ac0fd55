"""Rows of every kind of field, made in memory, and an embed bridge fitted to them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from PIL import Image

from modaxfer.bridges.embed import EmbedBridge, EmbedOptions
from modaxfer.contracts import Batch, Hidden, InputLayout
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, Field

KINDS = {"text": TEXT, "image": IMAGE, "audio": AUDIO, "table": TABLE}
RATE = 8000
WIDTH = 24


def fields(**kinds: str) -> tuple[Field, ...]:
    """Return fields by name and kind."""
    return tuple(Field(name=name, signal=KINDS[kind]) for name, kind in kinds.items())


def png(side: int, seed: int = 0) -> bytes:
    """Return a random square picture."""
    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


def wav(seconds: float, seed: int = 0, rate: int = RATE) -> bytes:
    """Return noise."""
    stream = io.BytesIO()
    samples = np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate))
    soundfile.write(stream, samples, rate, format="WAV", subtype="FLOAT")
    return stream.getvalue()


def fitted(
    rows: list[dict[str, Any]],
    given: tuple[Field, ...],
    *,
    tokens: int = 64,
    targets: np.ndarray | None = None,
    **options: Any,
) -> EmbedBridge:
    """Return a bridge fitted to `rows`."""
    bridge = unfitted(given, tokens=tokens, **options)
    bridge.fit(rows, np.arange(len(rows)) % 2 if targets is None else targets)
    return bridge


def unfitted(given: tuple[Field, ...], *, tokens: int = 64, root: Path | None = None, **options: Any) -> EmbedBridge:
    """Return a bridge for a body that takes `tokens`."""
    return EmbedBridge(EmbedOptions(**options), given, InputLayout(kind="embeddings", max_tokens=tokens), root)


def prepared(bridge: EmbedBridge, rows: list[dict[str, Any]]) -> list[dict[str, np.ndarray]]:
    """Return the examples of `rows`."""
    return bridge.processor()(bridge(rows))


def batch_of(bridge: EmbedBridge, rows: list[dict[str, Any]]) -> Batch:
    """Return `rows` as one batch."""
    return bridge.processor().collate(prepared(bridge, rows))


def embedded(bridge: EmbedBridge, rows: list[dict[str, Any]], width: int = WIDTH) -> Hidden:
    """Return `rows` through a fresh embedder, always the same one."""
    torch.manual_seed(0)
    with torch.no_grad():
        return bridge.embedder(width)(batch_of(bridge, rows))
