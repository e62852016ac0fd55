"""Fonts of this machine, for scripts that the bundled font lacks."""

from __future__ import annotations

import hashlib
import os
import sys
import unicodedata
from collections import Counter
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "ABSENT",
    "chosen_fonts",
    "covered",
    "digest_of",
    "fonts_here",
    "install_advice",
    "installed_fonts",
    "script_of",
]

ENDINGS = (".ttf", ".otf", ".ttc")

SECOND_CHOICE = ("mono", "serif", "ui", "text", "display", "math")
LAST_CHOICE = (
    *("italic", "oblique", "slanted", "bold", "black", "heavy", "light", "thin", "medium", "condensed", "narrow"),
    *("symbol", "stix", "emoji", "color"),
)
"""Parts of file names: upright sans serifs of ordinary weight are the most legible in a few pixels."""

USELESS = ("lastresort", "blank", "notdef")
"""Fonts that have a placeholder for everything."""

MOST_CHARACTERS, MOST_FONTS = 2000, 6
"""Different characters that fonts are chosen by, the most common ones; and fonts that are taken."""


@lru_cache(maxsize=1)
def installed_fonts() -> tuple[Path, ...]:
    """Return the font files of this machine, the most legible first; the order is the same in every process."""
    found = {
        path
        for folder in _folders()
        if folder.is_dir()
        for path in folder.rglob("*")
        if path.suffix.lower() in ENDINGS and path.is_file() and not any(word in path.stem.lower() for word in USELESS)
    }
    return tuple(sorted(found, key=lambda path: (_rank(path.stem.lower()), path.name, str(path))))


@lru_cache(maxsize=1)
def fonts_here() -> str:
    """Return a hash of this machine's font files, unread: others may be chosen where it changes."""
    stats = [(path, path.stat()) for path in installed_fonts()]
    names = "\n".join(f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in stats)
    return hashlib.sha256(names.encode(errors="surrogateescape")).hexdigest()[:16]


def digest_of(path: Path) -> str:
    """Return the start of the SHA-256 of a font file."""
    return _digest(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _digest(path: Path, changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def chosen_fonts(missing: Counter[str], fonts: Sequence[Path] | None = None) -> list[tuple[Path, str]]:
    """Choose fonts for the characters `missing`, the most common first.

    Args:
        missing: Characters with how often they occur.
        fonts: Candidates, the best first; None = those of this machine.

    Returns:
        Files, each with the characters that it is taken for.
    """
    wanted = dict(missing.most_common(MOST_CHARACTERS))
    chosen: list[tuple[Path, str]] = []
    candidates = list(installed_fonts() if fonts is None else fonts)
    while wanted and len(chosen) < MOST_FONTS:
        first = next(iter(wanted))
        path = next((path for path in candidates if covered(path, first)), None)
        if path is None:
            wanted.pop(first)
            continue
        has = covered(path, "".join(wanted))
        chosen.append((path, has))
        wanted = {character: count for character, count in wanted.items() if character not in has}
    return chosen


def covered(path: Path, characters: str) -> str:
    """Return those of `characters` that a font file has; none where Pillow cannot draw it."""
    try:
        font = ImageFont.truetype(str(path), 32, layout_engine=ImageFont.Layout.BASIC)
        absent = bytes(font.getmask(ABSENT))
        return "".join(each for each in characters if bytes(font.getmask(each)) not in (absent, b""))
    except (OSError, ValueError):
        return ""


ABSENT = "\U0001ffff"
"""No character (Unicode says so for good): a font answers with its glyph for what it lacks."""


def script_of(character: str) -> str:
    """Return the first word of a character's name, which is its script: CYRILLIC, HEBREW, CJK."""
    return unicodedata.name(character, "UNNAMED").partition(" ")[0]


def install_advice(missing: Counter[str]) -> str:
    """Return what brings fonts for the characters `missing` to this machine."""
    asian = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "KATAKANA-HIRAGANA"}
    scripts = {script_of(character) for character in missing}
    packages = [
        *(["fonts-noto-cjk"] if scripts & asian else []),
        *(["fonts-noto-core"] if scripts - asian else []),
    ]
    return f"apt install {' '.join(packages)}" if sys.platform.startswith("linux") else "install the Noto fonts"


def _rank(stem: str) -> int:
    return 2 * any(word in stem for word in LAST_CHOICE) + any(word in stem for word in SECOND_CHOICE)


def _folders() -> list[Path]:
    """Return where systems keep fonts; matplotlib brings some, too."""
    home = Path.home()
    data = os.environ.get("XDG_DATA_HOME")
    shared = [Path(folder) / "fonts" for folder in os.environ.get("XDG_DATA_DIRS", "").split(os.pathsep) if folder]
    known = {
        "linux": [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".fonts", *shared],
        "darwin": [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"],
        "win32": [
            Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts",
            home / "AppData/Local/Microsoft/Windows/Fonts",
        ],
    }
    own = Path(data) / "fonts" if data else home / ".local/share/fonts"
    spec = find_spec("matplotlib")
    bundled = [Path(spec.origin).parent / "mpl-data/fonts/ttf"] if spec is not None and spec.origin else []
    return [*known.get(sys.platform, known["linux"]), own, *bundled]
