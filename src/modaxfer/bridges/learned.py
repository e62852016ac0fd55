"""What bridges that learn from the training rows share: none runs unfitted, and what was learned has a name."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeVar

from modaxfer.errors import ConfigError, ModaxferError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["fitted", "state_name", "taken_over"]

T = TypeVar("T")


def fitted(learned: T | None, bridge: str) -> T:
    """Return what `bridge` has learned.

    Raises:
        ModaxferError: It has learned nothing yet.
    """
    if learned is None:
        raise ModaxferError(
            f"the {bridge} bridge has not been fitted",
            allowed="after fit() on the training rows, or restore() of a saved state",
            fix="fit it first",
        )
    return learned


def taken_over(state: Mapping[str, Any], keys: Sequence[str], bridge: str) -> dict[str, Any]:
    """Return the values of `keys` in a saved `state`.

    Raises:
        ConfigError: The state has other keys, so it is not of this bridge.
    """
    if set(state) != set(keys):
        raise ConfigError(
            f"a saved state is not one of the {bridge} bridge",
            got=sorted(state),
            allowed=sorted(keys),
            fix="restore it with the bridge and the version that saved it",
        )
    return dict(state)


def state_name(state: Mapping[str, Any] | None) -> str:
    """Return a short name of a fitted state, different for different states; ``unfitted`` for None."""
    if state is None:
        return "unfitted"
    return hashlib.blake2b(json.dumps(state, sort_keys=True).encode(), digest_size=8).hexdigest()
