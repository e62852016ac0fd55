"""Vision tasks for modaxfer."""
