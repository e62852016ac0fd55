"""Encoders trained before they have a task: ``modaxfer pretrain``.

What stands in ``__all__`` is for who ships weights in a plugin: the card that says how they came about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.lazy_names import lazily

if TYPE_CHECKING:
    from modaxfer.pretraining.product import card

__all__ = ["card"]

_LAZY = {"product": ("card",)}
__getattr__, __dir__ = lazily(__name__, globals(), _LAZY)
