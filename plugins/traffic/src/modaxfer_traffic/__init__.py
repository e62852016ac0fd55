"""Road traffic tasks for modaxfer."""
