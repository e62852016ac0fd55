"""Figures inside a page: data addresses, drawn once for light and once for dark paper."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from modaxfer.reports.palette import COLUMN, DOTS_PER_INCH, PARTED

if TYPE_CHECKING:
    from PIL import Image

    from modaxfer.reports.figures import Drawing

__all__ = ["Panel", "Picture", "picture_of"]


PHONE = round(96 * COLUMN) + 10
"""CSS pixels of a panel that a phone still shows whole, a little smaller."""


class Panel(NamedTuple):
    """One panel of a figure; a narrow page shows panels one below the other."""

    light: str
    """A data address."""
    dark: str
    width: int
    """CSS pixels, at which its text has the size of the page's."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One figure as data addresses."""

    caption: str
    alternative: str
    panels: tuple[Panel, ...]
    """From left to right."""

    @property
    def width(self) -> int:
        """CSS pixels of all panels side by side."""
        return sum(panel.width for panel in self.panels)

    @property
    def wide(self) -> bool:
        """Whether one of its panels cannot be read on a phone at once."""
        return max(panel.width for panel in self.panels) > PHONE


def picture_of(light: Drawing, dark: Drawing) -> Picture:
    """Return one figure from its two drawings."""
    return Picture(
        caption=light.caption,
        alternative=light.alternative,
        panels=tuple(
            Panel(_address(one), _address(other), _width(one))
            for one, other in zip(_panels(light.png), _panels(dark.png), strict=True)
        ),
    )


def _panels(png: bytes) -> list[bytes]:
    """Cut a figure where it says that its panels part."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as whole:
        cuts = [float(share) for share in getattr(whole, "text", {}).get(PARTED, "").split()]
        if not cuts:
            return [png]
        edges = [round(share * whole.width) for share in (0, *cuts, 1)]
        return [_png(whole.crop((left, 0, right, whole.height))) for left, right in pairwise(edges)]


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "png")
    return stream.getvalue()


def _address(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _width(png: bytes) -> int:
    """Read the width from the PNG header (bytes 16 to 19) and scale it to 96 pixels per inch."""
    return round(int.from_bytes(png[16:20]) * 96 / DOTS_PER_INCH)
