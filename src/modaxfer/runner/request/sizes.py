"""How large a task's pictures need to be: small ones are not blown up to a size that would show nothing new."""

from __future__ import annotations

from modaxfer.contracts import TaskData
from modaxfer.data.blanks import filled
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.registry import Entry
from modaxfer.spec import Field

__all__ = ["LOOKED_AT", "picture_size"]

LOOKED_AT = 32
"""Training pictures whose size is looked at."""


def picture_size(encoder: ResolvedEncoder, data: TaskData, fields: tuple[Field, ...], bridge: Entry) -> int | None:
    """Return pixels per side for an image encoder; None leaves it to the encoder.

    Only where a bridge hands a task's own pictures on does their size say anything.
    """
    if bridge.spec.source != "image" or fields[0].signal.kind != "image":
        return None
    from modaxfer.data.media import read_image

    rows = filled(data.splits["train"].select(range(min(LOOKED_AT, data.rows["train"]))).to_list(), fields)
    sides = [max(read_image(row[fields[0].name], data.root).size) for row in rows]
    return encoder.picture_size(sides)
