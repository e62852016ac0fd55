"""Arrays per row that a plan wants computed from what the model says: called, and held to what they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from modaxfer.errors import RunFailedError
from modaxfer.registry import load_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modaxfer.contracts import Seen
    from modaxfer.plan import Extra

__all__ = ["compute_extra"]


def compute_extra(extra: Extra, seen: Mapping[str, Seen], stream: str, rows: int) -> torch.Tensor:
    """Return what `extra` computes for `stream`, on the CPU: ``[rows, ...]``, of any shape where rows share it.

    Args:
        extra: Of the stream.
        seen: What the model says of all streams of the phase.
        stream: Name of the one whose rows get it.
        rows: How many these are.

    Raises:
        RunFailedError: It is no tensor; or one without a value for each row, where rows do not share it.
    """
    values = load_target(extra.target)(seen, stream, **extra.options)
    if isinstance(values, torch.Tensor) and (extra.shared or (values.ndim and len(values) == rows)):
        return values.detach().cpu().contiguous()
    raise RunFailedError(
        f"extra {extra.name} is no tensor"
        if extra.shared
        else f"extra {extra.name} does not have a value for each row",
        got=f"shape {list(values.shape)}" if isinstance(values, torch.Tensor) else type(values).__name__,
        allowed="a tensor" if extra.shared else f"a tensor [{rows}, ...]",
        fix=f"correct {extra.target}",
    )
