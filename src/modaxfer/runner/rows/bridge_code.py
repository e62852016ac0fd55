"""What the cache knows a bridge by: what it says of itself, and the file that its code stands in."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from modaxfer.contracts import Bridge
from modaxfer.registry import BUILTIN

__all__ = ["known_by"]


def known_by(bridge: Bridge) -> str:
    """Return a bridge's identity; of one that the framework does not bring with a digest of its module's file.

    Its author changes the code more often than the identity. The framework's own bridges state versions in theirs, and
    keep what was computed from one release to the next.
    """
    module = type(bridge).__module__
    file = getattr(sys.modules.get(module), "__file__", None)
    if module.partition(".")[0] == BUILTIN or file is None:
        return bridge.identity
    return f"{bridge.identity}:code={hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]}"
