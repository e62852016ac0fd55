"""A finished run on disk: its model, and what can be done with it."""
