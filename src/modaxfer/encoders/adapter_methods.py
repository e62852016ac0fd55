"""peft's methods by name: their configs, the papers' words for options, and which modules each one changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from modaxfer.errors import ConfigError, RefusedError, close_matches
from modaxfer.plan import AdapterSpec

__all__ = ["OF_NORMS", "adaptable", "peft_config", "shares_tensors"]

IMPORTING = ("megatron_config", "megatron_core")
"""Options of peft that import a module by its name: options are stored in runs, and a run may be anybody's."""

WORDS = {"lora": {"rank": "r", "alpha": "lora_alpha", "dropout": "lora_dropout"}}
"""The papers' words for what peft calls otherwise, by method."""

DEFAULTS: Mapping[str, Mapping[str, Any]] = {"ia3": {"feedforward_modules": ()}}
"""Options that peft insists on and that have an answer here: (IA)3 scales what a module gives, not what it takes."""

NEED_MORE = {
    "adalora": "it has to be told of every step, to move its budget of ranks",
    "frod": "it takes the weights of all layers apart together, and before they are loaded there are none",
    "adaption_prompt": "it learns tokens that attention reads, and not a module",
    "poly": "it has to be told of each row's task",
    "shadow": "it trains a network beside the layers, and not in them",
    "trainable_tokens": "it changes an embedding, and layers have none",
}
"""Methods that attach to layers and do not work there by themselves, and why."""

OF_NORMS = ("ln_tuning",)
"""Methods that change norms; all others change matrices."""


def adaptable(layers: nn.Module, method: str) -> dict[str, nn.Module]:
    """Return the modules below `layers` that `method` can change, by name.

    Those are norms for LN tuning (Zhao et al. 2024); for the rest linear modules, and convolutions with all channels
    in one group, whose weight is trainable: what no token depends on is not.
    """
    fits = _is_norm if method in OF_NORMS else _is_matrix
    return {name: module for name, module in layers.named_modules() if fits(module)}


def peft_config(adapter: AdapterSpec, modules: Sequence[str]) -> Any:
    """Return peft's config of `adapter` for exactly `modules`.

    Raises:
        ConfigError: peft has no such method for single modules, or the method has no such option.
        RefusedError: The method needs more than a place in the layers, or peft refuses the options, with its reason.
    """
    cls = _config_class(adapter.method)
    if adapter.method in NEED_MORE:
        raise RefusedError(
            f"{adapter.method} cannot be trained as a plain adapter: {NEED_MORE[adapter.method]}",
            fix="choose another method",
        )
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
    try:
        return cls(target_modules=list(modules), **{**DEFAULTS.get(adapter.method, {}), **options})
    except (TypeError, ValueError) as error:
        raise RefusedError(
            f"peft refuses {adapter.method} as it is asked for", got=error, fix="change its options"
        ) from error


def shares_tensors(config: Any) -> bool:
    """Tell whether layers share tensors under the method of a peft `config`: VeRA's projections, a bank of vectors."""
    from peft.mapping import PEFT_TYPE_TO_TUNER_MAPPING

    return bool(getattr(PEFT_TYPE_TO_TUNER_MAPPING.get(config.peft_type), "uses_shared_state", False))


def _config_class(method: str) -> Any:
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
    from peft.utils import PeftType

    known = {str(kind.value).lower(): cls for kind, cls in PEFT_TYPE_TO_CONFIG_MAPPING.items() if kind in PeftType}
    known = {name: cls for name, cls in known.items() if "target_modules" in _options(cls)}
    if method not in known:
        close = close_matches(method, known)
        raise ConfigError(
            "peft has no such adapter for single modules",
            got=method,
            allowed=sorted(known),
            fix=f"did you mean {close[0]}?" if close else "choose one of these methods",
        )
    return known[method]


def _is_matrix(module: nn.Module) -> bool:
    plain = isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1)
    return plain and isinstance(module.weight, nn.Parameter)


def _is_norm(module: nn.Module) -> bool:
    return "Norm" in type(module).__name__ and isinstance(getattr(module, "weight", None), nn.Parameter)


def _options(cls: Any) -> list[str]:
    return [item.name for item in dataclasses.fields(cls) if item.name not in IMPORTING]
