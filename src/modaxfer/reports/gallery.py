"""Figures that were written, as a notebook shows them."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

__all__ = ["Gallery"]


class Gallery(list[Path]):
    """Paths of PNG files; a notebook shows the figures in their place."""

    def _repr_html_(self) -> str:
        """Return the figures one below the other, each in the text itself."""
        return "".join(_figure(path) for path in self) or "<p>no figures</p>"


def _figure(path: Path) -> str:
    drawn = base64.b64encode(path.read_bytes()).decode()
    name = escape(path.stem)
    return f'<p><img src="data:image/png;base64,{drawn}" alt="{name}" style="max-width:100%"></p>'
