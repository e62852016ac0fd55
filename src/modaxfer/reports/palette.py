"""Colours of figures and page, light and dark; hues after Okabe and Ito (2008), told apart by colour-blind readers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["COLUMN", "DARK", "DOTS_PER_INCH", "LIGHT", "PARTED", "Theme"]


DOTS_PER_INCH = 160
"""Resolution of figures; a page shows them at 96 pixels per inch."""

COLUMN = 3.64
"""Inches between the margins of a page on a phone that is 390 pixels wide: so wide is a panel."""

PARTED = "panels"
"""Text of a figure's PNG: where panels side by side part, as shares of its width."""


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Colours as ``#rrggbb``."""

    paper: str
    ink: str
    muted: str
    """Axes, grid and what only helps to read."""
    faint: str
    """Bars and bands behind the finding."""
    first: str
    """The run itself."""
    second: str
    """What it is held against."""
    ramp: tuple[str, ...]
    """From nothing to all, for a heat map; even steps of lightness."""


LIGHT = Theme(
    paper="#ffffff",
    ink="#1c2024",
    muted="#6b7280",
    faint="#c3cad3",
    first="#0072b2",
    second="#d55e00",
    ramp=("#ffffff", "#b9d9ec", "#5aa5d0", "#0072b2", "#003b66"),
)

DARK = Theme(
    paper="#15181c",
    ink="#e8eaed",
    muted="#9aa3ad",
    faint="#4a525c",
    first="#56b4e9",
    second="#e69f00",
    ramp=("#15181c", "#173a52", "#1f6391", "#3f97cd", "#b5e0fa"),
)
