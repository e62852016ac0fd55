"""Encoders that differ within a modality: fewer layers of real weights, and random twins of them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from modaxfer.config import EncoderOptions
from modaxfer.encoders.checkpoints import resolve

__all__ = ["VARIANTS", "variant"]

FOLDER = Path("runs") / "recommend-variants"

VARIANTS = {
    "minilm-2-layers": ("offline/minilm", 2),
    "minilm-random": ("offline/minilm", None),
    "vit-focus-4-layers": ("offline/vit-focus", 4),
    "vit-focus-random": ("offline/vit-focus", None),
    "whisper-1-layer": ("offline/whisper-tiny-en", 1),
    "whisper-random": ("offline/whisper-tiny-en", None),
}
"""By name the checkpoint, and how many of its layers are kept; None = all, with random weights."""

LAYERS = ("num_hidden_layers", "encoder_layers")
LAYER = re.compile(r"(?:^|\.)layers?\.(\d+)\.")


def variant(name: str) -> Path:
    """Return the folder of a variant, which is made once."""
    folder = (FOLDER / name).resolve()
    if not (folder / "config.json").is_file():
        checkpoint, layers = VARIANTS[name]
        made = folder.with_name(f"{name}.partial")
        shutil.rmtree(made, ignore_errors=True)
        _random(checkpoint, made) if layers is None else _cut(checkpoint, layers, made)
        made.replace(folder)
    return folder


def _random(checkpoint: str, folder: Path) -> None:
    from modaxfer.encoders.load import load_encoder
    from modaxfer.encoders.saving import save_encoder

    save_encoder(load_encoder(resolve(checkpoint), options=EncoderOptions(), pretrained=False, seed=0), folder)


def _cut(checkpoint: str, layers: int, folder: Path) -> None:
    """Copy a checkpoint without the layers from number `layers` on."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    source = resolve(checkpoint).folder
    folder.mkdir(parents=True)
    for path in source.iterdir():
        if path.is_file() and path.suffix != ".safetensors":
            shutil.copy(path, folder / path.name)
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    config |= {key: layers for key in LAYERS if key in config}
    (folder / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    kept = {}
    for path in source.glob("*.safetensors"):
        with safe_open(path, "pt") as tensors:
            names = [name for name in tensors.keys() if all(int(n) < layers for n in LAYER.findall(name))]  # noqa: SIM118
            kept |= {name: tensors.get_tensor(name) for name in names}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
