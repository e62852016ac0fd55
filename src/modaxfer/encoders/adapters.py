"""Small trainable modules in a frozen body: in the encoder's layers, peft's or ours, and nowhere else."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import torch
from torch import nn

from modaxfer.contracts import Encoder
from modaxfer.encoders.adapter_layers import OWN, own_layer
from modaxfer.encoders.adapter_merge import merge_layers, replace_module
from modaxfer.encoders.adapter_methods import (
    adaptable,
    default_modules,
    kinds_of,
    peft_config,
    require_plain,
    shares_tensors,
)
from modaxfer.encoders.adapter_state import NAME
from modaxfer.errors import RefusedError
from modaxfer.plan import AdapterSpec

__all__ = ["adapted_modules", "attach_adapter", "rehearse_adapter"]


def attach_adapter(encoder: Any, adapter: AdapterSpec) -> list[str]:
    """Put adapters into the layers of `encoder`; the layers' own weights stop requiring gradients.

    Args:
        encoder: Changed in place.
        adapter: Method, module names (the last parts of them; none = every linear module, of a model without any every
            convolution; see `adaptable` for methods that take something else) and options. For LoRA the options
            ``rank``, ``alpha``, ``dropout``, ``use_dora``, ``use_rslora`` matter most; any of peft's will do.

    Returns:
        The names of the adapted modules, below ``encoder.layers``. What parameters the adapter is made of stands in
        ``encoder.adapter_parameters``: those that were not there before, whatever they are called.

    Raises:
        RefusedError: No module matches, which names those that there are; or peft refuses, which gives its reason.
        ConfigError: There is no such method or option.
    """
    chosen = adapted_modules(encoder, adapter)
    before = {id(parameter) for parameter in encoder.parameters()}
    _inject(encoder.layers, adapter, chosen, encoder.hidden_size)
    encoder.adapter_parameters = frozenset(
        name for name, parameter in encoder.named_parameters() if id(parameter) not in before
    )
    return chosen


def rehearse_adapter(encoder: Encoder, adapter: AdapterSpec, *, merged: bool = False) -> None:
    """Find out whether `adapter` can be attached, before any weight is loaded.

    Args:
        encoder: An outline, without weights; one layer of each structure gets random ones for the moment.
        adapter: As for `attach_adapter`.
        merged: Whether it must be possible to merge it too.

    Raises:
        RefusedError: As `attach_adapter`, with peft's reason.
        ConfigError: As `attach_adapter`.
    """
    names, width = adapted_modules(encoder, adapter), encoder.hidden_size
    kinds = {repr(layer): str(number) for number, layer in enumerate(encoder.layers)}
    layers = nn.ModuleDict({number: copy.deepcopy(encoder.layers[int(number)]) for number in kinds.values()})
    layers.to_empty(device="cpu")
    with torch.random.fork_rng(devices=()), torch.no_grad():
        for parameter in layers.parameters():
            nn.init.normal_(parameter, std=0.02)
        _inject(layers, adapter, [name for name in names if name.partition(".")[0] in layers], width)
        if merged:
            merge_layers(layers)


def _inject(layers: nn.Module, adapter: AdapterSpec, names: list[str], width: int) -> None:
    if adapter.method in OWN:
        around = own_layer(adapter.method, adapter.options, width)
        layers.requires_grad_(requires_grad=False)
        for name in names:
            replace_module(layers, name, around(layers.get_submodule(name)))
        return
    config = peft_config(adapter, names)
    try:
        with warnings.catch_warnings():
            # What peft warns of here is its own affair: layers it does not list, kernels it could not compile.
            warnings.simplefilter("ignore", UserWarning)
            _put_in(config, layers)
    except (AttributeError, RuntimeError, TypeError, ValueError) as error:
        raise RefusedError(
            f"peft cannot attach {adapter.method} to the layers of this encoder",
            got=str(error).rstrip("."),
            fix="change its options, or choose another method",
        ) from error
    for name in names:
        _keep_geometry(layers.get_submodule(name))


def _put_in(config: Any, layers: nn.Module) -> None:
    """Let peft change `layers` in place.

    It refuses here to inject methods whose layers share tensors, since those stand on the model that it would wrap the
    layers in. Each layer refers to them itself, though, so that they stay when that model is gone.
    """
    from peft import inject_adapter_in_model
    from peft.mapping import PEFT_TYPE_TO_TUNER_MAPPING

    if shares_tensors(config):
        PEFT_TYPE_TO_TUNER_MAPPING[config.peft_type](layers, config, adapter_name=NAME)
    else:
        inject_adapter_in_model(config, layers, adapter_name=NAME)


def adapted_modules(encoder: Encoder, adapter: AdapterSpec) -> list[str]:
    """Return the names of the modules that `adapter` would attach to, below ``encoder.layers``.

    Raises:
        RefusedError: No module matches; names those that there are.
    """
    require_plain(adapter.method)
    method, kinds = adapter.method, kinds_of(adapter.method)
    modules = adaptable(encoder.layers, method)
    if not modules or (method == "prompt" and not _hands_on_tokens(encoder)):
        lacking = f"neither {kinds.replace(' or ', ' nor ')}" if " or " in kinds else f"no {kinds}"
        raise RefusedError(
            f"{method} attaches nowhere: the encoder's layers have {lacking}",
            got=adapter.targets or None,
            fix="choose strategy full or frozen",
        )
    chosen = [name for name in modules if _matches(name, adapter.targets)]
    if adapter.targets and not chosen:
        raise RefusedError(
            f"{method} attaches nowhere: none of the {kinds} in the encoder's layers matches",
            got=adapter.targets,
            allowed=sorted({name.rpartition(".")[2] for name in modules}),
            fix="choose targets among these (--set strategy.targets=...)",
        )
    return chosen or default_modules(modules, method)


def _hands_on_tokens(encoder: Any) -> bool:
    """Tell whether each layer is called with tokens and an attention mask, so that more tokens may be put in."""
    from modaxfer.encoders.body import LayeredEncoder

    return getattr(type(encoder), "run", None) is LayeredEncoder.run


def _keep_geometry(adapted: Any) -> None:
    """Let an adapted convolution tell its geometry as before: some networks pad their input by what it says."""
    base = adapted.get_base_layer() if hasattr(adapted, "get_base_layer") else None
    if isinstance(base, nn.Conv2d):
        for name in ("kernel_size", "stride", "padding", "dilation"):
            setattr(adapted, name, getattr(base, name))


def _matches(name: str, targets: tuple[str, ...]) -> bool:
    return any(name == target or name.endswith(f".{target}") for target in targets)
