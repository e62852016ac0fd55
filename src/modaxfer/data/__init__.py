"""Rows: where they come from, how they are read, cleaned and split. Knows no encoder and no strategy.

What stands in ``__all__`` is for plugins too: what a reader of their own files needs, and what a bridge opens pictures
and sounds with.
"""

from modaxfer.data.cells.columns import require_columns
from modaxfer.data.layouts.folders import Tables, read_data
from modaxfer.data.media import read_image, read_sound, resample
from modaxfer.data.origin import file_of

__all__ = ["Tables", "file_of", "read_data", "read_image", "read_sound", "require_columns", "resample"]
