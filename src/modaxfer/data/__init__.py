"""Rows: where they come from, how they are read, cleaned and split. Knows no encoder and no strategy.

What stands in ``__all__`` is for plugins too: what a reader of their own files needs.
"""

from modaxfer.data.cells.columns import require_columns
from modaxfer.data.layouts.folders import Tables, read_data
from modaxfer.data.origin import file_of

__all__ = ["Tables", "file_of", "read_data", "require_columns"]
