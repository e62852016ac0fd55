"""Small trainable modules in a frozen body: peft puts them into the encoder's layers, and nowhere else."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from modaxfer.contracts import Encoder
from modaxfer.errors import ConfigError, DataError, RefusedError, close_matches
from modaxfer.plan import AdapterSpec

__all__ = ["adapted_modules", "adapter_state", "attach_adapter", "load_adapter_state"]

WORDS = {"lora": {"rank": "r", "alpha": "lora_alpha", "dropout": "lora_dropout"}}
"""The papers' words for what peft calls otherwise, by method."""

IMPORTING = ("megatron_config", "megatron_core")
"""Options of peft that import a module by its name: options are stored in runs, and a run may be anybody's."""


def attach_adapter(encoder: Encoder, adapter: AdapterSpec) -> list[str]:
    """Put adapters into the layers of `encoder`; the layers' own weights stop requiring gradients.

    Args:
        encoder: Changed in place.
        adapter: Method, module names (the last parts of them; none = every linear module, of a model without any every
            convolution) and options. For LoRA the options ``rank``, ``alpha``, ``dropout``, ``use_dora``,
            ``use_rslora`` matter most; any of peft's will do.

    Returns:
        The names of the adapted modules, below ``encoder.layers``.

    Raises:
        RefusedError: No module matches; names those that there are.
        ConfigError: peft has no such method or option.
    """
    from peft import inject_adapter_in_model

    chosen = adapted_modules(encoder, adapter)
    inject_adapter_in_model(_peft_config(adapter, chosen), encoder.layers)
    for name in chosen:
        _keep_geometry(encoder.layers.get_submodule(name))
    return chosen


def adapted_modules(encoder: Encoder, adapter: AdapterSpec) -> list[str]:
    """Return the names of the modules that `adapter` would attach to, below ``encoder.layers``.

    Only linear modules and convolutions with all channels in one group have a matrix to update.

    Raises:
        RefusedError: No module matches; names those that there are.
    """
    modules = {name: part for name, part in encoder.layers.named_modules() if _is_matrix(part)}
    if not modules:
        raise RefusedError(
            f"{adapter.method} attaches nowhere: the encoder's layers have neither linear modules nor convolutions",
            got=adapter.targets or None,
            fix="choose strategy full or frozen",
        )
    linear = [name for name, module in modules.items() if isinstance(module, nn.Linear)]
    chosen = [name for name in modules if _matches(name, adapter.targets)] if adapter.targets else linear or [*modules]
    if not chosen:
        raise RefusedError(
            f"{adapter.method} attaches nowhere: no linear module or convolution of the encoder's layers matches",
            got=adapter.targets,
            allowed=sorted({name.rpartition(".")[2] for name in modules}),
            fix="choose targets among these (--set strategy.targets=...)",
        )
    return chosen


def adapter_state(encoder: Encoder) -> dict[str, torch.Tensor]:
    """Return the adapter's tensors by name, as peft saves them."""
    from peft import get_peft_model_state_dict

    return dict(get_peft_model_state_dict(encoder.layers, save_embedding_layers=False))


def load_adapter_state(encoder: Encoder, state: Mapping[str, torch.Tensor]) -> None:
    """Fill an attached adapter with what `adapter_state` returned.

    Raises:
        DataError: The names do not fit the attached adapter.
    """
    from peft import set_peft_model_state_dict

    expected = set(adapter_state(encoder))
    if expected != set(state):
        raise DataError(
            "the saved adapter does not fit this encoder",
            got=f"{len(set(state) - expected)} unknown and {len(expected - set(state))} missing tensors",
            fix="load it with the encoder, method and targets it was trained with",
        )
    set_peft_model_state_dict(encoder.layers, dict(state))


def _is_matrix(module: nn.Module) -> bool:
    """Tell whether `module` is a trainable matrix product; what no token depends on is not trainable."""
    plain = isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1)
    return plain and isinstance(module.weight, nn.Parameter)


def _keep_geometry(adapted: Any) -> None:
    """Let an adapted convolution tell its geometry as before: some networks pad their input by what it says."""
    base = adapted.get_base_layer()
    if isinstance(base, nn.Conv2d):
        for name in ("kernel_size", "stride", "padding", "dilation"):
            setattr(adapted, name, getattr(base, name))


def _matches(name: str, targets: tuple[str, ...]) -> bool:
    return any(name == target or name.endswith(f".{target}") for target in targets)


def _peft_config(adapter: AdapterSpec, modules: list[str]) -> Any:
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
    from peft.utils import PeftType

    known = {str(kind.value).lower(): cls for kind, cls in PEFT_TYPE_TO_CONFIG_MAPPING.items() if kind in PeftType}
    known = {name: cls for name, cls in known.items() if "target_modules" in _options(cls)}
    if adapter.method not in known:
        close = close_matches(adapter.method, known)
        raise ConfigError(
            "peft has no such adapter for single modules",
            got=adapter.method,
            allowed=sorted(known),
            fix=f"did you mean {close[0]}?" if close else "choose one of these methods",
        )
    cls = known[adapter.method]
    words = WORDS.get(adapter.method, {})
    options = {words.get(key, key): value for key, value in adapter.options.items()}
    unknown = sorted(set(options) - set(_options(cls)))
    if unknown:
        close = close_matches(unknown[0], [*_options(cls), *words])
        raise ConfigError(
            f"peft's {adapter.method} has no option {', '.join(unknown)}",
            got=unknown,
            allowed=sorted({*words, *_options(cls)}),
            fix=f"did you mean {close[0]}?" if close else "choose one of these options",
        )
    return cls(target_modules=modules, **options)


def _options(cls: Any) -> list[str]:
    return [item.name for item in dataclasses.fields(cls) if item.name not in IMPORTING]
