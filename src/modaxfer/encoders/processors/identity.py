"""A string that two processors share only if they prepare alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["fingerprint"]


def fingerprint(kind: str, settings: Mapping[str, Any]) -> str:
    """Return ``kind:hash`` of `settings`; equal settings give equal strings on every machine."""
    text = json.dumps(settings, sort_keys=True, default=str)
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"
