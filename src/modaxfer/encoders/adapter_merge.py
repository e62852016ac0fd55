"""What an adapter does, put into the weights that it changes."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from modaxfer.encoders.adapter_layers import AdapterLayer
from modaxfer.errors import RefusedError

__all__ = ["merge_adapter", "merge_layers", "replace_module"]


def merge_adapter(encoder: Any) -> None:
    """Put what the attached adapter does into the weights that it changes; nothing is left of the adapter itself.

    LoRA, for example, leaves ``W + (alpha / r) B A`` where there was W (Hu et al. 2022, section 4.1).

    Raises:
        RefusedError: The method cannot be merged, with the reason.
    """
    merge_layers(encoder.layers)
    encoder.adapter_parameters = frozenset()


def merge_layers(layers: nn.Module) -> None:
    """Merge whatever adapters there are in `layers`, each into the layer that it is around.

    Raises:
        RefusedError: As `merge_adapter`.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    kinds = (BaseTunerLayer, AdapterLayer)
    for name, module in [each for each in layers.named_modules() if isinstance(each[1], kinds)]:
        try:
            with torch.no_grad():
                module.merge()
            replace_module(layers, name, module.get_base_layer())
        except (AttributeError, RuntimeError, TypeError, ValueError) as error:
            raise RefusedError(
                f"the adapter cannot be merged into the layer {name}",
                got=str(error).rstrip(".") or type(error).__name__,
                fix="train with another method, or with strategy full",
            ) from error


def replace_module(layers: nn.Module, name: str, module: nn.Module) -> None:
    """Put `module` where the module called `name` is, below `layers`."""
    owner, _, last = name.rpartition(".")
    setattr(layers.get_submodule(owner), last, module)
