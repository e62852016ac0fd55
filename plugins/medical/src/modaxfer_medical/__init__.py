"""Medical tasks for modaxfer."""
