"""Every picture and sound of a column, decoded once before training: what cannot be read is known at the start."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any

from modaxfer.data.media.brightness import said_of
from modaxfer.data.media.limits import SECONDS, most_pixels, most_seconds
from modaxfer.data.media.pictures import SEVERAL, check_image
from modaxfer.data.media.sounds import LONG, SHORT, check_sound
from modaxfer.data.media.threaded import in_threads
from modaxfer.data.media.values import encoded
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["inspect_media"]


def inspect_media(
    values: Sequence[Any], kind: str, root: Path | None, notes: list[str] | None = None
) -> list[bytes | str]:
    """Decode every value once and forget it.

    Args:
        values: Media values as `read_image` takes them, none of them None.
        kind: ``image`` or ``audio``.
        root: As for `read_image`.
        notes: Filled with what a reader of the scores should know of those that can be read.

    Returns:
        For each value a digest of its encoded bytes (16 bytes), or the reason (str) why it cannot be read.
    """
    check = check_image if kind == "image" else check_sound
    most_pixels(), most_seconds()  # A bad setting is no fault of a row.

    def inspect(value: Any) -> tuple[bytes | str, Counter[str]]:
        remarks: Counter[str] = Counter()
        try:
            file = encoded(value, root)
            check(file, remarks)
            return file.digest(), remarks
        except DataError as error:
            return str(error), Counter()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of broken EXIF data and the like, which spoils no pixel.
        found = in_threads(inspect, values)
    if notes is not None:
        remarks = sum((more for _, more in found if more), Counter[str]())
        notes += _sentences(remarks, len(found))
    return [finding for finding, _ in found]


def _sentences(remarks: Counter[str], total: int) -> list[str]:
    said = []
    if count := remarks[SEVERAL]:
        said.append(f"{count} of {total} pictures are animated or have several pages; only the first of each is read")
    if count := remarks[LONG]:
        cap = f"{most_seconds():g} s"
        said.append(f"{count} of {total} sounds are longer than {cap}; nothing beyond is read ({SECONDS} raises that)")
    if count := remarks[SHORT]:
        said.append(
            f"{count} of {total} sounds end before the length that their header states; they may have been cut off"
        )
    numbers = said_of(remarks)
    return [*said, numbers] if numbers else said
