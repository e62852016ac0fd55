"""Language and vision tasks for modaxfer."""
