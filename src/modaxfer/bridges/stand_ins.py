"""Fonts of this machine that draw for the bundled one what it lacks: chosen once, kept by their digests."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ImageFont, features

from modaxfer.bridges.fonts import chosen_fonts, digest_of, installed_fonts
from modaxfer.errors import ConfigError

if TYPE_CHECKING:
    from collections import Counter

__all__ = ["StandIn", "stand_ins_for"]


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """A font file at one size, as a run keeps it."""

    file: str
    """Where it lay; another file of the same digest is as good."""
    digest: str
    size: float
    """Pixels per em."""
    baseline: int
    """Row of the baseline, in the pixels that words are drawn in."""

    def load(self, scale: int) -> ImageFont.FreeTypeFont:
        """Return the font, `scale` times as large.

        Raises:
            ConfigError: It is not on this machine.
        """
        path = next((path for path in self._candidates() if path.is_file() and digest_of(path) == self.digest), None)
        if path is None:
            raise ConfigError(
                f"the font {Path(self.file).name} is not on this machine, in which training texts were drawn",
                got=f"no font file with SHA-256 {self.digest}...",
                fix="install the same version of it where it was when the model was trained",
            )
        return ImageFont.truetype(io.BytesIO(path.read_bytes()), self.size * scale, layout_engine=_engine())

    def _candidates(self) -> list[Path]:
        own = Path(self.file)
        return [own, *(path for path in installed_fonts() if path.name == own.name)]


def stand_ins_for(missing: Counter[str], height: int, size: float, scale: int) -> list[StandIn]:
    """Return fonts of this machine for the characters `missing`, each as large as they fit a line of `height` pixels.

    Args:
        missing: Characters with how often they occur.
        height: Pixels of a line.
        size: Pixels per em of the font that they stand in for; none is larger.
        scale: How many times larger words are drawn before they are averaged down.
    """
    return [_fitted(path, characters, height, size, scale) for path, characters in chosen_fonts(missing)]


def _fitted(path: Path, characters: str, height: int, size: float, scale: int) -> StandIn:
    top, bottom = _ink(ImageFont.truetype(str(path), 1000, layout_engine=_engine()), characters)
    fitting = min(size, int(height * 1000 / max(1, bottom - top) * 10) / 10)
    top, bottom = (edge * scale * fitting / 1000 for edge in (top, bottom))
    baseline = round((scale * height - (bottom - top)) / 2 - top)
    return StandIn(file=str(path), digest=digest_of(path), size=fitting, baseline=baseline)


def _ink(font: ImageFont.FreeTypeFont, characters: str) -> tuple[float, float]:
    boxes = [font.getbbox(character, anchor="ls") for character in characters[:256]]
    return min(box[1] for box in boxes), max(box[3] for box in boxes)


def _engine() -> ImageFont.Layout:
    """Return Raqm, which shapes any script, where Pillow has it."""
    return ImageFont.Layout.RAQM if features.check("raqm") else ImageFont.Layout.BASIC
