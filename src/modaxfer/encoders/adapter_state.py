"""The tensors of an attached adapter, as a run keeps them, and back."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from modaxfer.contracts import Encoder
from modaxfer.encoders.adapter_layers import AdapterLayer
from modaxfer.encoders.adapter_methods import shares_tensors
from modaxfer.errors import DataError

__all__ = ["NAME", "adapter_state", "added_tensors", "load_adapter_state"]

NAME = "default"
"""What peft calls an adapter that nobody has named: a part of its tensors' names."""


def adapter_state(encoder: Encoder) -> dict[str, torch.Tensor]:
    """Return the adapter's tensors by name, as peft saves them.

    Of a method whose layers share tensors peft saves those of the whole model alone: here each is told once, by the
    first layer that has it. Adapters of ours are told like these.
    """
    if not _by_peft(encoder.layers):
        return {name: tensor.detach() for name, tensor in _shared(encoder).items()}
    from peft import get_peft_model_state_dict

    return dict(get_peft_model_state_dict(encoder.layers, save_embedding_layers=False))


def load_adapter_state(encoder: Encoder, state: Mapping[str, torch.Tensor]) -> None:
    """Fill an attached adapter with what `adapter_state` returned.

    Raises:
        DataError: The names do not fit the attached adapter.
    """
    expected = adapter_state(encoder)
    if set(expected) != set(state):
        unknown, missing = len(set(state) - set(expected)), len(set(expected) - set(state))
        raise DataError(
            "the saved adapter does not fit this encoder",
            got=f"{unknown} unknown and {missing} missing tensors",
            fix="load it with the encoder, method and targets it was trained with",
        )
    if _by_peft(encoder.layers):
        from peft import set_peft_model_state_dict

        set_peft_model_state_dict(encoder.layers, dict(state))
        return
    with torch.no_grad():
        for name, tensor in _shared(encoder).items():
            tensor.copy_(state[name])


def added_tensors(layers: nn.Module) -> dict[str, torch.Tensor]:
    """Return everything that an adapter has put into `layers`, parameters and buffers, by its name there."""
    # Layers of peft are there only where it has been imported, which takes a while.
    by_peft = sys.modules.get("peft.tuners.tuners_utils")
    kinds = (AdapterLayer, *([by_peft.BaseTunerLayer] if by_peft else ()))
    found: dict[str, torch.Tensor] = {}
    for name, module in layers.named_modules():
        if isinstance(module, kinds):
            own = f"{name}." if name else ""
            state = module.state_dict(keep_vars=True).items()
            found |= {own + key: tensor for key, tensor in state if not key.startswith("base_layer.")}
    return found


def _shared(encoder: Encoder) -> dict[str, torch.Tensor]:
    """Return what was added, each tensor once, without the adapter's name in the names."""
    once = {id(tensor): (name, tensor) for name, tensor in reversed(added_tensors(encoder.layers).items())}
    return {".".join(part for part in name.split(".") if part != NAME): tensor for name, tensor in once.values()}


def _by_peft(layers: Any) -> bool:
    """Tell whether peft can tell the tensors of what is attached."""
    configs = getattr(layers, "peft_config", {}).values()
    return bool(configs) and not any(shares_tensors(config) for config in configs)
