"""Sound tasks for modaxfer."""
