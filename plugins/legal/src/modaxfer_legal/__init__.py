"""Legal tasks for modaxfer."""
