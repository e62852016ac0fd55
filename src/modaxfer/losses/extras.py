"""Arrays per row that a plan wants computed from what the model says: called, and held to what they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from modaxfer.registry import call_target, fault

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
        PluginFaultError: It fails; it is no tensor; or one without a value for each row, where rows do not share it.
    """
    kind = f"extra {extra.name}"
    values = call_target(extra.target, seen, stream, kind=kind, **extra.options)
    if isinstance(values, torch.Tensor) and (extra.shared or (values.ndim and len(values) == rows)):
        return values.detach().cpu().contiguous()
    raise fault(
        extra.target,
        "is no tensor" if extra.shared else "does not have a value for each row",
        got=f"shape {list(values.shape)}" if isinstance(values, torch.Tensor) else type(values).__name__,
        allowed="a tensor" if extra.shared else f"a tensor [{rows}, ...]",
        kind=kind,
    )
