"""Heads: logits or values from what encoders say, trained by gradient or fitted in closed form.

What stands in ``__all__`` is registered and can be saved, so that solvers of plugins may return it; a head of a
plugin's own is registered by its hook. Each name is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.lazy_names import lazily

if TYPE_CHECKING:
    from modaxfer.heads.linear import LinearHead
    from modaxfer.heads.nearest import KNearestHead
    from modaxfer.heads.reduced import CodeReducer, ReducedHead
    from modaxfer.heads.scaled import ScaledHead
    from modaxfer.heads.tip import TipHead

__all__ = ["CodeReducer", "KNearestHead", "LinearHead", "ReducedHead", "ScaledHead", "TipHead"]

_LAZY = {
    "linear": ("LinearHead",),
    "nearest": ("KNearestHead",),
    "reduced": ("CodeReducer", "ReducedHead"),
    "scaled": ("ScaledHead",),
    "tip": ("TipHead",),
}
__getattr__, __dir__ = lazily(__name__, globals(), _LAZY)
