"""Methods by name: which modules each one changes, and for those of peft configs and the papers' words for options."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from modaxfer.encoders.adapter_layers import OWN
from modaxfer.errors import ConfigError, RefusedError, close_matches
from modaxfer.plan import AdapterSpec

__all__ = ["adaptable", "default_modules", "kinds_of", "peft_config", "require_plain", "shares_tensors"]

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
    **dict.fromkeys(("p_tuning", "prefix_tuning", "prompt_tuning"), "its tokens go in before all layers; see `prompt`"),
    "trainable_tokens": "it changes an embedding, and layers have none",
}
"""Methods that attach to layers and do not work there by themselves, and why."""

KINDS = {"bitfit": "biases", "bottleneck": "linear modules", "ln_tuning": "norms", "prompt": "attention layers"}
"""What a method changes, where it is no matrix."""


def kinds_of(method: str) -> str:
    """Return the words for what `method` changes."""
    return KINDS.get(method, "linear modules or convolutions")


def adaptable(layers: nn.Module, method: str) -> dict[str, nn.Module]:
    """Return the modules below `layers` that `method` can change, by name.

    Norms for LN tuning (Zhao et al. 2024), matrices and norms with a bias for BitFit, whole layers for prompts; for the
    rest linear modules, and, where a method takes them, convolutions with all channels in one group. Their weight must
    be trainable: what no token depends on is not.
    """
    if method == "prompt":
        return dict(layers.named_children())
    fits = {"ln_tuning": _is_norm, "bitfit": _has_bias, "bottleneck": _is_linear}.get(method, _is_matrix)
    return {name: module for name, module in layers.named_modules() if fits(module)}


def default_modules(modules: Mapping[str, nn.Module], method: str) -> list[str]:
    """Return the names of those of the adaptable `modules` that `method` changes where nobody names any.

    A bottleneck stands behind the last linear module of each numbered block, which ends its feed-forward part: one for
    each layer, as Pfeiffer et al. 2021 found to be enough. Other methods take all, of matrices the linear ones.
    """
    if method == "bottleneck":
        return list({name[: _end_of_number(name)]: name for name in modules}.values())
    linear = [name for name, module in modules.items() if isinstance(module, nn.Linear)]
    return [*modules] if method in KINDS else linear or [*modules]


def require_plain(method: str) -> None:
    """Refuse a method that a place in the layers is not enough for.

    Raises:
        RefusedError: It is one, and what else it needs.
    """
    if method in NEED_MORE:
        raise RefusedError(
            f"{method} cannot be trained as a plain adapter: {NEED_MORE[method]}", fix="choose another method"
        )


def peft_config(adapter: AdapterSpec, modules: Sequence[str]) -> Any:
    """Return peft's config of `adapter` for exactly `modules`.

    Raises:
        ConfigError: peft has no such method for single modules, or the method has no such option.
        RefusedError: peft refuses the options, with its reason.
    """
    cls = _config_class(adapter.method)
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
        allowed = sorted({*known, *OWN} - NEED_MORE.keys())
        close = close_matches(method, allowed)
        raise ConfigError(
            "there is no such adapter for single modules, of peft's or ours",
            got=method,
            allowed=allowed,
            fix=f"did you mean {close[0]}?" if close else "choose one of these methods",
        )
    return known[method]


def _end_of_number(name: str) -> int:
    """Return where the last part of `name` that is a number ends."""
    parts = name.split(".")
    last = max(place for place, part in enumerate(parts) if part.isdecimal())
    return len(".".join(parts[: last + 1]))


def _is_linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear) and isinstance(module.weight, nn.Parameter)


def _is_matrix(module: nn.Module) -> bool:
    flat = isinstance(module, nn.Conv2d) and module.groups == 1 and isinstance(module.weight, nn.Parameter)
    return flat or _is_linear(module)


def _has_bias(module: nn.Module) -> bool:
    return (_is_linear(module) or _is_norm(module)) and isinstance(getattr(module, "bias", None), nn.Parameter)


def _is_norm(module: nn.Module) -> bool:
    return "Norm" in type(module).__name__ and isinstance(getattr(module, "weight", None), nn.Parameter)


def _options(cls: Any) -> list[str]:
    return [item.name for item in dataclasses.fields(cls) if item.name not in IMPORTING]
