"""Ways from a task's signal to what an encoder takes.

What stands in ``__all__`` is for bridges of plugins too: what those share that learn from the training rows. How media
are read stands in `modaxfer.data`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.lazy_names import lazily

if TYPE_CHECKING:
    from modaxfer.bridges.learned import fitted, state_name, taken_over
    from modaxfer.bridges.word_cells import words_in

__all__ = ["fitted", "state_name", "taken_over", "words_in"]

_LAZY = {"learned": ("fitted", "state_name", "taken_over"), "word_cells": ("words_in",)}
__getattr__, __dir__ = lazily(__name__, globals(), _LAZY)
