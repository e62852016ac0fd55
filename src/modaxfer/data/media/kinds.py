"""What a file is, by what stands in it: names lie, and many are new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.data.media.paths import is_regular
from modaxfer.data.media.pictures import open_picture

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["kind_by_content"]

_SOUNDS = (b"RIFF", b"RIFX", b"RF64", b"FORM", b"fLaC", b"OggS", b"ID3", b"caff", b".snd")
"""First bytes of sounds. libsndfile alone would take a stray text for an MP3."""


def kind_by_content(path: Path) -> str | None:
    """Return ``image`` or ``audio`` where Pillow or libsndfile can open the file at `path`, else None."""
    if not is_regular(path):
        return None
    try:
        with path.open("rb") as stream:
            head = stream.read(12)
            stream.seek(0)
            if not head:
                return None
            if head[8:12] != b"WEBP" and (head.startswith(_SOUNDS) or _is_layer_three(head)):
                return _sound(path)
            with open_picture(stream):
                return "image"
    except Exception:  # Whatever a decoder says of a file that is none of its own.
        return None


def _sound(path: Path) -> str | None:
    import soundfile

    try:
        soundfile.info(str(path))
    except (soundfile.SoundFileError, TypeError, ValueError):
        return None
    return "audio"


def _is_layer_three(head: bytes) -> bool:
    """Tell whether an MP3 frame begins here: eleven bits set, then any version, then layer III."""
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2
