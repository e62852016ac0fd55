"""Heads as plain JSON and back; the tensors travel beside it as safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from modaxfer.errors import ConfigError
from modaxfer.heads.fusion import FusionHead
from modaxfer.heads.linear import LinearHead
from modaxfer.heads.nearest import KNearestHead
from modaxfer.heads.reduced import CodeReducer, ReducedHead

if TYPE_CHECKING:
    from torch import nn

__all__ = ["build_head", "head_config"]

_KINDS: dict[str, type[nn.Module]] = {
    "code": CodeReducer,
    "fusion": FusionHead,
    "linear": LinearHead,
    "nearest": KNearestHead,
    "reduced": ReducedHead,
}


def head_config(head: nn.Module) -> dict[str, Any]:
    """Return `head`'s kind and sizes as JSON values; ``build_head(head_config(head))`` is its untrained twin.

    Raises:
        ConfigError: `head` is of a kind that cannot be saved.
    """
    if type(head) not in _KINDS.values():
        raise ConfigError("this head cannot be saved", got=type(head).__name__, allowed=sorted(_KINDS))
    return cast("dict[str, Any]", head.config())  # type: ignore[operator]


def build_head(config: Mapping[str, Any]) -> nn.Module:
    """Make the head that `config` describes; fill it with ``load_state_dict``.

    Raises:
        ConfigError: The kind is unknown or its sizes are wrong or missing.
    """
    sizes = dict(config)
    kind = sizes.pop("kind", None)
    if kind not in _KINDS:
        raise ConfigError("unknown kind of head", got=kind, allowed=sorted(_KINDS), fix="save the run again")
    parts = {key: build_head(value) if _is_head(value) else value for key, value in sizes.items()}
    try:
        return _KINDS[kind](**parts)
    except TypeError as error:
        raise ConfigError(
            f"the head's config does not fit its kind {kind!r}", got=error, fix="save the run again"
        ) from None


def _is_head(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and "kind" in value
