"""Figures inside a page: data addresses, drawn once for light and once for dark paper."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.reports.palette import DOTS_PER_INCH

if TYPE_CHECKING:
    from modaxfer.reports.figures import Drawing

__all__ = ["Picture", "picture_of"]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One figure as data addresses."""

    caption: str
    alternative: str
    light: str
    dark: str
    width: int
    """CSS pixels, at which the figure's text has the size of the page's."""


def picture_of(light: Drawing, dark: Drawing) -> Picture:
    """Return one figure from its two drawings."""
    return Picture(
        caption=light.caption,
        alternative=light.alternative,
        light=_address(light.png),
        dark=_address(dark.png),
        width=_width(light.png),
    )


def _address(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _width(png: bytes) -> int:
    """Read the width from the PNG header (bytes 16 to 19) and scale it to 96 pixels per inch."""
    return round(int.from_bytes(png[16:20]) * 96 / DOTS_PER_INCH)
