"""Colours of a heat map: a place between nothing and all becomes a background and an ink that is read on it."""

from __future__ import annotations

from dataclasses import dataclass

from modaxfer.reports.palette import DARK, LIGHT, Theme

__all__ = ["Shade", "contrast", "shade"]


@dataclass(frozen=True, kw_only=True)
class Shade:
    """One cell's colours as ``#rrggbb``, on light and on dark paper."""

    light: str
    light_ink: str
    dark: str
    dark_ink: str


def shade(place: float) -> Shade:
    """Return the colours for `place`, 0 to 1, along the ramp of each theme."""
    light, dark = _along(LIGHT, place), _along(DARK, place)
    return Shade(light=light, light_ink=_ink(light), dark=dark, dark_ink=_ink(dark))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.2)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _along(theme: Theme, place: float) -> str:
    position = min(1.0, max(0.0, place)) * (len(theme.ramp) - 1)
    step = min(int(position), len(theme.ramp) - 2)
    share = position - step
    mixed = (
        round(low + (high - low) * share)
        for low, high in zip(_channels(theme.ramp[step]), _channels(theme.ramp[step + 1]), strict=True)
    )
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _ink(paper: str) -> str:
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, paper))  # one of them always reaches 4.5


def _luminance(colour: str) -> float:
    linear = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (value / 255 for value in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))
