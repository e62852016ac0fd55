"""How much of an input is read where nobody asks for more, the same for every encoder that could read more."""

from __future__ import annotations

__all__ = ["MOST_PIXELS", "MOST_SECONDS", "MOST_TOKENS", "RATE"]

MOST_TOKENS = 512
"""Tokens: attention grows with the square of the length."""

MOST_SECONDS = 30.0
"""Seconds of a sound."""

MOST_PIXELS = 224
"""Pixels per side of a picture, where a config names none."""

RATE = 16_000
"""Samples per second (Hz) that speech encoders are trained on."""
