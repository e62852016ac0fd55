"""An encoder of Transformers, and a head beside it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch.nn import functional
from transformers import AutoModel

__all__ = ["Model", "drawn", "head", "read", "spoken"]


class Model:
    """The encoder in ``encoder/``, or a base model with the adapter that lies here, and the head."""

    def __init__(self, told: Mapping[str, Any], folder: Path) -> None:
        self.told, self.tensors = told, load_file(folder / "head.safetensors")
        if told.get("base") is None:
            self.model: Any = AutoModel.from_pretrained(folder / "encoder").eval()
        else:
            from peft import PeftModel

            base = AutoModel.from_pretrained(told["base"], revision=told.get("revision") or "main")
            self.model = PeftModel.from_pretrained(base, folder).base_model.model.eval()

    def __call__(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return logits float32 ``[batch, outputs]``."""
        states = self._states(batch)
        padded = "input_ids" in batch
        mask = batch["attention_mask"] if padded else torch.ones(states[-1].shape[:2])
        vectors = [
            weight * read(states[layer], mask, self.told["readout"]["pooling"])
            for layer, weight in zip(self.told["readout"]["layers"], self.told["readout"]["weights"], strict=True)
        ]
        return head(self.told["head"], self.tensors, sum(vectors[1:], vectors[0]))

    def _states(self, batch: Mapping[str, torch.Tensor]) -> list[torch.Tensor]:
        """Return states ``[batch, tokens, hidden]`` that enter layer 0, 1, ..., and those that leave the last."""
        if "input_features" in batch:
            return spoken(self.model.encoder, batch)
        if "patches" in batch:
            return drawn(self.model, batch)
        # Pictures may be of another size than the model was trained with: then its table of places is interpolated.
        resizes = "interpolate_pos_encoding" in inspect.signature(self.model.forward).parameters
        extra = {"interpolate_pos_encoding": True} if "pixel_values" in batch and resizes else {}
        made = self.model(**batch, output_hidden_states=True, **extra)
        return [*made.hidden_states[:-1], made.last_hidden_state]


def spoken(encoder: Any, batch: Mapping[str, torch.Tensor]) -> list[torch.Tensor]:
    """Return the states of Whisper's encoder over a window as long as the sound, not 30 seconds."""
    states = functional.gelu(encoder.conv1(batch["input_features"]))
    states = functional.gelu(encoder.conv2(states)).transpose(1, 2)
    states = states + encoder.embed_positions.weight[: states.shape[1]]
    made = [states]
    for layer in encoder.layers:
        states = layer(states, attention_mask=None)
        states = states[0] if isinstance(states, tuple) else states
        made.append(states)
    return [*made[:-1], encoder.layer_norm(made[-1])]


def drawn(model: Any, batch: Mapping[str, torch.Tensor]) -> list[torch.Tensor]:
    """Return the states of a vision transformer over strips of patches ``[batch, patches, 3, side, side]``."""
    table, projection = model.embeddings, model.embeddings.patch_embeddings.projection
    content = functional.linear(batch["patches"].flatten(2), projection.weight.flatten(1), projection.bias)
    states = torch.cat([table.cls_token.expand(len(content), -1, -1), content], 1)
    states = states + table.position_embeddings[:, : states.shape[1]]
    made = [states]
    for layer in model.layers if hasattr(model, "layers") else model.encoder.layer:
        states = layer(states)
        states = states[0] if isinstance(states, tuple) else states
        made.append(states)
    return [*made[:-1], model.layernorm(made[-1])]


def read(states: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Pool states ``[batch, tokens, hidden]`` over real tokens: their first, their mean, or mean and deviation."""
    states = states.float()
    if pooling == "cls":
        return states[:, 0]
    weight = mask.unsqueeze(-1).to(states.dtype)
    count = weight.sum(1)
    mean = (states * weight).sum(1) / count
    if pooling == "mean":
        return mean
    variance = ((states - mean.unsqueeze(1)).square() * weight).sum(1) / count
    return torch.cat([mean, (variance + 1e-6).sqrt()], dim=-1)


def head(told: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], vectors: torch.Tensor) -> torch.Tensor:
    """Return what the head says of `vectors` ``[batch, width]``."""
    kind = str(told["kind"]).rpartition("/")[2]
    if kind == "linear":
        return functional.linear(vectors, tensors["linear.weight"], tensors["linear.bias"])
    if kind == "scaled":
        return head(told["head"], _below(tensors, "head"), vectors) * tensors["scale"] + tensors["shift"]
    if kind == "reduced":
        return head(told["head"], _below(tensors, "head"), head(told["reducer"], _below(tensors, "reducer"), vectors))
    standard = (vectors - tensors["mean"]) / tensors["scale"]
    if kind == "code":
        hidden = functional.gelu(functional.linear(standard, tensors["code.0.weight"], tensors["code.0.bias"]))
        return functional.linear(hidden, tensors["code.2.weight"], tensors["code.2.bias"])
    return _votes(told, tensors, functional.normalize(standard, dim=1))


def _votes(told: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], unit: torch.Tensor) -> torch.Tensor:
    """Let the most similar training rows vote (Wu et al. 2018, section 3.4)."""
    bank = tensors["bank"]
    count = min(int(told["neighbours"]), len(bank))
    found = (unit @ bank.T).topk(min(2 * count, len(bank)), dim=1)
    # Rows as near as the last one vote too: rounding must not say who does.
    away = found.values < found.values[:, count - 1, None] - 1e-5
    near = (found.values / float(told["temperature"])).masked_fill(away, -torch.inf)
    power = near.softmax(1) * tensors["weights"][found.indices]
    power = power / power.sum(1, keepdim=True)
    share = torch.einsum("bn,bno->bo", power, tensors["targets"][found.indices])
    if told["votes"] == "value":
        return share
    share = share.clamp(1e-4, 1 - 1e-4)
    return share.log() if told["votes"] == "softmax" else share.logit()


def _below(tensors: Mapping[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
