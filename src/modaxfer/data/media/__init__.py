"""Images and sounds from paths, bytes or text. Nothing outside the data folder is ever opened.

A picture or sound is read up to a cap, in blocks, so that neither a long file nor a bomb takes all memory (`limits`).
"""

from modaxfer.data.media.inspection import inspect_media
from modaxfer.data.media.kinds import kind_by_content
from modaxfer.data.media.paths import resolve_path
from modaxfer.data.media.pictures import read_image, read_images
from modaxfer.data.media.sounds import read_sound, read_sounds, resample
from modaxfer.data.media.threaded import in_threads

__all__ = [
    "in_threads",
    "inspect_media",
    "kind_by_content",
    "read_image",
    "read_images",
    "read_sound",
    "read_sounds",
    "resample",
    "resolve_path",
]
